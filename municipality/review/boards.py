"""The state of a branch for its supervisor: queue, officers, escalations."""

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

PACE_DAYS = 14  # calendar days
DECIDED = ("accepted", "refused")
# Codes with which the portal ends an assignment.
SYSTEM_END_CODES = ("absent", "idle", "tied", "skill_ended", "left_office", "withdrawn", "lapsed")


def midnight(day: dt.date) -> dt.datetime:
    """The start of a day in Kuwait."""
    return dt.datetime.combine(day, dt.time.min, tzinfo=clock.KUWAIT)


@dataclass(frozen=True)
class OfficerLine:
    officer: User
    held: int
    decided: int  # over PACE_DAYS
    given_back: int  # over PACE_DAYS
    absent: bool


@dataclass(frozen=True)
class Board:
    branch: Branch
    counts: dict[str, int]  # by state, without LEFT
    oldest: QueueEntry | None
    escalated: list[Clock]  # escalated open cases, highest level first
    stuck: list[QueueEntry]  # waiting cases that no present officer may decide
    to_sign: int
    officers: list[OfficerLine]
    overrides: list[Override]  # not allowed or not assigned yet


def board(branch: Branch) -> Board:
    """The board of a branch, by at most eleven queries."""
    entries = QueueEntry.objects.filter(branch=branch).exclude(state=QueueEntryState.LEFT)
    counts = dict(entries.order_by().values_list("state").annotate(Count("pk")))
    waiting = QueueEntry.objects.filter(branch=branch, state=QueueEntryState.WAITING)
    running = Clock.objects.filter(stopped_at__isnull=True, level__gt=0, case__place__branch=branch)
    overrides = Override.objects.filter(place__branch=branch, place__state=QueueEntryState.WAITING).select_related(
        "place__case", "asked_by", "allowed_by"
    )
    return Board(
        branch,
        counts,
        waiting.select_related("case").order_by("pk").first(),
        list(running.select_related("case__place").order_by("-level", "case__place__pk")[:100]),
        list(waiting.filter(~Exists(_available_skills(branch))).select_related("case").order_by("pk")[:50]),
        counts.get(QueueEntryState.COUNTERSIGN, 0),
        _officers(branch),
        list(overrides.order_by("pk")),
    )


def _available_skills(branch: Branch) -> QuerySet[Skill]:
    """Skills of present officers of the branch, without a conflict of interest, for the entry of the outer query."""
    today = clock.today()
    parties = Party.objects.filter(case=OuterRef(OuterRef(OuterRef("case"))), key=OuterRef("party_key"))
    conflicts = ConflictOfInterest.objects.filter(officer=OuterRef("officer"), ended_at__isnull=True).filter(Exists(parties))
    absences = Absence.objects.filter(officer=OuterRef("officer"), first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True)
    skills = Skill.objects.filter(
        code=OuterRef("skill"), ended_at__isnull=True, officer__branch=branch, officer__is_active=True, officer__is_staff=True
    )
    return skills.filter(~Exists(absences)).filter(~Exists(conflicts))


def _officers(branch: Branch) -> list[OfficerLine]:
    since = midnight(clock.today() - dt.timedelta(days=PACE_DAYS))
    skilled = Skill.objects.filter(ended_at__isnull=True, officer__branch=branch).values_list("officer_id", flat=True)
    work = Assignment.objects.filter(place__branch=branch).filter(Q(ended_at__isnull=True) | Q(ended_at__gte=since))
    no_counts: dict[str, Any] = {}
    rows = (
        work.order_by()
        .values("officer_id")
        .annotate(
            held=Count("pk", filter=Q(ended_at__isnull=True)),
            decided=Count("pk", filter=Q(end_code__in=DECIDED)),
            # The other codes are those of the rulebook for giving a case back.
            given_back=Count("pk", filter=Q(ended_at__isnull=False) & ~Q(end_code__in=(*DECIDED, *SYSTEM_END_CODES))),
        )
    )
    counts: dict[int, dict[str, Any]] = {row["officer_id"]: {**row} for row in rows}
    today = clock.today()
    absent = set(
        Absence.objects.filter(first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True).values_list("officer_id", flat=True)
    )
    return [
        OfficerLine(
            officer,
            counts.get(officer.pk, no_counts).get("held", 0),
            counts.get(officer.pk, no_counts).get("decided", 0),
            counts.get(officer.pk, no_counts).get("given_back", 0),
            officer.pk in absent,
        )
        for officer in User.objects.filter(pk__in={*skilled, *counts}).order_by("pk")
    ]
