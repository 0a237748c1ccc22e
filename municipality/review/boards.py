"""The state of a branch for its supervisor: queue, officers, escalations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery

from municipality.accounts.models import User
from municipality.accounts.queries import supervisors_of
from municipality.kernel import clock, request_cache, worktime
from municipality.notifications.models import Message
from municipality.places.models import Branch
from municipality.review.models import Absence, Assignment, Clock, ConflictOfInterest, Decision, Override, Party, QueueEntry, Skill
from municipality.review.notifications import Reminded
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook

MOST = 100  # requests of a list
OFFICER = "officer"  # the group of who decides
PACE_DAYS = 14  # calendar days
SOON_DAYS = (3, 1, 5)  # working days ahead for which a supervisor may look at promises, the first one unless another is chosen
DECIDED = ("accepted", "refused")
# Codes with which the portal ends an assignment.
SYSTEM_END_CODES = ("absent", "idle", "tied", "skill_ended", "left_office", "holder_changed", "withdrawn", "lapsed", "unpaid")


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
    reminded_at: dt.datetime | None  # today
    has_step: bool  # a request that they have waits for their step
    may_take: bool  # one of the branch waits that they may take


# The states of a place in which the officer who has the request takes the next step.
OWN_STEP = (QueueEntryState.HELD, QueueEntryState.ANSWERED)


@dataclass(frozen=True)
class Promises:
    """The open cases of a branch by their promise: each is counted once."""

    late: int
    soon: int  # due within some working days
    later: int
    paused: int  # the time stands still while the applicant is asked, or nothing is promised
    states: dict[str, int]  # the same cases by the state of their place

    @property
    def open(self) -> int:
        return self.late + self.soon + self.later + self.paused


@dataclass(frozen=True)
class BranchBoard:
    branch: Branch
    counts: dict[str, int]  # by state, without LEFT
    promises: Promises
    oldest: QueueEntry | None  # open case that joined first, of all skills and in whatever state
    soon: list[Clock]  # as `soon_clocks` gives them
    escalated: list[Clock]  # escalated open cases that are neither late nor due soon
    more_escalated: bool  # there are more of them than are listed
    stuck: list[QueueEntry]  # waiting cases that no present officer may decide, and proposals that no supervisor of the branch may sign
    more_stuck: bool
    to_sign: int
    officers: list[OfficerLine]


def board(branch: Branch, days: int = SOON_DAYS[0]) -> BranchBoard:
    """The board of a branch, by at most ten queries; `days` as for `soon_clocks`."""
    entries = QueueEntry.objects.filter(branch=branch).exclude(state=QueueEntryState.LEFT)
    soon, escalated, more_escalated = _ahead(branch, days)
    found = promises(branch.pk, days)
    undecided = Q(state=QueueEntryState.WAITING) & ~Exists(_available_skills(branch))
    unsigned = Q(state=QueueEntryState.COUNTERSIGN) & ~Exists(able_signers())
    stuck = list(entries.filter(undecided | unsigned).select_related("case").order_by("pk")[: MOST + 1])
    return BranchBoard(
        branch,
        found.states,
        found,
        entries.select_related("case").order_by("joined_at", "pk").first(),
        soon,
        escalated,
        more_escalated,
        stuck[:MOST],
        len(stuck) > MOST,
        found.states.get(QueueEntryState.COUNTERSIGN, 0),
        _officers(branch),
    )


def _ahead(branch: Branch, days: int) -> tuple[list[Clock], list[Clock], bool]:
    """The clocks that are not late: those due soon, and those of other escalated cases; one query.

    True: there are more escalated cases, or there may be, since so many are due soon.
    """
    until = soon_until(days)
    rows = _running(branch).exclude(due_at__lt=clock.now()).filter(Q(due_at__lt=until) | Q(level__gt=0))
    ordered = list(rows.order_by(F("due_at").asc(nulls_last=True), "pk")[: 2 * MOST + 1])
    soon = [row for row in ordered if row.due_at is not None and row.due_at < until]
    escalated = ordered[len(soon) :]
    return soon[:MOST], escalated[:MOST], len(escalated) > MOST or len(ordered) > 2 * MOST


def _running(branch: Branch) -> QuerySet[Clock]:
    """The running clocks of a branch, with what their places in the queue come after.

    `comes_after` is the reference of the waiting request of the same field that was put ahead of this one's turn, None where none was.
    """
    rows = Clock.objects.filter(stopped_at__isnull=True, case__place__branch=branch)
    before = QueueEntry.objects.filter(
        state=QueueEntryState.WAITING, branch=branch, skill=OuterRef("case__place__skill"), pk__lt=OuterRef("case__place__pk")
    )
    asked = Override.objects.filter(place=OuterRef("case__place"))
    return rows.select_related("case__place__last_event").annotate(
        is_first=~Exists(before),
        is_asked=Exists(asked.filter(allowed_at__isnull=True)),
        is_allowed=Exists(asked.filter(allowed_at__isnull=False)),
        comes_after=Subquery(_put_ahead(branch).values("case__reference")[:1]),
    )


def _put_ahead(branch: Branch) -> QuerySet[QueueEntry]:
    """The waiting requests that are handed out before the one of the outer clock because they were put ahead of their turn.

    Among those that were put ahead, the one with the lower number comes first, as `queries.next_entry` hands them out.
    """
    own, allowed = OuterRef("case__place"), Override.objects.filter(allowed_at__isnull=False)
    ahead = QueueEntry.objects.filter(
        state=QueueEntryState.WAITING, branch=branch, skill=OuterRef("case__place__skill"), override__allowed_at__isnull=False
    )
    is_own = Exists(allowed.filter(place=OuterRef(own)))
    return ahead.exclude(pk=own).filter(~is_own | Q(pk__lt=own)).order_by("pk")


def late_clocks(branch: Branch) -> QuerySet[Clock]:
    """The running clocks of a branch whose promise has passed, the latest first."""
    return _running(branch).filter(due_at__lt=clock.now()).order_by("due_at", "pk")


def audited_clocks() -> QuerySet[Clock]:
    """The running clocks of all branches that were escalated to the auditors and are late, the latest first."""
    told = Q(level__gte=2) | Q(level=1) & ~Exists(supervisors_of(OuterRef("case__branch")))
    rows = Clock.objects.filter(told, stopped_at__isnull=True, due_at__lt=clock.now())
    return rows.select_related("case__branch").order_by("due_at", "pk")


def soon_clocks(branch: Branch, days: int = SOON_DAYS[0]) -> QuerySet[Clock]:
    """The running clocks of a branch whose promise ends within some working days and has not passed, the first one first."""
    return _running(branch).filter(due_at__gte=clock.now(), due_at__lt=soon_until(days)).order_by("due_at", "pk")


def due_clocks(branch: Branch) -> QuerySet[Clock]:
    """The clocks of `late_clocks` and then those of `soon_clocks`."""
    return _running(branch).filter(due_at__lt=soon_until(SOON_DAYS[0])).order_by("due_at", "pk")


def soon_until(days: int) -> dt.datetime:
    """The end of the last of the next working days, today not counted."""
    return midnight(worktime.add_working_days(rulebook.calendar(), clock.today(), days) + dt.timedelta(days=1))


def promises(branch: str, days: int = SOON_DAYS[0]) -> Promises:
    """The open cases of a branch, by its code, by their promise; one query, once a request."""
    return request_cache.get_or_set(("review.promises", branch, days), lambda: _promises(branch, days))


def _promises(branch: str, days: int) -> Promises:
    now, until = clock.now(), soon_until(days)
    running = Q(case__clock__stopped_at__isnull=True)
    rows = (
        QueueEntry.objects.filter(branch=branch)
        .exclude(state=QueueEntryState.LEFT)
        .order_by()
        .values("state")
        .annotate(
            every=Count("pk"),
            late=Count("pk", filter=running & Q(case__clock__due_at__lt=now)),
            soon=Count("pk", filter=running & Q(case__clock__due_at__gte=now, case__clock__due_at__lt=until)),
            later=Count("pk", filter=running & Q(case__clock__due_at__gte=until)),
        )
    )
    states = {row["state"]: row["every"] for row in rows}
    late, soon, later = (sum(row[name] for row in rows) for name in ("late", "soon", "later"))
    return Promises(late, soon, later, sum(states.values()) - late - soon - later, states)


def holders(clocks: Iterable[Clock]) -> dict[int, tuple[User, dt.datetime | None]]:
    """The officers who hold the cases of these clocks, and when each was reminded today, by the number of the place; one query."""
    places = [row.case.place.pk for row in clocks]
    rows: Any = Assignment.objects.filter(place__in=places, ended_at__isnull=True).select_related("officer")
    return {row.place_id: (row.officer, row.reminded_at) for row in rows.annotate(reminded_at=_reminded_at("officer"))} if places else {}


def _available_skills(branch: Branch) -> QuerySet[Skill]:
    """Skills of present officers of the branch, without a conflict of interest, for the entry of the outer query."""
    parties = Party.objects.filter(case=OuterRef(OuterRef(OuterRef("case"))), key=OuterRef("party_key"))
    conflicts = ConflictOfInterest.objects.filter(officer=OuterRef("officer"), ended_at__isnull=True).filter(Exists(parties))
    return _present_skills(branch.pk).filter(code=OuterRef("skill")).filter(~Exists(conflicts))


def _present_skills(branch_id: str) -> QuerySet[Skill]:
    today = clock.today()
    absences = Absence.objects.filter(officer=OuterRef("officer"), first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True)
    return able_skills().filter(~Exists(absences), officer__branch=branch_id)


def able_skills() -> QuerySet[Skill]:
    """The skills of active officers: nothing is handed to a member of staff who has a skill without the role."""
    officers = {"officer__is_active": True, "officer__is_staff": True, "officer__groups__name": OFFICER}
    return Skill.objects.filter(ended_at__isnull=True, **officers)


def able_signers() -> QuerySet[User]:
    """The supervisors of its branch who may sign the proposal of the outer entry: who did not write it and has no conflict of interest."""
    written = Decision.objects.filter(
        case=OuterRef(OuterRef("case")), made_by=OuterRef("pk"), signed_at__isnull=True, voided_at__isnull=True
    )
    parties = Party.objects.filter(case=OuterRef(OuterRef(OuterRef("case"))), key=OuterRef("party_key"))
    conflicts = ConflictOfInterest.objects.filter(officer=OuterRef("pk"), ended_at__isnull=True).filter(Exists(parties))
    return supervisors_of(OuterRef("branch")).exclude(Exists(written)).exclude(Exists(conflicts))


def may_be_signed(place: QueueEntry) -> bool:
    """Whether a supervisor of the branch may sign the proposal of a case."""
    return QueueEntry.objects.filter(Exists(able_signers()), pk=place.pk).exists()


def comes_after(place: QueueEntry) -> str:
    """The reference of the waiting request that is handed out before a waiting one because it was put ahead of its turn; "" for none."""
    rows = QueueEntry.objects.filter(state=QueueEntryState.WAITING, branch_id=place.branch_id, skill=place.skill).exclude(pk=place.pk)
    rows = rows.filter(override__allowed_at__isnull=False)
    if Override.objects.filter(place=place, allowed_at__isnull=False).exists():
        rows = rows.filter(pk__lt=place.pk)
    return rows.order_by("pk").values_list("case__reference", flat=True).first() or ""


def waiting_places(branch: Branch) -> QuerySet[QueueEntry]:
    """The requests of a branch that are with nobody and were not asked for ahead of their turn, in the order of the queue."""
    rows = QueueEntry.objects.filter(state=QueueEntryState.WAITING, branch=branch, override__isnull=True)
    return rows.select_related("case").order_by("pk")


def able_officers(place: QueueEntry) -> list[tuple[User, bool, dt.datetime | None]]:
    """The present officers who may decide a waiting case; whether each has something in hand, and when reminded today; one query."""
    conflicts = ConflictOfInterest.objects.filter(
        officer=OuterRef("officer"), ended_at__isnull=True, party_key__in=Party.objects.filter(case=place.case_id).values("key")
    )
    busy = Assignment.objects.filter(officer=OuterRef("officer"), ended_at__isnull=True)
    skills: Any = _present_skills(place.branch_id).filter(code=place.skill).filter(~Exists(conflicts))
    skills = skills.annotate(is_busy=Exists(busy), reminded_at=_reminded_at("officer"))
    return [(skill.officer, skill.is_busy, skill.reminded_at) for skill in skills.select_related("officer").order_by("officer")]


def is_next(place: QueueEntry) -> bool:
    """Whether no case of its branch and field waits before a waiting one."""
    waiting = QueueEntry.objects.filter(state=QueueEntryState.WAITING, branch_id=place.branch_id, skill=place.skill).exclude(pk=place.pk)
    return not waiting.filter(Q(pk__lt=place.pk) | Q(override__allowed_at__isnull=False)).exists()


def _supervisors() -> QuerySet[User]:
    return User.objects.filter(is_active=True, is_staff=True, branch__isnull=False, groups__name="supervisor")


def other_supervisors(user: User) -> list[User]:
    """Who allows what a supervisor asks for: the others of their branch; where there is none, those of all branches. One query."""
    people = list(_supervisors().exclude(pk=user.pk).select_related("branch").order_by("branch", "pk"))
    return [person for person in people if person.branch_id == user.branch_id] or people


def overrides_for(user: User) -> QuerySet[Override]:
    """The overrides of requests in the queue that a supervisor reads.

    They are those of their branch, those that wait in a branch where nobody else may allow them, and those that they allowed.
    """
    colleague = _supervisors().filter(branch=OuterRef("place__branch")).exclude(pk=OuterRef("asked_by"))
    alone = Q(allowed_at__isnull=True) & ~Exists(colleague)
    waiting = Override.objects.filter(place__state=QueueEntryState.WAITING)
    waiting = waiting.filter(Q(place__branch=user.branch_id) | alone | Q(allowed_by=user))
    return waiting.select_related("place__case", "place__branch", "asked_by", "allowed_by").order_by("pk")


def overrides_to_allow(user: User) -> QuerySet[Override]:
    """Those of `overrides_for` that wait for the supervisor."""
    return overrides_for(user).filter(allowed_at__isnull=True).exclude(asked_by=user)


def _officers(branch: Branch) -> list[OfficerLine]:
    since = midnight(clock.today() - dt.timedelta(days=PACE_DAYS))
    skilled = Skill.objects.filter(ended_at__isnull=True, officer__branch=branch)
    waiting = QueueEntry.objects.filter(state=QueueEntryState.WAITING, branch=branch).values("skill")
    work = Assignment.objects.filter(place__branch=branch).filter(Q(ended_at__isnull=True) | Q(ended_at__gte=since))
    no_counts: dict[str, Any] = {}
    rows = (
        work.order_by()
        .values("officer_id")
        .annotate(
            held=Count("pk", filter=Q(ended_at__isnull=True)),
            own_step=Count("pk", filter=Q(ended_at__isnull=True, place__state__in=OWN_STEP)),
            decided=Count("pk", filter=Q(end_code__in=DECIDED)),
            # The other codes are those of the rulebook for giving a case back.
            given_back=Count("pk", filter=Q(ended_at__isnull=False) & ~Q(end_code__in=(*DECIDED, *SYSTEM_END_CODES))),
        )
    )
    counts: dict[int, dict[str, Any]] = {row["officer_id"]: {**row} for row in rows}
    today = clock.today()
    absences = Absence.objects.filter(officer=OuterRef("pk"), first_day__lte=today, last_day__gte=today, cancelled_at__isnull=True)
    officers: Any = User.objects.filter(Q(pk__in=list(counts)) | Q(pk__in=skilled.values("officer"))).annotate(
        absent=Exists(absences),
        reminded_at=_reminded_at("pk"),
        may_take=Exists(able_skills().filter(officer=OuterRef("pk"), officer__branch=branch, code__in=waiting)),
    )
    return [
        OfficerLine(
            officer,
            counts.get(officer.pk, no_counts).get("held", 0),
            counts.get(officer.pk, no_counts).get("decided", 0),
            counts.get(officer.pk, no_counts).get("given_back", 0),
            officer.absent,
            officer.reminded_at,
            counts.get(officer.pk, no_counts).get("own_step", 0) > 0,
            officer.may_take,
        )
        for officer in officers.order_by("pk")
    ]


def reminders_today() -> QuerySet[Message]:
    """The messages by which officers were reminded today (`services.reminders`)."""
    return Message.objects.filter(kind=Reminded.kind, created_at__gte=clock.start_of(clock.today()))


def reminded_at(officer: User) -> dt.datetime | None:
    """When an officer was reminded today."""
    return reminders_today().filter(person=officer).values_list("created_at", flat=True).first()


def _reminded_at(field: str) -> Subquery:
    """When the officer of the outer query, by the name of their field, was reminded today."""
    return Subquery(reminders_today().filter(person=OuterRef(field)).values("created_at")[:1])


def decisions_of(officer: User) -> QuerySet[Decision]:
    """The decisions that an officer made and that are not void, newest first."""
    return Decision.objects.filter(made_by=officer, voided_at__isnull=True).order_by("-pk")
