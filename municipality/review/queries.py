"""Queries about the queue and the desk."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.cases.models import Case
from municipality.kernel import clock, request_cache, worktime
from municipality.kernel.errors import Refused
from municipality.review.boards import DECIDED, OFFICER, PACE_DAYS, OfficerLine, board, holders, late_clocks, midnight, soon_clocks
from municipality.review.models import (
    Absence,
    Assignment,
    CheckAnswer,
    Clock,
    ConflictOfInterest,
    CorrectionRound,
    Decision,
    Escalation,
    Override,
    Party,
    QueueEntry,
    QueueEntryEvent,
    Skill,
)
from municipality.review.registry import Item, reviewable
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Check, Reason, RulebookEdition

__all__ = ["DECIDED", "OFFICER", "PACE_DAYS", "OfficerLine", "board", "holders", "late_clocks", "soon_clocks"]


# --- Who may ---------------------------------------------------------------------------------------------------------------


def is_supervisor(user: User) -> bool:
    """Whether a user is active staff with a branch and the role of supervisor."""
    return bool(user.branch_id) and has_role(user, "supervisor")


def is_absent(officer: User) -> bool:
    """Whether an officer is absent today."""
    on = clock.today()
    return Absence.objects.filter(officer=officer, first_day__lte=on, last_day__gte=on, cancelled_at__isnull=True).exists()


def skills_of(officer: User) -> list[str]:
    """The codes of an officer's skills."""
    return list(Skill.objects.filter(officer=officer, ended_at__isnull=True).order_by("code").values_list("code", flat=True))


def has_conflict(user: User, case: Case) -> bool:
    """Whether a user has a conflict of interest with a party of the case, or gave the case back."""
    return conflicts_with(user, case).exists()


def conflicts_with(user: User, case: Case) -> QuerySet[ConflictOfInterest]:
    keys = Party.objects.filter(case=case).values("key")
    return ConflictOfInterest.objects.filter(officer=user, ended_at__isnull=True, party_key__in=keys)


@dataclass(frozen=True)
class CaseAccess:
    """The rights of a member of staff on a case. `place` comes with case, applicant, branch and clock."""

    place: QueueEntry
    has_conflict: bool
    holds: bool
    roles: frozenset[str]
    may_open: bool


def case_access(user: User, public_id: str, groups: Collection[str] | None = None) -> CaseAccess | None:
    """The rights of a user on a case that is or was in the queue; None for any other.

    One query where the names of the user's `groups` are known, and one for an officer who does not hold the case.
    """
    names = set(user.groups.values_list("name", flat=True)) if groups is None else set(groups)
    asked: dict[str, Exists] = {}
    if "supervisor" in names:
        asked |= {
            "moved": Exists(QueueEntryEvent.objects.filter(subject=OuterRef("pk"))),
            "escalated": Exists(Escalation.objects.filter(case=OuterRef("case"))),
            "overridden": Exists(Override.objects.filter(place=OuterRef("pk"))),
        }
    parties = Party.objects.filter(
        case=OuterRef("case"), key__in=ConflictOfInterest.objects.filter(officer=user, ended_at__isnull=True).values("party_key")
    )
    entries = QueueEntry.objects.select_related("case__applicant", "case__branch", "case__clock", "last_event").annotate(
        has_conflict=Exists(parties),
        held=Exists(Assignment.objects.filter(place=OuterRef("pk"), officer=user, ended_at__isnull=True)),
        **asked,
    )
    try:
        entry = entries.get(case__public_id=public_id)
    except QueueEntry.DoesNotExist:
        return None
    row: Any = entry
    roles = frozenset(names & ({"auditor", "supervisor"} if user.branch_id == entry.branch_id else {"auditor"}))
    is_staff = bool(user.is_active and user.is_staff)
    was_handled = entry.state != QueueEntryState.WAITING or any(getattr(row, name, False) for name in ("moved", "escalated", "overridden"))
    holds = row.held and OFFICER in names  # whoever lost the role loses the case too, at the next run of `queue.release_absent`
    may = holds or "auditor" in roles or ("supervisor" in roles and was_handled)
    may = may or (OFFICER in names and still_open_to(user).filter(case=entry.case_id).exists())
    is_allowed = is_staff and not row.has_conflict and may
    return CaseAccess(entry, row.has_conflict, holds, roles, bool(is_allowed))


def may_open(user: User, case: Case) -> bool:
    """Whether a member of staff may open a case.

    Its officer may while it is assigned to them and, as an officer of its branch, for some days after their decision (`decided_since`)
    while it is not in the queue again, an auditor always, a supervisor of its branch once it was assigned, escalated or an override was
    requested; none of them with a conflict of interest.
    """
    access = case_access(user, case.public_id)
    if access is not None:
        return access.may_open
    return has_role(user, "auditor") and not has_conflict(user, case)


def decided_by(officer: User) -> QuerySet[Decision]:
    """The approvals and refusals in force that an officer made, newest first. A proposal that waits for a signature decides nothing."""
    in_force = Q(signed_at__isnull=False) | Q(outcome="accept", code="")
    rows = Decision.objects.filter(in_force, outcome__in=("accept", "refuse"), made_by=officer, voided_at__isnull=True)
    return rows.order_by("-pk")


def still_open_to(officer: User) -> QuerySet[Decision]:
    """Those whose requests an officer may still read: of their branch, not in the queue again, in force since `decided_since`."""
    recent = Q(signed_at__gte=decided_since()) | Q(signed_at__isnull=True, made_at__gte=decided_since())
    return decided_by(officer).filter(recent, case__place__state=QueueEntryState.LEFT, case__branch=officer.branch_id)


def decided_since() -> dt.datetime:
    """Since when a decision must be in force to leave its request open to its officer, for the applicant who calls."""
    return clock.now() - dt.timedelta(days=decided_days())


def decided_days() -> int:
    """How many days a decided request stays open to its officer (`decided_open_days`); none before any rules are published."""
    try:
        row = rulebook.edition("limits.review", clock.today()).limits.get("decided_open_days")
    except Refused:
        return 0
    return row.value if row is not None else 0


# --- The queue -------------------------------------------------------------------------------------------------------------


def assignable(officer: User, skills: Sequence[str] | None = None) -> QuerySet[QueueEntry]:
    """The waiting entries that an officer may be assigned, by number. `skills` are those of the officer, where they are read already."""
    skills = skills_of(officer) if skills is None else skills
    rows = QueueEntry.objects.filter(state=QueueEntryState.WAITING, branch_id=officer.branch_id, skill__in=skills)
    if keys := conflict_keys(officer):
        rows = rows.filter(~Exists(Party.objects.filter(case=OuterRef("case"), key__in=keys)))
    return rows.order_by("pk")


def next_entry(officer: User) -> QueueEntry | None:
    """The entry that an officer is assigned next: one with an allowed override, else the lowest number."""
    rows = assignable(officer).select_related("case__applicant", "override")
    return rows.filter(override__allowed_at__isnull=False).first() or rows.first()


def conflict_keys(officer: User) -> list[str]:
    """Keys of the parties with which somebody on the staff has a conflict of interest now."""
    rows = ConflictOfInterest.objects.filter(officer=officer, ended_at__isnull=True).values_list("party_key", flat=True)
    return request_cache.get_or_set(("review.conflicts", officer.pk), lambda: list(rows))


@dataclass(frozen=True)
class Position:
    """The position of a case. `estimate` is the day on which it is assigned, None where unknown: the next working day where no case
    waits before it, else when those are decided at the present pace.
    """

    state: str
    ahead: int  # cases that wait before it
    pace_per_day: float  # decisions in a working day, over PACE_DAYS, in the branch and skill; 0 for a case that does not wait
    estimate: dt.date | None


def entry_of(case: Case) -> QueueEntry | None:
    """The queue entry of a case, also one that has left; the page of a case has read it with the case."""
    entry: QueueEntry | None = getattr(case, "place", None)
    return entry


def position(case: Case) -> Position | None:
    """The position of a case in its queue; None where it is in none."""
    entry = entry_of(case)
    if entry is None or entry.state == QueueEntryState.LEFT:
        return None
    if entry.state != QueueEntryState.WAITING:
        return Position(entry.state, 0, 0.0, None)
    ahead, pace = _ahead(entry), pace_of(entry.branch_id, entry.skill)
    days = 1 if not ahead else math.ceil(ahead / pace) if pace else 0
    estimate = worktime.add_working_days(rulebook.calendar(), clock.today(), days) if days else None
    return Position(entry.state, ahead, pace, estimate)


def ahead_of(case: Case) -> int | None:
    """How many cases wait before a case; None where it is in no queue."""
    entry = entry_of(case)
    return None if entry is None or entry.state == QueueEntryState.LEFT else _ahead(entry)


def _ahead(entry: QueueEntry) -> int:
    if entry.state != QueueEntryState.WAITING:
        return 0
    waiting = QueueEntry.objects.filter(state=QueueEntryState.WAITING, branch_id=entry.branch_id, skill=entry.skill).exclude(pk=entry.pk)
    before = Q(pk__lt=entry.pk) | Q(override__allowed_at__isnull=False)
    if Override.objects.filter(place=entry, allowed_at__isnull=False).exists():
        before = Q(pk__lt=entry.pk, override__allowed_at__isnull=False)
    return waiting.filter(before).count()


def pace_of(branch_id: str, skill: str) -> float:
    """How many cases of a skill a branch decides in a working day, over PACE_DAYS."""
    today = clock.today()
    first = today - dt.timedelta(days=PACE_DAYS)
    events = QueueEntryEvent.objects.filter(
        move="leave", reason__in=DECIDED, at__gte=midnight(first), subject__branch_id=branch_id, subject__skill=skill
    )
    days = worktime.working_days_between(rulebook.calendar(), first, today)
    return round(events.count() / days, 1) if days else 0.0


# --- The desk --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class OfficerDesk:
    """What an officer sees before they press anything: the cases in their hands, the one that lies open, and counts of their own."""

    officer: User
    held: list[Assignment]  # as `held_by` orders them

    def count(self, state: QueueEntryState) -> int:
        """How many of the cases are in a state."""
        return sum(row.place.state == state for row in self.held)

    @property
    def open(self) -> Assignment | None:
        """The case that lies on the desk."""
        return next((row for row in self.held if row.on_desk), None)

    @property
    def answered(self) -> int:
        """How many answers arrived."""
        return self.count(QueueEntryState.ANSWERED)


def desk_of(officer: User) -> OfficerDesk:
    """The desk of an officer. Nothing of it says what waits in the queue."""
    return OfficerDesk(officer, list(held_by(officer)))


def held_by(officer: User) -> QuerySet[Assignment]:
    """The cases in an officer's hands: answered ones first, then by number."""
    return (
        Assignment.objects.filter(officer=officer, ended_at__isnull=True)
        .select_related("place__case__clock", "place__last_event")
        .defer("place__case__editions", "place__case__snapshot")
        .order_by("-on_desk", "place_id")
    )


def assignment_of(case: Case) -> Assignment | None:
    """The open assignment of a case, or None."""
    return Assignment.objects.filter(place__case=case, ended_at__isnull=True).select_related("officer", "place").first()


OPEN_ROUND = Q(answered_at__isnull=True, closed_at__isnull=True)  # neither answered nor closed without an answer


def rounds_of(case: Case) -> list[CorrectionRound]:
    """The rounds of corrections of a case with their items, oldest first."""
    rounds = CorrectionRound.objects.filter(case=case).select_related("asked_by", "countersigned_by")
    return list(rounds.prefetch_related("items").order_by("number"))


def open_round(case: Case) -> CorrectionRound | None:
    """The round of corrections that waits for the applicant, or None."""
    return CorrectionRound.objects.filter(OPEN_ROUND, case=case).prefetch_related("items").first()


def overdue_rounds() -> QuerySet[CorrectionRound]:
    """Rounds that were not answered before today, of cases that still wait for the applicant."""
    late = CorrectionRound.objects.filter(OPEN_ROUND, answer_by__lt=clock.today())
    return late.filter(case__place__state=QueueEntryState.AWAY).select_related("case__applicant").order_by("pk")


TIED = "conflict_of_interest"  # the reason of giving back that a declaration covers, with more effect
AFTER_ROUND = "not_answered"  # the reason of a refusal that presumes a round of corrections


def refusals(replies: RulebookEdition, *, has_rounds: bool) -> list[Reason]:
    """The reasons for which a case may be refused: that no answer came only where corrections were asked for."""
    return [reason for reason in replies.reasons_of("refusal") if has_rounds or reason.code != AFTER_ROUND]


def edition_for(case: Case, subject: str) -> RulebookEdition:
    """The edition by which a case is judged: the one stamped on it, else the one in force on the day it was opened."""
    return rulebook.edition_of(subject, case.editions, clock.day_of(case.opened_at))


def replies(case: Case) -> RulebookEdition:
    """The coded reasons by which a case is judged."""
    return edition_for(case, reviewable(case).replies)


def limits(case: Case) -> RulebookEdition:
    """The limits of the study by which a case is judged."""
    return edition_for(case, reviewable(case).limits)


def stamps_of(case: Case) -> list[str]:
    """The editions that a case was judged by, for its page and documents; the calendar is the one that its promised day stands on."""
    running: Clock | None = getattr(case, "clock", None)
    if running is None or not running.calendar:
        return list(case.editions)
    return [stamp for stamp in case.editions if not stamp.startswith("calendar ")] + [running.calendar]


@dataclass(frozen=True)
class CheckLine:
    """One question of the checklist and its newest answer, empty while there is none."""

    check: Check
    answer: str

    @property
    def may_not_apply(self) -> bool:
        """Whether "does not apply" is an answer: not to a question that is asked because a fact changed."""
        return not self.check.about


def questions(case: Case, items: list[Item] | None = None, *, among: Collection[str] | None = None) -> list[Check]:
    """The questions of the checklist of a case: those that arise in it (`Reviewable.unasked`), and of those about a fact the ones about
    facts that changed. `among`: only of these codes."""
    service = reviewable(case)
    unasked = service.unasked(case)
    checks = [
        check for check in edition_for(case, service.checks).checks if check.code not in unasked and (among is None or check.code in among)
    ]
    if not any(check.about for check in checks):  # reading the items takes many statements
        return checks
    changed = {item.name for item in (service.items(case) if items is None else items) if item.before}
    return [check for check in checks if not check.about or check.about in changed]


def checklist(case: Case, items: list[Item] | None = None) -> list[CheckLine]:
    """The checklist of a case: its questions with their newest answers."""
    newest = dict(CheckAnswer.objects.filter(case=case).order_by("pk").values_list("code", "answer"))
    return [CheckLine(check, newest.get(check.code, "")) for check in questions(case, items)]


def decision_of(case: Case) -> Decision | None:
    """The decision of a case that is not void, or None."""
    return Decision.objects.filter(case=case, voided_at__isnull=True).order_by("-pk").first()


def appeal_until(decision: Decision) -> dt.date:
    """The last day to appeal against a signed refusal, which its message names. Raises ValueError for one that is not signed."""
    if decision.signed_at is None:
        raise ValueError(f"decision {decision.pk} is not signed")
    days = limits(decision.case).limits["objection_days"].value
    return clock.day_of(decision.signed_at) + dt.timedelta(days=days)


def decisions_to_sign(supervisor: User) -> QuerySet[Decision]:
    """The decisions that wait for this supervisor's signature, oldest first: of their branch, not their own, without a conflict."""
    conflicts = Party.objects.filter(case=OuterRef("case"), key__in=conflict_keys(supervisor))
    waiting = Decision.objects.filter(
        signed_at__isnull=True,
        voided_at__isnull=True,
        case__place__state=QueueEntryState.COUNTERSIGN,
        case__place__branch_id=supervisor.branch_id,
    )
    return waiting.exclude(made_by=supervisor).filter(~Exists(conflicts)).select_related("case__applicant", "made_by").order_by("pk")
