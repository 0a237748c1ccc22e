"""The state of a branch for its supervisor: queue, officers, escalations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.places.models import Branch
from municipality.review.models import Absence, Assignment, Clock, ConflictOfInterest, Decision, Override, Party, QueueEntry, Skill
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
    oldest: QueueEntry | None  # open case that joined first, of all skills and in whatever state
    escalated: list[Clock]  # escalated open cases, highest level first
    stuck: list[QueueEntry]  # waiting cases that no present officer may decide
    to_sign: int
    officers: list[OfficerLine]
    overrides: list[Override]  # not allowed or not assigned yet


def board(branch: Branch) -> Board:
    """The board of a branch, by at most nine queries."""
    entries = QueueEntry.objects.filter(branch=branch).exclude(state=QueueEntryState.LEFT)
    counts = dict(entries.order_by().values_list("state").annotate(Count("pk")))
    waiting = QueueEntry.objects.filter(branch=branch, state=QueueEntryState.WAITING)
    overrides = Override.objects.filter(place__branch=branch, place__state=QueueEntryState.WAITING).select_related(
        "place__case", "asked_by", "allowed_by"
    )
    return Board(
        branch,
        counts,
        entries.select_related("case").order_by("joined_at", "pk").first(),
        list(_running(branch).filter(level__gt=0).order_by("-level", "case__place__pk")[:100]),
        list(waiting.filter(~Exists(_available_skills(branch))).select_related("case").order_by("pk")[:50]),
        counts.get(QueueEntryState.COUNTERSIGN, 0),
        _officers(branch),
        list(overrides.order_by("pk")),
    )


def _running(branch: Branch) -> QuerySet[Clock]:
    rows = Clock.objects.filter(stopped_at__isnull=True, case__place__branch=branch)
    return rows.select_related("case__place__last_event")


def late_clocks(branch: Branch) -> QuerySet[Clock]:
    """The running clocks of a branch whose promise has passed, the latest first."""
    return _running(branch).filter(due_at__lt=clock.now()).order_by("due_at", "pk")


def holders(clocks: Iterable[Clock]) -> dict[int, User]:
    """The officers who hold the cases of these clocks, by the number of the place; one query."""
    places = [row.case.place.pk for row in clocks]
    held = Assignment.objects.filter(place__in=places, ended_at__isnull=True).select_related("officer") if places else []
    return {assignment.place_id: assignment.officer for assignment in held}


def _available_skills(branch: Branch) -> QuerySet[Skill]:
    """Skills of present officers of the branch, without a conflict of interest, for the entry of the outer query."""
    parties = Party.objects.filter(case=OuterRef(OuterRef(OuterRef("case"))), key=OuterRef("party_key"))
    conflicts = ConflictOfInterest.objects.filter(officer=OuterRef("officer"), ended_at__isnull=True).filter(Exists(parties))
    return _present_skills(branch.pk).filter(code=OuterRef("skill")).filter(~Exists(conflicts))


def _present_skills(branch_id: str) -> QuerySet[Skill]:
    today = clock.today()
    absences = Absence.objects.filter(officer=OuterRef("officer"), first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True)
    skills = Skill.objects.filter(ended_at__isnull=True, officer__branch=branch_id, officer__is_active=True, officer__is_staff=True)
    return skills.filter(~Exists(absences))


def able_officers(place: QueueEntry) -> list[tuple[User, bool]]:
    """The present officers who may decide a waiting case, and whether each has something in hand; one query."""
    conflicts = ConflictOfInterest.objects.filter(
        officer=OuterRef("officer"), ended_at__isnull=True, party_key__in=Party.objects.filter(case=place.case_id).values("key")
    )
    busy = Assignment.objects.filter(officer=OuterRef("officer"), ended_at__isnull=True)
    skills: Any = _present_skills(place.branch_id).filter(code=place.skill).filter(~Exists(conflicts)).annotate(is_busy=Exists(busy))
    return [(skill.officer, skill.is_busy) for skill in skills.select_related("officer").order_by("officer")]


def is_next(place: QueueEntry) -> bool:
    """Whether no case of its branch and field waits before a waiting one."""
    waiting = QueueEntry.objects.filter(state=QueueEntryState.WAITING, branch_id=place.branch_id, skill=place.skill).exclude(pk=place.pk)
    return not waiting.filter(Q(pk__lt=place.pk) | Q(override__allowed_at__isnull=False)).exists()


def other_supervisors(user: User) -> QuerySet[User]:
    """The other supervisors of a user's branch: one of them allows what this one asks for."""
    people = User.objects.filter(branch_id=user.branch_id, is_active=True, is_staff=True, groups__name="supervisor")
    return people.exclude(pk=user.pk).order_by("pk")


def _officers(branch: Branch) -> list[OfficerLine]:
    since = midnight(clock.today() - dt.timedelta(days=PACE_DAYS))
    skilled = Skill.objects.filter(ended_at__isnull=True, officer__branch=branch)
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
    absences = Absence.objects.filter(officer=OuterRef("pk"), first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True)
    officers: Any = User.objects.filter(Q(pk__in=list(counts)) | Q(pk__in=skilled.values("officer"))).annotate(absent=Exists(absences))
    return [
        OfficerLine(
            officer,
            counts.get(officer.pk, no_counts).get("held", 0),
            counts.get(officer.pk, no_counts).get("decided", 0),
            counts.get(officer.pk, no_counts).get("given_back", 0),
            officer.absent,
        )
        for officer in officers.order_by("pk")
    ]


def decisions_of(officer: User) -> QuerySet[Decision]:
    """The decisions that an officer made and that are not void, newest first."""
    return Decision.objects.filter(made_by=officer, voided_at__isnull=True).order_by("-pk")
