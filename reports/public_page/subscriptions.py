"""A weekly message about the reports of an area, to whoever asked for it."""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Count, Q
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Channel
from municipality.notifications.registry import MessageKind, stop_token
from municipality.notifications.services import send
from municipality.notifications.texts import Bilingual
from municipality.places.models import Area
from municipality.ui.templatetags.portal import counted
from reports.models import AreaFollow, Standing
from reports.public_page import standings
from reports.states import OPEN, ReportState

STOP = "reports.area.stop"
WEEK = dt.timedelta(days=7)
MAX_AREAS = 30  # of one person
BATCH = 500


class AreaDigest(MessageKind):
    """To those who follow the reports of areas: what was received and closed in a week. By e-mail and in the inbox only."""

    kind = "reports.area_digest"
    channels: ClassVar[tuple[Channel, ...]] = (Channel.EMAIL,)
    must_reach = False
    page = "/reports/follow/"

    def stop_path(self, public_id: str) -> str:
        return f"/reports/follow/stop/{stop_token(public_id, STOP)}"


@transaction.atomic
def follow(*, person: User, area: Area) -> AreaFollow:
    """Hear of an area once a week; idempotent. Raises Refused beyond MAX_AREAS."""
    User.objects.select_for_update().get(pk=person.pk)  # while their areas are counted
    follows = AreaFollow.objects.filter(person=person)
    known = follows.filter(area=area).first()
    if known is not None:
        return known
    if follows.count() >= MAX_AREAS:
        raise Refused("areas_too_many", _("You follow as many areas as one person can. End one of them first."))
    now = clock.now()
    return AreaFollow.objects.create(person=person, area=area, since=now, told_at=now)


@transaction.atomic
def unfollow(*, person: User, area: Area | None = None) -> int:
    """End one area of a person, or all of them. Returns how many."""
    follows = AreaFollow.objects.filter(person=person)
    return (follows if area is None else follows.filter(area=area)).delete()[0]


def tell_everybody() -> int:
    """Send the message to everybody whose last one is a week old. Returns how many were sent."""
    sent, last = 0, 0
    due = AreaFollow.objects.filter(told_at__lte=clock.now() - WEEK).order_by("person").values_list("person", flat=True).distinct()
    while people := list(due.filter(person__gt=last)[:BATCH]):
        sent += sum(tell(person) for person in people)
        last = people[-1]
    return sent


@transaction.atomic
def tell(person_pk: int) -> bool:
    """Send one person what happened in their areas since the last message, at most once a week; nothing where nothing happened."""
    person = User.objects.select_for_update().filter(pk=person_pk, is_active=True).first()
    now = clock.now()
    follows = list(AreaFollow.objects.filter(person=person_pk).select_related("area").order_by("pk"))
    if person is None or any(row.told_at > now - WEEK and row.told_at != row.since for row in follows):
        return False
    due = [row for row in follows if row.told_at <= now - WEEK]
    rows: dict[int, dict[str, int]] = {}
    for since in {row.told_at for row in due}:
        rows |= {row["area"]: row for row in _counts([row.area_id for row in due if row.told_at == since], since, now)}
    AreaFollow.objects.filter(pk__in=[row.pk for row in due]).update(told_at=now)
    areas = [(row.area, rows[row.area_id]) for row in due if row.area_id in rows]
    if not areas:
        return False
    lines = Bilingual(ar=_lines(areas, "ar"), en=_lines(areas, "en"))
    send(AreaDigest, person=person, key=f"reports-week:{now:%Y-%m-%d}", context={"lines": lines})
    return True


def _counts(areas: list[int], since: dt.datetime, now: dt.datetime) -> list[dict[str, int]]:
    """Received and closed since a time, and overdue now, of each area in which something was received or closed; however old they are."""
    changed = Q(received_at__gt=since) | Q(closed_at__gt=since)
    told = standings.counted().filter(changed | Q(state__in=OPEN), area__in=areas)
    rows: Any = told.annotate(standing=standings.of(now)).order_by().values("area")
    sums = {
        "new": Count("pk", filter=Q(received_at__gt=since)),
        "done": Count("pk", filter=Q(state=ReportState.CLOSED, closed_at__gt=since)),
        "late": Count("pk", filter=Q(standing=Standing.OVERDUE)),
        "changed": Count("pk", filter=changed),
    }
    return list(rows.annotate(**sums).filter(changed__gt=0))


def _lines(areas: list[tuple[Area, dict[str, int]]], language: str) -> str:
    with translation.override(language):
        said = gettext("%(area)s: %(count)s received; closed: %(done)d; overdue now: %(late)d")
        lines = []
        for area, row in areas:
            name = area.name_ar if language == "ar" else area.name_en
            lines.append("• " + said % {"area": name, "count": counted(row["new"], "report"), "done": row["done"], "late": row["late"]})
        return "\n".join(lines)
