"""How often a party was reported for the same offence before, which raises a settlement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from municipality.accounts.models import User
from municipality.rulebook.queries import Offence
from shops.models import Shop
from shops.register import queries as shops
from violations import queries
from violations.models import Violation
from violations.states import ViolationState

V = ViolationState


def repeats(*, offence: str, before: dt.datetime, days: int, shop: Shop | None, party: User | None, digest: str) -> int:
    """How many violation reports for the same offence the party had in the `days` before an instant, without annulled ones.

    The party is who is named by a civil number, else the holder of the shop.
    """
    if not days:
        return 0
    since = before - dt.timedelta(days=days)
    rows = _counted().filter(_of_party(shop, party, digest, before), offence=offence, seen_at__gte=since, seen_at__lt=before)
    return rows.count()


def repeats_at(shop: Shop, offences: Iterable[Offence], before: dt.datetime) -> dict[str, int]:
    """`repeats` of each offence for the holder of a shop, by code."""
    longest = max((offence.repeat_days for offence in offences), default=0)
    rows = _counted().filter(_of_holder(shop, before), seen_at__gte=before - dt.timedelta(days=longest), seen_at__lt=before)
    seen: dict[str, list[dt.datetime]] = {}
    for code, seen_at in rows.values_list("offence", "seen_at"):
        seen.setdefault(code, []).append(seen_at)
    return {
        offence.code: sum(seen_at >= before - dt.timedelta(days=offence.repeat_days) for seen_at in seen.get(offence.code, ()))
        for offence in offences
    }


def _counted() -> QuerySet[Violation]:
    """Violation reports that count as a repetition."""
    return Violation.objects.filter(number__isnull=False).exclude(state__in=[V.ANNULLED, V.ACQUITTED])


def _of_party(shop: Shop | None, party: User | None, digest: str, before: dt.datetime) -> Q:
    found = Q(pk=None)
    if party is not None:
        found |= Q(party=party)
    if digest:
        found |= Q(party_digest=digest)
    if shop is not None and queries.is_holder_named(shop, party.pk if party is not None else None, digest):
        found |= _of_holder(shop, before)
    return found


def _of_holder(shop: Shop, before: dt.datetime) -> Q:
    """Those against the holder of a shop since it last passed to another one, also at an entry of theirs that was merged into it."""
    owner = Q(shop__owner=shop.owner_id) if shop.owner_id is not None else Q(shop__owner__isnull=True)
    company = Q(shop__organisation=shop.organisation_id) if shop.organisation_id is not None else Q(shop__organisation__isnull=True)
    found = queries.OF_HOLDER & (Q(shop=shop) | (Q(shop__merged_into=shop) & owner & company))
    since = shops.passed_at(shop, before)
    return found if since is None else found & Q(seen_at__gte=since)
