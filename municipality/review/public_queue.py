"""The figures of the public page of the queue, computed from its events."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q

from municipality.cases.catalogue import CATALOGUE
from municipality.cases.timeline import TIMELINES
from municipality.kernel import clock, worktime
from municipality.kernel.errors import Refused
from municipality.kernel.ttl_cache import ttl_cache
from municipality.places.models import Branch
from municipality.review import study_times
from municipality.review.boards import DECIDED, PACE_DAYS, midnight
from municipality.review.models import QueueEntry, QueueEntryEvent
from municipality.review.out_of_turn import PublishedOverride, published_overrides
from municipality.review.registry import REVIEWABLES, Reviewable
from municipality.review.states import QueueEntryState
from municipality.review.study_times import MIN_DECISIONS, StudyTime
from municipality.rulebook import queries as rulebook

FIGURE_DAYS = study_times.DAYS  # for which promised and real times are compared
MAX_OVERRIDES = 10_000  # that are counted; the page lists the newest
ROUND_DAYS = 90  # calendar days of which the rounds of corrections are counted


@dataclass(frozen=True)
class QueueLine:
    """The queue of one branch and skill: waiting cases, promised and real processing times."""

    branch: Branch
    services: list[Any]  # names, in the active language when they are shown
    waiting: int
    oldest_since: dt.datetime | None
    pace_per_day: float  # decisions in a working day, over PACE_DAYS
    promises: list[tuple[Any, int]]  # name of each service with its promise in working days
    decided: int  # over FIGURE_DAYS
    half_days: int | None  # median of whole working days, without pauses
    in_time_percent: int | None
    overrides: int  # of all times

    @property
    def promise_days(self) -> int | None:
        """The promise in working days where all services give the same one."""
        days = {days for _name, days in self.promises}
        return days.pop() if len(days) == 1 else None


@dataclass(frozen=True)
class BranchQueue:
    """The queues of one branch, one for each skill."""

    branch: Branch
    lines: list[QueueLine]

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.lines)

    @property
    def oldest_since(self) -> dt.datetime | None:
        return min((line.oldest_since for line in self.lines if line.oldest_since), default=None)


@dataclass(frozen=True)
class RoundsLine:
    """The requests of a service that were decided over ROUND_DAYS, by their rounds of corrections; None for fewer than MIN_DECISIONS."""

    services: list[Any]  # names, in the active language when they are shown
    none: int | None
    one: int | None
    more: int | None
    countersigned: int | None  # with a round about what could have been asked for before


@dataclass(frozen=True)
class PublicQueue:
    """The content of the page."""

    at: dt.datetime
    lines: list[QueueLine]
    overrides: list[PublishedOverride]
    reasons: list[tuple[Any, int]] = field(default_factory=list)  # with the number of overrides
    rounds: list[RoundsLine] = field(default_factory=list)

    @property
    def branches(self) -> list[BranchQueue]:
        """The branches in the order of their codes."""
        return [BranchQueue(branch, list(lines)) for branch, lines in groupby(self.lines, key=lambda line: line.branch)]

    @property
    def busy_branches(self) -> list[BranchQueue]:
        return [branch for branch in self.branches if branch.waiting]

    @property
    def idle_branches(self) -> list[BranchQueue]:
        return [branch for branch in self.branches if not branch.waiting]

    @property
    def waiting(self) -> int:
        return sum(line.waiting for line in self.lines)

    @property
    def oldest_since(self) -> dt.datetime | None:
        return min((line.oldest_since for line in self.lines if line.oldest_since), default=None)

    @property
    def pace_per_day(self) -> float:
        return sum(line.pace_per_day for line in self.lines)


def compute(now: dt.datetime) -> PublicQueue:
    """Compute the page: five queries, and one for each service with overrides."""
    overrides = published_overrides(limit=MAX_OVERRIDES)
    waiting = {
        (row["branch_id"], row["skill"]): row
        for row in QueueEntry.objects.filter(state=QueueEntryState.WAITING)
        .order_by()
        .values("branch_id", "skill")
        .annotate(many=Count("pk"), oldest=Min("joined_at"))
    }
    decided = _decided_cases(now)
    override_counts: dict[tuple[str, str], int] = {}
    for override in overrides:
        key = (override.branch.pk, override.skill)
        override_counts[key] = override_counts.get(key, 0) + 1
    skills = sorted({entry.skill for entry in REVIEWABLES.values()} | {skill for _branch, skill in waiting})
    today = clock.day_of(now)
    promises = {skill: list(_promises(skill, today)) for skill in skills}
    first = today - dt.timedelta(days=PACE_DAYS)
    days = worktime.working_days_between(rulebook.calendar(), first, today)
    lines = [
        _line(branch, skill, waiting.get(key), decided.get(key, []), override_counts.get(key, 0), promises[skill], midnight(first), days)
        for branch in Branch.objects.order_by("pk")
        for skill in skills
        for key in [(branch.pk, skill)]
    ]
    by_reason: dict[str, tuple[Any, int]] = {}
    for override in overrides:
        code = override.reason.code if override.reason else ""
        by_reason[code] = (override.reason, by_reason.get(code, (None, 0))[1] + 1)
    return PublicQueue(now, lines, overrides, sorted(by_reason.values(), key=lambda pair: -pair[1]), _rounds(now))


@ttl_cache(lambda: settings.PUBLIC_QUEUE_SECONDS)
def published() -> PublicQueue:
    """The page, cached for PUBLIC_QUEUE_SECONDS."""
    return compute(clock.now())


@dataclass(frozen=True)
class _DecidedCase:
    """One decision: when, and how long it took."""

    at: dt.datetime
    time: StudyTime


def _decided_cases(now: dt.datetime) -> dict[tuple[str, str], list[_DecidedCase]]:
    """The decisions of FIGURE_DAYS by branch and skill."""
    columns = ("subject__branch_id", "subject__skill", "at")
    rows = study_times.decisions(now).values_list(*columns, *study_times.clock_values("subject__case"))
    result: dict[tuple[str, str], list[_DecidedCase]] = {}
    calendar = rulebook.calendar()
    for branch, skill, at, *of_clock in rows:
        time = study_times.study_time(calendar, at, of_clock)
        result.setdefault((branch, skill), []).append(_DecidedCase(at, time))
    return result


def _rounds(now: dt.datetime) -> list[RoundsLine]:
    """One line a service that officers decide. No total stands beside hidden numbers: they could be computed from it."""
    since = midnight(clock.day_of(now) - dt.timedelta(days=ROUND_DAYS))
    decided = QueueEntryEvent.objects.filter(move="leave", reason__in=DECIDED, at__gte=since)
    rounds = Count("subject__case__rounds")
    old = Count("subject__case__rounds", filter=Q(subject__case__rounds__raises_old=True))
    rows = decided.order_by().values("pk").annotate(rounds=rounds, old=old).values_list("subject__case__service", "rounds", "old")
    counts: dict[str, Counter[str]] = {service: Counter() for service in REVIEWABLES}
    for service, number, of_old in rows:
        of_service = counts.setdefault(service, Counter())
        of_service[("none", "one", "more")[min(number, 2)]] += 1
        of_service["countersigned"] += bool(of_old)
    shown = ("none", "one", "more", "countersigned")
    return [
        RoundsLine(list(names), **{name: found[name] if found[name] >= MIN_DECISIONS else None for name in shown})
        for service, found in counts.items()
        if (names := [entry.name for entry in CATALOGUE.values() if entry.workflow == service] or _title(service))
    ]


def _title(service: str) -> list[Any]:
    """The name of a service that is no entry of the catalogue, as its case pages call it."""
    return [TIMELINES[service].name] if service in TIMELINES and TIMELINES[service].name else []


def _line(
    branch: Branch,
    skill: str,
    waiting: Any,
    cases: list[_DecidedCase],
    overrides: int,
    promises: list[tuple[Any, int]],
    fortnight: dt.datetime,
    days: int,
) -> QueueLine:
    """`days` working days have passed since `fortnight`."""
    has_figures, times = len(cases) >= MIN_DECISIONS, [case.time for case in cases]
    return QueueLine(
        branch,
        [name for name, _service in _services(skill) if name],
        waiting["many"] if waiting else 0,
        waiting["oldest"] if waiting else None,
        round(sum(case.at >= fortnight for case in cases) / days, 1) if days else 0.0,
        promises,
        len(cases),
        study_times.whole_days(study_times.half(times)) if has_figures else None,
        round(100 * sum(not time.is_late for time in times) / len(times)) if has_figures else None,
        overrides,
    )


def _services(skill: str) -> Iterator[tuple[Any, Reviewable]]:
    """The services with this skill and their names: as in the catalogue, else as on the page of a request, else empty."""
    names = {entry.workflow: entry.name for entry in CATALOGUE.values()}
    for workflow, service in REVIEWABLES.items():
        if service.skill == skill:
            yield names.get(workflow) or (TIMELINES[workflow].name if workflow in TIMELINES else ""), service


def _promises(skill: str, today: dt.date) -> Iterator[tuple[Any, int]]:
    """The promised working days of each service with a skill; without those of which no edition is in force."""
    for name, service in _services(skill):
        try:
            yield name, rulebook.edition(service.limits, today).limits["promise_working_days"].value
        except Refused as refusal:
            if refusal.code != "no_edition":
                raise
