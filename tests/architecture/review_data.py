"""Rows for the tables of queue and desk: one of everything that their guards speak of, as short histories of cases.

Written row by row, by the models and by `transition`, so that no service of a department is needed.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.kernel.workflow import WORKFLOWS
from municipality.review.models import (
    Absence,
    Assignment,
    CheckAnswer,
    Clock,
    ConflictOfInterest,
    CorrectionItem,
    CorrectionRound,
    Decision,
    Escalation,
    Override,
    Party,
    QueueEntry,
    Skill,
)
from tests.desk_acts import ALL_YES
from tests.factories.accounts import StaffFactory

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

BY = system("tests")
SKILL = "health"


@dataclass
class Queue:
    """People of the branch, and cases at the points that attacks start from."""

    officer: User  # holds `held`
    conflicted: User  # has a conflict of interest with the applicant of all of them
    elsewhere: User  # of another branch
    supervisor: User
    conflicted_supervisor: User
    decided: QueueEntry
    held: QueueEntry
    waiting: QueueEntry
    younger: QueueEntry
    proposed: Decision  # waits for a signature


def fill(sample: Sample) -> Queue:
    """Make the rows once for a sample."""
    supervisor, conflicted_supervisor = _staff("supervisor", "1"), _staff("supervisor", "2")
    officer, conflicted, elsewhere = _staff("officer", "1"), _staff("officer", "2"), _staff("officer", "3", "JA")
    now = clock.now()
    for user in (officer, conflicted, elsewhere):
        Skill.objects.create(officer=user, code=SKILL, given_by=supervisor, given_at=now)
    Skill.objects.create(officer=officer, code="past", given_by=supervisor, given_at=now, ended_at=now)
    Absence.objects.create(
        officer=conflicted,
        kind="leave",
        first_day=clock.today(),
        last_day=clock.today(),
        entered_by=supervisor,
        entered_at=now,
        cancelled_at=now,
    )
    for user in (conflicted, conflicted_supervisor):
        ConflictOfInterest.objects.create(
            officer=user, party_key=sample.owner.person.key, kind="relative", declared_by=user, declared_at=now
        )
    ConflictOfInterest.objects.create(
        officer=officer, party_key="person:past", kind="business", declared_by=officer, declared_at=now, ended_at=now, ended_by=supervisor
    )
    decided = _decided(sample, officer, supervisor)
    proposed = _proposed(sample, officer)
    held = place_of(case(sample))
    _assign(held, officer)
    waiting = place_of(case(sample))
    younger = place_of(case(sample))
    Override.objects.create(
        place=decided, code="court_order", asked_by=supervisor, asked_at=now, allowed_by=conflicted_supervisor, allowed_at=now
    )
    transition(case(sample), "withdraw", actor=BY, is_open=False, closed_at=now)
    return Queue(officer, conflicted, elsewhere, supervisor, conflicted_supervisor, decided, held, waiting, younger, proposed)


def _staff(role: str, number: str, branch: str = "HA") -> User:
    names = {"name_ar": "نورة المطيري", "name_en": "Noura Al-Mutairi"}
    return StaffFactory(groups=[role], login=f"queue.{role}{number}", branch_id=branch, **names)


def case(sample: Sample, state: str = "in_review") -> Case:
    """A case like the owner's, of a shop of its own, sent to an officer and led on to a state."""
    like = Case.objects.get(pk=sample.owner.waiting.pk)
    number = Case.objects.count()
    like.pk = like.last_event = None
    like.public_id, like.reference, like.subject = f"q{number:025d}", f"HL-2026-9{number:05d}-X", f"shop:queue{number}"
    like.state = WORKFLOWS[like.service].initial
    like._state.adding = True
    like.save()
    transition(like, "send_to_officer", actor=BY)
    return like


def place_of(of: Case) -> QueueEntry:
    """Its place, with the applicant as party and a running clock."""
    now = clock.now()
    place = QueueEntry.objects.create(case=of, branch_id=of.branch_id, skill=SKILL, joined_at=now)
    Party.objects.create(case=of, key=of.applicant.key, role="applicant")
    due = now + dt.timedelta(days=7)
    Clock.objects.create(case=of, started_at=now, promised_minutes=2100, promised_days=5, steps=[100, 125, 150], due_at=due)
    return place


def _assign(place: QueueEntry, officer: User) -> Assignment:
    now = clock.now()
    assignment = Assignment.objects.create(place=place, officer=officer, drawn_at=now, touched_at=now)
    transition(place, "draw", actor=BY)
    return assignment


def words(**changes: Any) -> dict[str, Any]:
    """The columns of a refusal."""
    return {
        "outcome": "refuse",
        "code": "layout_changed",
        "article_ar": "المادة 3",
        "article_en": "Article 3",
        "text_ar": "النص",
        "text_en": "The text",
        "digest": "d" * 64,
        "made_at": clock.now(),
    } | changes


def refusal_of(of: Case, officer: User, supervisor: User) -> Decision:
    """A refusal of a case with both signatures."""
    now = clock.now()
    return Decision.objects.create(
        case=of, made_by=officer, signed_by=supervisor, signed_at=now, signed_digest="d" * 64, **words(**ALL_YES)
    )


def _decided(sample: Sample, officer: User, supervisor: User) -> QueueEntry:
    """Asked for corrections, answered, moved up, refused with both signatures, after a proposal that fell."""
    of, now = case(sample), clock.now()
    place = place_of(of)
    assignment = _assign(place, officer)
    CheckAnswer.objects.create(case=of, code="files_complete", answer="no", officer=officer, at=now)
    asked = CorrectionRound.objects.create(case=of, number=1, asked_by=officer, asked_at=now, answer_by=clock.today(), answered_at=now)
    CorrectionItem.objects.create(round=asked, code="file_expired", target="lease", text_ar="النص", text_en="The text")
    CorrectionRound.objects.create(case=of, number=2, asked_by=officer, asked_at=now, answer_by=clock.today(), closed_at=now)
    Escalation.objects.create(case=of, level=1, at=now, used_percent=100)
    Decision.objects.create(case=of, made_by=officer, voided_at=now, **words())
    refusal_of(of, officer, supervisor)
    for move in ("propose_refusal", "countersign"):
        transition(of, move, actor=BY, reason="layout_changed", **({"is_open": False, "closed_at": now} if move == "countersign" else {}))
    transition(place, "leave", actor=BY)
    assignment.on_desk, assignment.ended_at, assignment.end_code = False, now, "refused"
    assignment.save()
    return place


def _proposed(sample: Sample, officer: User) -> Decision:
    of = case(sample)
    place = place_of(of)
    assignment = _assign(place, officer)
    made = Decision.objects.create(case=of, made_by=officer, **words())
    transition(of, "propose_refusal", actor=BY, reason="layout_changed")
    transition(place, "propose", actor=BY)
    assignment.on_desk = False
    assignment.save()
    return made


def sign(proposed: Decision, supervisor: User, **answers: bool) -> None:
    """The columns of a signature by another way than the service."""
    signature = {"signed_by": supervisor, "signed_at": clock.now(), "signed_digest": proposed.digest}
    Decision.objects.filter(pk=proposed.pk).update(**signature, **answers)


def signed_against_an_answer(sample: Any) -> None:
    sign(sample.queue.proposed, sample.queue.supervisor, **(ALL_YES | {"is_proven": False}))


def born_signed_without_answers(sample: Any) -> None:
    signature = {"signed_by": sample.queue.supervisor, "signed_at": clock.now(), "signed_digest": "d" * 64}
    Decision.objects.create(case=sample.queue.held.case, made_by=sample.queue.officer, **signature, **words())


BY_HAND = {
    "review_decision_tied": lambda sample: sign(sample.queue.proposed, sample.queue.conflicted_supervisor, **ALL_YES),
    "review_decision_answered": signed_against_an_answer,
    "review_decision_born_answered": born_signed_without_answers,
}
