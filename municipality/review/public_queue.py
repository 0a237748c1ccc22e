"""What everybody may read of the queue: numbers of each branch, no case and no name. Worked out from the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from django.conf import settings
from django.db.models import Count, Min

from municipality.cases.catalogue import CATALOGUE
from municipality.kernel import clock, worktime
from municipality.kernel.errors import Refused
from municipality.kernel.ttl_cache import ttl_cache
from municipality.places.models import Branch
from municipality.review.boards import DECIDED, PACE_DAYS, midnight
from municipality.review.models import QueueEntry, QueueEntryEvent
from municipality.review.queries import PublishedOverride, overrides_published
from municipality.review.registry import REVIEWABLES
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook

REALITY_DAYS = 30  # days of the calendar over which what was promised is compared with what happened
MOST_OVERRIDES = 10_000  # that are counted; the page lists the newest
LEAST = 5  # decisions without which there is no figure


@dataclass(frozen=True)
class QueueLine:
    """The queue of one branch for one field: which services it holds, what waits, and how promise and reality stand."""

    branch: Branch
    services: list[Any]  # names, in the active language when they are shown
    waiting: int
    oldest_since: dt.datetime | None
    pace_per_day: float  # decided in a working day, of the last fortnight
    promise_days: int | None  # working days
    decided: int  # in the last thirty days
    half_days: float | None  # working days after which half of them were decided, without the time of the applicant
    in_time_percent: int | None
    overrides: int  # taken before their turn, ever


@dataclass(frozen=True)
class PublicQueue:
    """The page as it stands at one instant."""

    at: dt.datetime
    lines: list[QueueLine]
    overrides: list[PublishedOverride]
    reasons: list[tuple[Any, int]] = field(default_factory=list)  # each coded reason with its number of overrides


def worked_out(now: dt.datetime) -> PublicQueue:
    """The numbers of now. Four queries, and one for the rulebook's words of each kind of case that was taken before its turn."""
    overrides = overrides_published(limit=MOST_OVERRIDES)
    waiting = {
        (row["branch_id"], row["skill"]): row
        for row in QueueEntry.objects.filter(state=QueueEntryState.WAITING)
        .order_by()
        .values("branch_id", "skill")
        .annotate(many=Count("pk"), oldest=Min("joined_at"))
    }
    done = _decided(now)
    taken: dict[tuple[str, str], int] = {}
    for override in overrides:
        key = (override.branch.pk, override.skill)
        taken[key] = taken.get(key, 0) + 1
    skills = sorted({entry.skill for entry in REVIEWABLES.values()} | {skill for _branch, skill in waiting})
    today = clock.day_of(now)
    promises = {skill: _promise(skill, today) for skill in skills}
    first = today - dt.timedelta(days=PACE_DAYS)
    days = worktime.working_days_between(rulebook.calendar(), first, today)
    lines = [
        _line(branch, skill, waiting.get(key), done.get(key, []), taken.get(key, 0), promises[skill], midnight(first), days)
        for branch in Branch.objects.order_by("pk")
        for skill in skills
        for key in [(branch.pk, skill)]
    ]
    counted: dict[str, tuple[Any, int]] = {}
    for override in overrides:
        code = override.reason.code if override.reason else ""
        counted[code] = (override.reason, counted.get(code, (None, 0))[1] + 1)
    return PublicQueue(now, lines, overrides, sorted(counted.values(), key=lambda pair: -pair[1]))


@ttl_cache(lambda: settings.PUBLIC_QUEUE_SECONDS)
def published() -> PublicQueue:
    """The numbers, at most PUBLIC_QUEUE_SECONDS old."""
    return worked_out(clock.now())


@dataclass(frozen=True)
class _Done:
    """One decision: when, and how much of its promise was used (working minutes)."""

    at: dt.datetime
    used: int
    promised: int
    minutes_a_day: float


def _decided(now: dt.datetime) -> dict[tuple[str, str], list[_Done]]:
    """The decisions of the last thirty days by branch and field."""
    since = midnight(clock.day_of(now) - dt.timedelta(days=REALITY_DAYS))
    rows = QueueEntryEvent.objects.filter(move="leave", reason__in=DECIDED, at__gte=since, subject__case__clock__isnull=False).values_list(
        "subject__branch_id",
        "subject__skill",
        "at",
        *(f"subject__case__clock__{name}" for name in ("started_at", "paused_minutes", "promised_minutes", "promised_days")),
    )
    calendar = rulebook.calendar() if rows else None
    found: dict[tuple[str, str], list[_Done]] = {}
    for branch, skill, at, started, paused, promised, days in rows:
        used = worktime.working_minutes_between(calendar, started, at) - paused if calendar else 0
        found.setdefault((branch, skill), []).append(_Done(at, max(0, used), promised, promised / days if days else 0))
    return found


def _line(
    branch: Branch,
    skill: str,
    waiting: Any,
    done: list[_Done],
    overrides: int,
    promise: int | None,
    fortnight: dt.datetime,
    days: int,
) -> QueueLine:
    """`days` working days have passed since `fortnight`."""
    enough = len(done) >= LEAST
    half = median(one.used / one.minutes_a_day for one in done if one.minutes_a_day) if enough else None
    return QueueLine(
        branch,
        list(_services(skill)),
        waiting["many"] if waiting else 0,
        waiting["oldest"] if waiting else None,
        round(sum(one.at >= fortnight for one in done) / days, 1) if days else 0.0,
        promise,
        len(done),
        round(half, 1) if half is not None else None,
        round(100 * sum(one.used <= one.promised for one in done) / len(done)) if enough else None,
        overrides,
    )


def _services(skill: str) -> Iterable[Any]:
    """The names of the services whose cases this field decides."""
    for entry in CATALOGUE.values():
        if entry.workflow in REVIEWABLES and REVIEWABLES[entry.workflow].skill == skill:
            yield entry.name


def _promise(skill: str, today: dt.date) -> int | None:
    """Working days that the rulebook promises for a study; None while it has no edition in force."""
    entry = next((one for one in REVIEWABLES.values() if one.skill == skill), None)
    if entry is None:
        return None
    try:
        return rulebook.edition(entry.limits, today).limits["promise_working_days"].value
    except Refused as silence:
        if silence.code != "no_edition":
            raise
        return None
