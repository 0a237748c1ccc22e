"""Organisations as subjects of delegations: who signs for them, and their names."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from municipality.accounts.models import Organisation, User
from municipality.accounts.queries import signatories_of, signatures_of
from municipality.delegation.registry import Held, Ownership
from municipality.kernel.subjects import SubjectKey


def holdings(pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], Held]:
    """How people hold organisations: those (primary key, public id) of `pairs` who sign for them today."""
    signed = signatures_of({person for person, _public_id in pairs}).filter(organisation__public_id__in={one for _person, one in pairs})
    held = {(row.person_id, row.organisation.public_id): Held(row.organisation) for row in signed.select_related("organisation")}
    return {pair: held[pair] for pair in pairs if pair in held}


def names(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    ids = [key.partition(":")[2] for key in keys if key.startswith("organisation:")]
    rows = Organisation.objects.filter(public_id__in=ids) if ids else ()
    return {f"organisation:{row.public_id}": (row.name_ar, row.name_en) for row in rows}


def key_of(organisation: Organisation) -> str:
    """The subject key of an organisation, as delegations name it."""
    return str(SubjectKey("organisation", organisation.public_id))


def ownership(organisation: Organisation, user: User) -> Ownership:
    """An organisation belongs to the people who sign for it today."""
    owners = {person.pk for person in signatories_of(organisation)}
    return Ownership(user.pk in owners, owners, [key_of(organisation)])
