"""Whom the file of a batch for the court names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Q

from municipality.accounts.models import Signatory, User
from municipality.kernel import clock
from shops.models import RegisterChange
from violations.models import ReferralBatch, Violation


def people_in(batch: ReferralBatch) -> list[tuple[str, str]]:
    """The key of each person whom the file of a batch names, with the key of their violation; the same few queries for any number.

    The file never changes: they are the party, or else who held the shop when the batch was made, and of an organisation who signed
    for it on that day.
    """
    rows = list(Violation.objects.filter(referral__batch=batch).select_related("party", "shop__owner", "shop__organisation").order_by("pk"))
    parties, holders = _parties(rows), _holders(rows, batch)
    signed = _signed(holders.values(), batch)
    found = []
    for row in rows:
        key = parties.get(row.pk) or holders.get(row.pk, "")
        found += [(person, row.key) for person in signed.get(key, [key] if key.startswith(("person:", "staff:")) else [])]
    return found


def _parties(rows: Sequence[Violation]) -> dict[int, str]:
    digests = {row.party_digest for row in rows if row.party is None and row.party_digest}
    known = {user.civil_id_digest: user.key for user in User.objects.people().filter(civil_id_digest__in=digests)}
    keys = {row.pk: row.party.key if row.party is not None else known.get(row.party_digest, "") for row in rows}
    return {pk: key for pk, key in keys.items() if key}


def _holders(rows: Sequence[Violation], batch: ReferralBatch) -> dict[int, str]:
    """Primary key of a violation → key of the person or organisation that held its shop when a batch was made."""
    shops = {row.shop_id for row in rows if row.shop_id is not None}
    changes = RegisterChange.objects.filter(shop__in=shops, name="owner", at__gt=batch.made_at).order_by("-pk")
    before = {change.shop_id: str(change.before["holder"]) for change in changes}  # the first change after it is read last
    found = {}
    for row in rows:
        if row.shop is not None:
            owner, organisation = row.shop.owner, row.shop.organisation
            now = owner.key if owner is not None else f"organisation:{organisation.public_id}" if organisation is not None else ""
            found[row.pk] = before.get(row.shop.pk, now)
    return found


def _signed(holders: Iterable[str], batch: ReferralBatch) -> dict[str, list[str]]:
    """Key of an organisation → keys of those who signed for it on the day of a batch."""
    numbers = [key.partition(":")[2] for key in set(holders) if key.startswith("organisation:")]
    day = clock.day_of(batch.made_at)
    rows = Signatory.objects.filter(Q(last_day__isnull=True) | Q(last_day__gte=day), first_day__lte=day)
    rows = rows.filter(organisation__public_id__in=numbers).select_related("organisation", "person")
    found: dict[str, list[str]] = {f"organisation:{number}": [] for number in numbers}
    for row in rows.order_by("pk"):
        found[f"organisation:{row.organisation.public_id}"].append(row.person.key)
    return found
