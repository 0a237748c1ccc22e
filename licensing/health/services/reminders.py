"""Reminders that a health licence ends."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import partial

from django.db.models import Q, QuerySet

from licensing.health import queries, renewability, rules
from licensing.health.notifications import LicenceEnds
from licensing.health.renewability import Renewability
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
    for licences in _batches(due(now.date(), steps)):
        count += sweeps.for_each("licensing.remind", licences, partial(_remind, steps=steps))
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


def _batches(licences: QuerySet[HealthLicence]) -> Iterator[list[int]]:
    """Primary keys of those that get a reminder, read batch by batch after the last one read."""
    rows = licences.values_list("last_day", "pk", "shop_id")
    last: tuple[dt.date, int] | None = None
    while True:
        later = rows if last is None else rows.filter(Q(last_day__gt=last[0]) | Q(last_day=last[0], pk__gt=last[1]))
        batch = list(later[:BATCH])
        if not batch:
            return
        last = batch[-1][:2]
        found = renewability.of_shops(list(Shop.objects.filter(pk__in=[shop for _, _, shop in batch])))
        yield [pk for _, pk, shop in batch if _gets_reminder(found[shop], pk)]


def _gets_reminder(row: Renewability, licence: int) -> bool:
    current = row.licence is not None and row.licence.pk == licence
    return current and row.open_case is None and row.is_renewable and not row.is_renewed


def _remind(pk: int, *, steps: list[int]) -> bool:
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
    }
    for person in shops.owners(shop):
        send(LicenceEnds, person=person, key=f"licence:{pk}:{step}", subject_key=shop.key, context=context)
    HealthLicence.objects.filter(pk=pk).update(reminded_days=step)
    return True
