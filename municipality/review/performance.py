"""How cases were decided, by unit and kind: times, lateness, rounds, reopenings and refusals set aside. Everything from the ledger."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, QuerySet

from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.cases.models import CaseEvent
from municipality.cases.timeline import TIMELINES
from municipality.kernel import clock
from municipality.kernel.workflow import WORKFLOWS
from municipality.places.models import Branch
from municipality.review import queries, study_times
from municipality.review.boards import DECIDED, midnight
from municipality.review.models import CorrectionRound, QueueEntry
from municipality.review.states import QueueEntryState
from municipality.review.study_times import DAYS, StudyTime
from municipality.rulebook import queries as rulebook
from municipality.ui.texts import Text

LEAST = 5  # smaller counts are hidden in exports
RATES = ("late", "rounds", "reopened", "overturned")
BACK = ("return", "reopen")  # a proposal that went back to its officer or to the queue


@dataclass(frozen=True)
class Decided:
    """One decided case. `overturned`: refused, and opened again by an appeal."""

    entry: int
    time: StudyTime
    late: bool
    rounds: bool
    reopened: bool
    refused: bool
    overturned: bool


@dataclass
class UnitFigures:
    """The decided cases of one unit and kind."""

    branch: Branch
    service: str
    name: Text
    cases: list[Decided] = field(default_factory=list)

    @property
    def decided(self) -> int:
        return len(self.cases)

    @property
    def refused(self) -> int:
        return sum(case.refused for case in self.cases)

    @property
    def half(self) -> float:
        """Within how many working days half of the decisions came."""
        return study_times.half([case.time for case in self.cases])

    @property
    def ninety(self) -> float:
        """Within how many working days nine of ten decisions came."""
        return study_times.ninety([case.time for case in self.cases])

    def count(self, rate: str) -> int:
        return sum(getattr(case, rate) for case in self.cases)

    def base(self, rate: str) -> int:
        """The number of cases of which a rate counts some: refusals, of those that were set aside; else all."""
        return self.refused if rate == "overturned" else self.decided


def visible_to(user: User) -> QuerySet[QueueEntry]:
    """The queue entries whose figures a member of staff reads: those of their branch for a supervisor, all for an auditor."""
    if has_role(user, "auditor"):
        return QueueEntry.objects.all()
    return QueueEntry.objects.filter(branch=user.branch_id) if queries.is_supervisor(user) else QueueEntry.objects.none()


def decided_entries(user: User) -> QuerySet[QueueEntry]:
    """The cases that were accepted or refused in the last days, with their marks."""
    again = sorted({move.name for table in WORKFLOWS.values() for move in table.moves.values() if move.reopens})
    events = CaseEvent.objects.filter(subject=OuterRef("case"))
    since = midnight(clock.today() - dt.timedelta(days=DAYS))
    rows = visible_to(user).filter(state=QueueEntryState.LEFT, last_event__reason__in=DECIDED, last_event__at__gte=since)
    return rows.filter(case__clock__isnull=False, case__service__in=list(TIMELINES)).annotate(
        with_rounds=Exists(CorrectionRound.objects.filter(case=OuterRef("case"))),
        went_back=Exists(events.filter(move__in=BACK)),
        set_aside=Exists(events.filter(move__in=again)),
    )


def lines(user: User) -> list[UnitFigures]:
    """The figures of each unit and kind that the user reads; three queries."""
    branches = Branch.objects.in_bulk()
    found: dict[tuple[str, str], UnitFigures] = {}
    columns = ("pk", "branch_id", "case__service", "last_event__at", "last_event__reason")
    of_clock = study_times.clock_values("case")
    marks = ("with_rounds", "went_back", "set_aside")
    rows = decided_entries(user).order_by("branch_id", "case__service", "pk").values_list(*columns, *marks, *of_clock)
    calendar = rulebook.calendar()
    for pk, branch, service, left, reason, with_rounds, went_back, set_aside, *clock_fields in rows:
        line = found.setdefault((branch, service), UnitFigures(branches[branch], service, TIMELINES[service].name))
        time = study_times.study_time(calendar, left, clock_fields)
        is_refused = reason == "refused"
        line.cases.append(Decided(pk, time, time.is_late, with_rounds, went_back, is_refused, is_refused and set_aside))
    return list(found.values())


def cases_of(user: User, *, branch: str, service: str, rate: str = "") -> tuple[UnitFigures | None, list[Decided]]:
    """The unit and kind of one bar, None where the user reads none, and the cases behind it, the newest first.

    `rate` names those that it counts.
    """
    line = next((line for line in lines(user) if (line.branch.pk, line.service) == (branch, service)), None)
    counted = [case for case in line.cases if not rate or getattr(case, rate)] if line is not None else []
    return line, sorted(counted, key=lambda case: -case.entry)


def hidden(count: int) -> str:
    """A count for an export; a small one is not given."""
    return str(count) if count == 0 or count >= LEAST else f"<{LEAST}"
