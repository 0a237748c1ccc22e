"""What works, what did not, and where deadlines stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Subquery

from municipality.cases.models import CaseEvent
from municipality.incidents.models import RELIEVING, Incident, MovedDeadline, PartCheck, PortalPart
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.ttl_cache import ttl_cache
from municipality.rulebook import queries as rulebook

LIMITS = "limits.incidents"
SHOWN = dt.timedelta(days=90)  # of closed incidents on the status page
HELD = dt.timedelta(days=1)  # a relief that failed holds nothing longer


def limits() -> dict[str, int]:
    """The values of the rulebook of today, by code. Raises Refused where it has no edition."""
    return {code: limit.value for code, limit in rulebook.edition(LIMITS, clock.today()).limits.items()}


def known_limits() -> dict[str, int] | None:
    """The same; None where the rulebook has no edition."""
    try:
        return limits()
    except Refused:
        return None


def is_relieving(incident: Incident, outage_minutes: int) -> bool:
    """Whether deadlines move because of an incident: a part without which people cannot act failed for longer than the limit."""
    long = incident.length > dt.timedelta(minutes=outage_minutes)
    return incident.part in RELIEVING and incident.withheld_at is None and long


def are_held() -> bool:
    """Whether nothing of a person may lapse now: a part is out, no check has run for a while, or deadlines are still to be moved."""
    rows = Incident.objects.filter(part__in=RELIEVING, withheld_at__isnull=True, relieved_at__isnull=True)
    now = clock.now()
    found = list(rows.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=now - HELD)))
    checked_at = PartCheck.objects.filter(part=PortalPart.PORTAL).values_list("checked_at", flat=True).first()
    values = known_limits() if found or checked_at is not None else None
    if values is None:
        return False
    is_silent = checked_at is not None and now - checked_at > dt.timedelta(minutes=values["gap_minutes"])
    return is_silent or any(row.ended_at is None or is_relieving(row, values["outage_minutes"]) for row in found)


def moved_to(kind: str, things: Collection[int]) -> dict[int, dt.date]:
    """The last day of deadlines that moved, by the primary key of the row; those that never moved are left out. None asked, no query."""
    if not things:
        return {}
    rows = MovedDeadline.objects.filter(kind=kind, thing__in=things).values("thing").annotate(last=Max("after"))
    return {row["thing"]: row["last"] for row in rows}


def as_moved(kind: str, days: dict[int, dt.date]) -> dict[int, dt.date]:
    """Last days by the primary key of the row, each as late as an incident moved it, for pages: up to a minute old.

    No query where none can have moved.
    """
    newest = last_moved_day()
    return _latest(kind, days, [thing for thing, day in days.items() if newest is not None and day < newest])


def as_moved_now(kind: str, days: dict[int, dt.date]) -> dict[int, dt.date]:
    """The same as it is now, for what is decided by it; one query."""
    return _latest(kind, days, list(days))


def _latest(kind: str, days: dict[int, dt.date], asked: Collection[int]) -> dict[int, dt.date]:
    moved = moved_to(kind, asked)
    return {thing: max(day, moved.get(thing, day)) for thing, day in days.items()}


def moved_day(kind: str, first: dt.date) -> Subquery:
    """The last day of the deadline of an outer row, where it moved to `first` or later: a subquery."""
    rows = MovedDeadline.objects.filter(kind=kind, thing=OuterRef("pk"), after__gte=first)
    return Subquery(rows.order_by("-after").values("after")[:1])


@ttl_cache(lambda: settings.NAMED_LISTS_SECONDS)
def last_moved_day() -> dt.date | None:
    """The last of all days to which deadlines moved, None if none did: whether a page must ask for its own; up to a minute old."""
    found: dt.date | None = MovedDeadline.objects.aggregate(last=Max("after"))["last"]
    return found


def may_have_moved(first: dt.date) -> bool:
    """Whether a deadline can have moved to `first` or later: for pages, up to a minute old."""
    last = last_moved_day()
    return last is not None and last >= first


def moved_about(subjects: Collection[str], since: dt.date = dt.date.min) -> list[MovedDeadline]:
    """The deadlines of subjects that moved to `since` or later, with their incidents, the first first; no query where none can have."""
    if not may_have_moved(since):
        return []
    rows = MovedDeadline.objects.filter(subject__in=subjects, after__gte=since)
    return list(rows.select_related("incident").order_by("at", "pk"))


def moved_into(kind: str, first: dt.date, last: dt.date | None = None) -> QuerySet[MovedDeadline, int]:
    """The primary keys of rows whose deadline was moved to a day of a period: a subquery."""
    rows = MovedDeadline.objects.filter(kind=kind, after__gte=first)
    return (rows if last is None else rows.filter(after__lte=last)).values_list("thing", flat=True)


def closed_meanwhile(incident: Incident) -> QuerySet[CaseEvent]:
    """Requests that ended by a deadline while an incident ran, before anything could move: staff look at each."""
    until = incident.relieved_at or incident.ended_at or clock.now()
    ends = CaseEvent.objects.filter(at__range=(incident.started_at, until), move__in=["expire", "lapse"], actor_role="system")
    return ends.select_related("subject").order_by("pk")


@dataclass(frozen=True)
class PartStatus:
    """A part now: `state` is works, fails or unknown; `since` is when it began to fail."""

    part: PortalPart
    state: str
    since: dt.datetime | None = None


def status(values: dict[str, int] | None) -> tuple[list[PartStatus], list[Incident]]:
    """Each part now, and the incidents of the last 90 days that were none of staff's finding, the newest first; two queries.

    Each incident knows as `has_moved` whether a deadline moved because of it.
    `values` are those of `known_limits`. The portal fails, too, while no check runs: its incident is written by the first check afterwards.
    """
    now = clock.now()
    shown = Incident.objects.filter(Q(ended_at__isnull=True) | Q(ended_at__gte=now - SHOWN), withheld_at__isnull=True)
    moved = Exists(MovedDeadline.objects.filter(incident=OuterRef("pk")))
    incidents: list[Incident] = list(shown.annotate(has_moved=moved).order_by("-started_at", "-pk"))
    checks = {row.part: row for row in PartCheck.objects.all()}
    failing = {row.part: row.started_at for row in incidents if row.ended_at is None}
    portal = checks.get(PortalPart.PORTAL)
    if portal is not None and values is not None and now - portal.checked_at > dt.timedelta(minutes=values["gap_minutes"]):
        failing.setdefault(PortalPart.PORTAL, portal.checked_at)
    parts = []
    for part in PortalPart:
        state = "fails" if part in failing else "works" if part in checks else "unknown"
        parts.append(PartStatus(part, state, failing.get(part)))
    return parts, incidents
