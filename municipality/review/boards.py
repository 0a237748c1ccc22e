"""The state of a branch: its queue, its people, what moved up; for the supervisor."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.places.models import Branch
from municipality.review.models import Absence, Assignment, Clock, ConflictOfInterest, Override, Party, QueueEntry, Skill
from municipality.review.states import QueueEntryState

P = QueueEntryState
PACE_DAYS = 14  # days of the calendar over which work is counted
DECIDED = ("accepted", "refused")
# Codes of an assignment's end that the portal itself writes.
TAKEN = ("absent", "idle", "tied", "skill_ended", "left_office", "withdrawn", "lapsed")


def midnight(day: dt.date) -> dt.datetime:
    """The instant at which a day of Kuwait begins."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=clock.KUWAIT)


@dataclass(frozen=True)
class OfficerLine:
    officer: User
    held: int
    decided: int  # in the last fortnight
    given_back: int  # in the last fortnight
    absent: bool


@dataclass(frozen=True)
class Board:
    """What a supervisor sees of a branch."""

    branch: Branch
    counts: dict[str, int]  # by state of the place, without those that left
    oldest: QueueEntry | None
    escalated: list[Clock]  # open cases that moved up, highest level first
    stuck: list[QueueEntry]  # waiting cases that nobody present may decide
    to_sign: int
    officers: list[OfficerLine]
    overrides: list[Override]  # that wait for the second person, or for their draw


def board(branch: Branch) -> Board:
    """The state of a branch's queue and of the people who work it. At most eleven queries, whatever the number of cases."""
    inside = QueueEntry.objects.filter(branch=branch).exclude(state=P.LEFT)
    counts = dict(inside.order_by().values_list("state").annotate(Count("pk")))
    waiting = QueueEntry.objects.filter(branch=branch, state=P.WAITING)
    running = Clock.objects.filter(stopped_at__isnull=True, level__gt=0, case__place__branch=branch)
    overrides = Override.objects.filter(place__branch=branch, place__state=P.WAITING).select_related(
        "place__case", "asked_by", "allowed_by"
    )
    return Board(
        branch,
        counts,
        waiting.select_related("case").order_by("pk").first(),
        list(running.select_related("case__place").order_by("-level", "case__place__pk")[:100]),
        list(waiting.filter(~Exists(_able(branch))).select_related("case").order_by("pk")[:50]),
        counts.get(P.COUNTERSIGN, 0),
        _officers(branch),
        list(overrides.order_by("pk")),
    )


def _able(branch: Branch) -> QuerySet[Skill]:
    """Skills by which somebody of the branch, present and without a tie, may decide the outer place."""
    today = clock.today()
    parties = Party.objects.filter(case=OuterRef(OuterRef(OuterRef("case"))), key=OuterRef("party_key"))
    tied = ConflictOfInterest.objects.filter(officer=OuterRef("officer"), ended_at__isnull=True).filter(Exists(parties))
    away = Absence.objects.filter(officer=OuterRef("officer"), first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True)
    able = Skill.objects.filter(
        code=OuterRef("skill"), ended_at__isnull=True, officer__branch=branch, officer__is_active=True, officer__is_staff=True
    )
    return able.filter(~Exists(away)).filter(~Exists(tied))


def _officers(branch: Branch) -> list[OfficerLine]:
    since = midnight(clock.today() - dt.timedelta(days=PACE_DAYS))
    skilled = Skill.objects.filter(ended_at__isnull=True, officer__branch=branch).values_list("officer_id", flat=True)
    work = Assignment.objects.filter(place__branch=branch).filter(Q(ended_at__isnull=True) | Q(ended_at__gte=since))
    none: dict[str, Any] = {}
    rows = (
        work.order_by()
        .values("officer_id")
        .annotate(
            held=Count("pk", filter=Q(ended_at__isnull=True)),
            decided=Count("pk", filter=Q(end_code__in=DECIDED)),
            # Codes of the rulebook are given back, those below taken away or left by the applicant.
            given_back=Count("pk", filter=Q(ended_at__isnull=False) & ~Q(end_code__in=(*DECIDED, *TAKEN))),
        )
    )
    counted: dict[int, dict[str, Any]] = {row["officer_id"]: {**row} for row in rows}
    today = clock.today()
    absent = set(
        Absence.objects.filter(first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True).values_list("officer_id", flat=True)
    )
    return [
        OfficerLine(
            officer,
            counted.get(officer.pk, none).get("held", 0),
            counted.get(officer.pk, none).get("decided", 0),
            counted.get(officer.pk, none).get("given_back", 0),
            officer.pk in absent,
        )
        for officer in User.objects.filter(pk__in={*skilled, *counted}).order_by("pk")
    ]
