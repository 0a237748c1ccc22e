"""Questions about the queue and the desk."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q, QuerySet

from municipality.accounts.models import User
from municipality.accounts.queries import has_role
from municipality.cases.models import Case
from municipality.kernel import clock, worktime
from municipality.places.models import Branch
from municipality.review.boards import DECIDED, PACE_DAYS, TAKEN, Board, OfficerLine, board, midnight
from municipality.review.models import (
    Absence,
    Assignment,
    CheckAnswer,
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
from municipality.rulebook.queries import Check, Edition, Reason

__all__ = ["DECIDED", "PACE_DAYS", "TAKEN", "Board", "OfficerLine", "board"]
P = QueueEntryState


# --- Who may ---------------------------------------------------------------------------------------------------------------


def is_supervisor(user: User) -> bool:
    """Whether somebody supervises a branch: active staff with that role and a branch."""
    return bool(user.branch_id) and has_role(user, "supervisor")


def is_absent(officer: User, day: dt.date | None = None) -> bool:
    """Whether an absence covers a day (today)."""
    on = day or clock.today()
    return Absence.objects.filter(officer=officer, first_day__lte=on, last_day__gte=on, cancelled_at__isnull=True).exists()


def skills_of(officer: User) -> list[str]:
    """The kinds of cases that an officer may decide now."""
    return list(Skill.objects.filter(officer=officer, ended_at__isnull=True).order_by("code").values_list("code", flat=True))


def has_conflict(user: User, case: Case) -> bool:
    """Whether somebody declared a tie to a party of the case, or gave the case back."""
    return conflicts_with(user, case).exists()


def conflicts_with(user: User, case: Case) -> QuerySet[ConflictOfInterest]:
    keys = Party.objects.filter(case=case).values("key")
    return ConflictOfInterest.objects.filter(officer=user, ended_at__isnull=True, party_key__in=keys)


@dataclass(frozen=True)
class CaseAccess:
    """How a member of staff stands to a case, in one query. `place` carries case, applicant, branch and clock."""

    place: QueueEntry | None
    has_conflict: bool
    holds: bool
    roles: frozenset[str]
    may_open: bool


def case_access(user: User, public_id: str) -> CaseAccess | None:
    """Who somebody is to a case that is, or was, in the queue; None where no such case was ever there."""
    groups = Group.objects.filter(user=user)
    parties = Party.objects.filter(
        case=OuterRef("case"), key__in=ConflictOfInterest.objects.filter(officer=user, ended_at__isnull=True).values("party_key")
    )
    place = (
        QueueEntry.objects.filter(case__public_id=public_id)
        .select_related("case__applicant", "case__branch", "case__clock")
        .annotate(
            tied=Exists(parties),
            held=Exists(Assignment.objects.filter(place=OuterRef("pk"), officer=user, ended_at__isnull=True)),
            audits=Exists(groups.filter(name="auditor")),
            supervises=Exists(groups.filter(name="supervisor")),
            moved=Exists(QueueEntryEvent.objects.filter(subject=OuterRef("pk"))),
            escalated=Exists(Escalation.objects.filter(case=OuterRef("case"))),
            overridden=Exists(Override.objects.filter(place=OuterRef("pk"))),
        )
        .first()
    )
    if place is None:
        return None
    row: Any = place
    roles = frozenset(name for name, has in (("auditor", row.audits), ("supervisor", row.supervises)) if has)
    is_staff = bool(user.is_active and user.is_staff)
    handed_out = place.state != P.WAITING or row.moved or row.escalated or row.overridden
    own_branch = "supervisor" in roles and user.branch_id == place.branch_id
    looks = is_staff and not row.tied and (row.held or "auditor" in roles or (own_branch and handed_out))
    return CaseAccess(place, row.tied, row.held, roles, bool(looks))


def may_open(user: User, case: Case) -> bool:
    """Whether a member of staff may open a case: its officer while it is theirs; a supervisor of its branch once it was handed
    out, moved up or asked before its turn; the auditor. Nobody who is tied to it, and nobody a case that merely waits."""
    found = case_access(user, case.public_id)
    if found is not None:
        return found.may_open
    return has_role(user, "auditor") and not has_conflict(user, case)


# --- The queue -------------------------------------------------------------------------------------------------------------


def drawable(officer: User) -> QuerySet[QueueEntry]:
    """The waiting places that an officer may be handed, by number."""
    rows = QueueEntry.objects.filter(state=P.WAITING, branch_id=officer.branch_id, skill__in=skills_of(officer))
    if keys := _tie_keys(officer):
        rows = rows.filter(~Exists(Party.objects.filter(case=OuterRef("case"), key__in=keys)))
    return rows.order_by("pk")


def next_for(officer: User) -> QueueEntry | None:
    """The place that this officer is handed next: one that two people took out of turn, else the lowest number."""
    rows = drawable(officer).select_related("case", "override")
    return rows.filter(override__allowed_at__isnull=False).first() or rows.first()


def _tie_keys(officer: User) -> list[str]:
    return list(ConflictOfInterest.objects.filter(officer=officer, ended_at__isnull=True).values_list("party_key", flat=True))


@dataclass(frozen=True)
class Position:
    """What an applicant reads of the queue. `estimate` is the day on which the case is handed out at the present pace; None unknown."""

    state: str
    ahead: int  # cases that wait before it
    pace_per_day: float  # decided in a working day, of the last fortnight, in the branch and field
    estimate: dt.date | None


def position(case: Case) -> Position | None:
    """Where a case stands; None for one that is in no queue (any more)."""
    place = QueueEntry.objects.filter(case=case).exclude(state=P.LEFT).first()
    if place is None:
        return None
    pace = pace_of(place.branch_id, place.skill)
    if place.state != P.WAITING:
        return Position(place.state, 0, pace, None)
    waiting = QueueEntry.objects.filter(state=P.WAITING, branch_id=place.branch_id, skill=place.skill).exclude(pk=place.pk)
    before = Q(pk__lt=place.pk) | Q(override__allowed_at__isnull=False)
    if Override.objects.filter(place=place, allowed_at__isnull=False).exists():
        before = Q(pk__lt=place.pk, override__allowed_at__isnull=False)
    ahead = waiting.filter(before).count()
    days = math.ceil((ahead + 1) / pace) if pace else 0
    estimate = worktime.add_working_days(rulebook.calendar(), clock.today(), days) if days else None
    return Position(place.state, ahead, pace, estimate)


def pace_of(branch_id: str, skill: str) -> float:
    """How many cases of a kind a branch decided in a working day of the last fortnight; 0 where none."""
    today = clock.today()
    first = today - dt.timedelta(days=PACE_DAYS)
    events = QueueEntryEvent.objects.filter(
        move="leave", reason__in=DECIDED, at__gte=midnight(first), subject__branch_id=branch_id, subject__skill=skill
    )
    days = worktime.working_days_between(rulebook.calendar(), first, today)
    return round(events.count() / days, 1) if days else 0.0


# --- The desk --------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Desk:
    """What an officer sees before they press anything: the cases in their hands, the one that lies open, and counts of their own."""

    held: list[Assignment]  # as `held_by` orders them
    open: Assignment | None
    answered: int  # answers that arrived: the badge
    away: int
    countersign: int
    absent: bool
    skills: list[str]


def desk_of(officer: User) -> Desk:
    """The desk of an officer. Nothing of it says what waits in the queue."""
    held = list(held_by(officer))
    counts = Counter(row.place.state for row in held)
    on_desk = next((row for row in held if row.on_desk), None)
    return Desk(held, on_desk, counts[P.ANSWERED], counts[P.AWAY], counts[P.COUNTERSIGN], is_absent(officer), skills_of(officer))


def held_by(officer: User) -> QuerySet[Assignment]:
    """The cases in an officer's hands: answered ones first, then by number."""
    return (
        Assignment.objects.filter(officer=officer, ended_at__isnull=True)
        .select_related("place__case__clock")
        .defer("place__case__editions", "place__case__snapshot")
        .order_by("-on_desk", "place_id")
    )


def assignment_of(case: Case) -> Assignment | None:
    """In whose hands a case is now."""
    return Assignment.objects.filter(place__case=case, ended_at__isnull=True).select_related("officer", "place").first()


def rounds_of(case: Case) -> list[CorrectionRound]:
    """The rounds of corrections of a case with their items, oldest first."""
    rounds = CorrectionRound.objects.filter(case=case).select_related("asked_by", "countersigned_by")
    return list(rounds.prefetch_related("items").order_by("number"))


def open_round(case: Case) -> CorrectionRound | None:
    """The round that waits for the applicant."""
    return CorrectionRound.objects.filter(case=case, answered_at__isnull=True).prefetch_related("items").first()


def unanswered(before: dt.date | None = None) -> QuerySet[CorrectionRound]:
    """Rounds whose time to answer was over before a day (today), of cases that still wait for it."""
    late = CorrectionRound.objects.filter(answered_at__isnull=True, answer_by__lt=before or clock.today())
    return late.filter(case__place__state=P.AWAY).select_related("case__applicant").order_by("pk")


def replies(case: Case) -> Edition:
    """The coded reasons and their words, as they hold today."""
    return rulebook.edition(reviewable(case).replies, clock.today())


def limits(case: Case) -> Edition:
    return rulebook.edition(reviewable(case).limits, clock.today())


@dataclass(frozen=True)
class CheckLine:
    """One question of the checklist and the answer that holds; empty while there is none."""

    check: Check
    answer: str
    by: Any = None
    at: dt.datetime | None = None


def checklist(case: Case, items: list[Item] | None = None) -> list[CheckLine]:
    """The questions that this case raises: those of every case, and those about a fact that changed."""
    entry = reviewable(case)
    changed = {item.name for item in (entry.items(case) if items is None else items) if item.before}
    newest: dict[str, CheckAnswer] = {}
    for row in CheckAnswer.objects.filter(case=case).select_related("officer").order_by("pk"):
        newest[row.code] = row
    lines = []
    for check in rulebook.edition(entry.checks, clock.today()).checks:
        if check.about and check.about not in changed:
            continue
        given = newest.get(check.code)
        lines.append(CheckLine(check, given.answer, given.officer, given.at) if given else CheckLine(check, ""))
    return lines


def decision_of(case: Case) -> Decision | None:
    """The decision that stands: proposed, signed or carried out."""
    return Decision.objects.filter(case=case, voided_at__isnull=True).order_by("-pk").first()


def to_sign(supervisor: Any) -> QuerySet[Decision]:
    """What waits for this person's signature: of their branch, made by somebody else, without a tie; oldest first."""
    tied = Party.objects.filter(case=OuterRef("case"), key__in=_tie_keys(supervisor))
    waiting = Decision.objects.filter(
        signed_at__isnull=True, voided_at__isnull=True, case__place__state=P.COUNTERSIGN, case__place__branch_id=supervisor.branch_id
    )
    return waiting.exclude(made_by=supervisor).filter(~Exists(tied)).select_related("case__applicant", "made_by").order_by("pk")


# --- Out of turn -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PublishedOverride:
    """A case that was taken before its turn, as everybody may read it: no name of a person."""

    number: int
    branch: Branch
    skill: str
    reason: Reason | None
    asked_at: dt.datetime
    allowed_at: dt.datetime
    drawn_at: dt.datetime | None
    overtaken: int  # cases with a lower number that waited when it was handed out


def overrides_published(limit: int = 500) -> list[PublishedOverride]:
    """The overrides that two people allowed, newest first. Two queries and one for each kind of case."""
    rows = Override.objects.filter(allowed_at__isnull=False).select_related("place__branch", "place__case").order_by("-allowed_at", "-pk")
    rows = rows[:limit]
    drawn: dict[int, QueueEntryEvent] = {}
    for event in QueueEntryEvent.objects.filter(subject__in=[o.place_id for o in rows], move="draw", data__has_key="override").order_by(
        "pk"
    ):
        drawn.setdefault(event.subject_id, event)
    words: dict[str, dict[str, Reason]] = {}
    found = []
    for o in rows:
        reasons = words.get(o.place.case.service) or words.setdefault(o.place.case.service, replies(o.place.case).reasons)
        draw = drawn.get(o.place_id)
        found.append(
            PublishedOverride(
                o.place_id,
                o.place.branch,
                o.place.skill,
                reasons.get(o.code),
                o.asked_at,
                o.allowed_at or o.asked_at,
                draw.at if draw else None,
                draw.data["overtook"] if draw else 0,
            )
        )
    return found


# --- The log of draws ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Inversion:
    """A draw that went past a case which waited longer and which the same officer might have decided."""

    event: int
    place: int
    officer_key: str
    overtook: int  # the lowest number that was passed over


def inversions() -> Iterator[Inversion]:
    """Replays every event of the queue and finds each draw out of order that no allowed override explains.

    Independent of how draws are made: it reads the events of places, and of skills and ties from when until when they held.
    """
    from municipality.review.replay import draws

    for draw in draws():
        if draw.overtaken and not draw.overridden:
            yield Inversion(draw.event, draw.place, draw.officer_key, draw.overtaken[0])
