"""Reminders that boards end."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.db.models import Count, Min

from licensing.signage.notifications import BoardsEnd
from licensing.signage.renewals import offers
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.notifications.services import send
from shops.models import Shop
from shops.register import queries as registered

DAYTIME = range(8, 20)  # hours of Kuwait: a text message wakes nobody


def remind() -> int:
    """Tell the holders of boards that end within `reminder_days`, once for each shop and day; does nothing at night. Returns how many.

    Of several shops, one message of the day goes by e-mail and text message; the others are in the inbox.
    """
    now = clock.now().astimezone(clock.KUWAIT)
    try:
        limit = offers.window().limits.get("reminder_days")
    except Refused:
        limit = None
    if limit is None or now.hour not in DAYTIME:
        return 0
    today, last = now.date(), now.date() + dt.timedelta(days=limit.value)
    due = offers.waiting().filter(last_day__range=(today, last)).values("request__shop")
    rows = due.annotate(count=Count("pk"), until=Min("last_day")).order_by("until", "request__shop")
    told = set(
        Message.objects.filter(kind=BoardsEnd.kind, created_at__gte=clock.start_of(today - dt.timedelta(days=90))).values_list("key")
    )
    waiting = {
        row["request__shop"]: (row["count"], row["until"]) for row in rows if (_key(row["request__shop"], row["until"]),) not in told
    }
    return sweeps.for_each("licensing.remind_boards_end", waiting, partial(_remind, waiting=waiting))


def _key(shop: int, until: dt.date) -> str:
    return f"boards:{shop}:{until}"


def _remind(shop_id: int, *, waiting: dict[int, tuple[int, dt.date]]) -> bool:
    shop = Shop.objects.select_related("owner", "organisation").get(pk=shop_id)
    count, until = waiting[shop_id]
    people = registered.owners(shop)
    of_today = Message.objects.filter(kind=BoardsEnd.kind, person__in=people, created_at__gte=clock.start_of(clock.today()))
    told = set(of_today.values_list("person", flat=True))
    for person in people:
        context = {"shop": shop, "count": count, "last_day": until}
        channels = () if person.pk in told else None
        send(BoardsEnd, person=person, key=_key(shop_id, until), subject_key=shop.key, context=context, channels=channels)
    return True
