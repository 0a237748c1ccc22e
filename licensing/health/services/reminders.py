"""Reminders that a health licence ends."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Container, Iterator
from functools import partial

from django.db.models import Q, QuerySet

from licensing.health import queries, renewability, rules
from licensing.health.notifications import LicenceEnds, LicencesEnd
from licensing.health.renewability import Renewability
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence
from municipality.jobs import sweeps
from municipality.kernel import clock, money
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.rulebook import queries as rulebook
from shops.models import Shop
from shops.register import queries as shops

SUBJECT = "reminders.health"
BATCH, MOST = 500, 2000  # licences read at once, and reminders of one run
DAYTIME = range(8, 20)  # hours of Kuwait: a text message wakes nobody


def remind() -> int:
    """Send the reminder that is due of each licence, to the owner of its shop or all who sign for it. Returns how many licences.

    Who gets several gets one e-mail and text message for all of them.

    The days are rows of the rulebook. A licence whose renewal is under way or done, that is suspended or revoked, or whose shop is
    closed or licensed elsewhere, gets none. Does nothing at night, and before the rulebook has an edition of the days.
    """
    now = clock.now().astimezone(clock.KUWAIT)
    if now.hour not in DAYTIME:
        return 0
    try:
        steps = [limit.value for limit in rulebook.edition(SUBJECT, now.date()).limits.values()]
    except Refused:
        return 0
    count = 0
    for licences, several in _batches(due(now.date(), steps)):
        count += sweeps.for_each("licensing.remind", licences, partial(_remind, steps=steps, several=several))
        if count >= MOST:
            break
    return count


def due(today: dt.date, steps: list[int]) -> QuerySet[HealthLicence]:
    """The current licences in the days of a reminder that was not sent, the nearest end first; by the index `licensing_ending`."""
    condition = Q(pk__in=[])
    for first, last, step in rules.reminder_ranges(today, steps):
        unsent = Q(reminded_days__isnull=True) | Q(reminded_days__gt=step)
        condition |= Q(last_day__gte=first, last_day__lte=last) & unsent
    latest = today + dt.timedelta(days=max(steps, default=0))
    return HealthLicence.objects.filter(condition, is_current=True, last_day__gte=today, last_day__lte=latest).order_by("last_day", "pk")


def _batches(licences: QuerySet[HealthLicence]) -> Iterator[tuple[list[int], set[int]]]:
    """Primary keys of those that get a reminder, and of those among them whose holder gets several; batch by batch after the last read."""
    rows = licences.values_list("last_day", "pk", "shop_id")
    last: tuple[dt.date, int] | None = None
    while True:
        later = rows if last is None else rows.filter(Q(last_day__gt=last[0]) | Q(last_day=last[0], pk__gt=last[1]))
        batch = list(later[:BATCH])
        if not batch:
            return
        last = batch[-1][:2]
        shops_found = {shop.pk: shop for shop in Shop.objects.filter(pk__in=[shop for _, _, shop in batch])}
        found = renewability.of_shops(list(shops_found.values()))
        holders = {pk: _holder(shops_found[shop]) for _, pk, shop in batch if _gets_reminder(found[shop], pk)}
        count = Counter(holders.values())
        yield list(holders), {pk for pk, holder in holders.items() if count[holder] > 1}


def _holder(shop: Shop) -> tuple[int | None, int | None]:
    return shop.owner_id, shop.organisation_id


def _gets_reminder(row: Renewability, licence: int) -> bool:
    current = row.licence is not None and row.licence.pk == licence
    is_renewing = row.open_case is not None and row.open_case.service == RENEWAL
    return current and not is_renewing and row.is_renewable and not row.is_renewed


def _remind(pk: int, *, steps: list[int], several: Container[int]) -> bool:
    licence = HealthLicence.objects.select_for_update(of=("self",)).select_related("document").get(pk=pk)
    shop = Shop.objects.select_related("owner", "organisation").get(pk=licence.shop_id)
    days = (licence.last_day - clock.today()).days
    step = rules.due_reminder(days, steps, licence.reminded_days)
    state = renewability.of_shops([shop])[shop.pk]
    if step is None or not _gets_reminder(state, pk):
        return False
    late = queries.late_surcharge(licence.last_day)
    context = {
        "shop": shop,
        "licence": licence,
        "last_day": licence.last_day,
        "days": days,
        "surcharge": money.to_display(late.fils) if late is not None else "",
        "is_stopped": not state.can_renew,
        "fee": _fee(licence, state),
    }
    channels = () if pk in several else None
    for person in shops.owners(shop):
        send(LicenceEnds, person=person, key=f"licence:{pk}:{step}", subject_key=shop.key, context=context, channels=channels)
        if pk in several:  # the nearest end comes first
            send(LicencesEnd, person=person, key=f"licences:{clock.today()}", context={"last_day": licence.last_day})
    HealthLicence.objects.filter(pk=pk).update(reminded_days=step)
    return True


def _fee(licence: HealthLicence, state: Renewability) -> str:
    """What the renewal costs today, in dinars, where it needs no more than a confirmation; else empty."""
    if not rules.may_renew(state.conditions):
        return ""
    (fees, limits) = rulebook.editions(["fees.health", "limits.health"], clock.today())
    years = rules.years_to_cover(licence.last_day, limits.limits["validity_years"].value, clock.today())
    return money.to_display(sum(line.fils for line in queries.fee_lines(fees, years)))
