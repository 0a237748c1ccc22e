"""Organisations as subjects of delegations: who signs for them, and their names."""

from __future__ import annotations

from collections.abc import Sequence

from municipality.accounts.models import Organisation, User
from municipality.accounts.queries import organisations_signed_by, signatories_of
from municipality.delegation.registry import Held, Ownership
from municipality.kernel.subjects import SubjectKey


def holding(person: User, public_id: str) -> Held | None:
    """The holding of a person who signs for the organisation today, else None."""
    organisation = organisations_signed_by(person).filter(public_id=public_id).first()
    return Held(organisation) if organisation is not None else None


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
