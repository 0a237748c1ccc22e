"""What officers do with an assigned case, and supervisors with proposals.

Each service changes queue entry, case and clock, and writes audit events and messages, in one transaction. The officer is that of the
assignment: views pass only assignments of the signed-in user.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.kernel.workflow import WORKFLOWS
from municipality.notifications.services import send
from municipality.review import queries, texts
from municipality.review.models import Assignment, CheckAnswer, CorrectionItem, CorrectionRound, Decision, QueueEntry
from municipality.review.models.desk import ANSWERS
from municipality.review.notifications import Accepted, CorrectionsAsked, RefusedByOfficer
from municipality.review.registry import Item, reviewable
from municipality.review.services import case_clock, queue
from municipality.review.services.checklist import check_answered, check_answered_about, check_approvable
from municipality.review.states import QueueEntryState
from municipality.review.texts import CorrectionRequest as CorrectionRequest
from municipality.review.texts import CorrectionText

_SIGNED_FIELDS = ("outcome", "code", "article_ar", "article_en", "text_ar", "text_en", "note_ar", "note_en", "items")


def digest(decision: Decision) -> str:
    """SHA-256 of the case, outcome and texts of a decision as canonical JSON: what a supervisor signs."""
    words = {name: getattr(decision, name) for name in _SIGNED_FIELDS} | {"case": decision.case.public_id}
    return hashlib.sha256(json.dumps(words, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


# --- The officer -----------------------------------------------------------------------------------------------------------


def _lock_open_case(assignment: Assignment) -> tuple[Assignment, QueueEntry, Actor]:
    """Assignment, queue entry and officer of a case that is open on the desk, locked. Raises Refused("not_on_desk")."""
    row, entry = queue.lock_assignment(assignment)
    if entry.state != QueueEntryState.HELD:
        raise Refused("not_on_desk", _("This case is not open on the desk."))
    return row, entry, actor_of(row.officer)


def _take_off_desk(row: Assignment) -> None:
    row.on_desk, row.touched_at = False, clock.now()
    row.save(update_fields=["on_desk", "touched_at"])


@transaction.atomic
def check_all(*, assignment: Assignment, answers: Mapping[str, str]) -> None:
    """Answer questions of the checklist by code; the newest answer counts. Raises Refused: unknown_check, check_applies."""
    row, entry, actor = _lock_open_case(assignment)
    asked = {question.code: question for question in queries.questions(entry.case, among=answers)}
    for code, answer in answers.items():
        if code not in asked or answer not in ("yes", "no", "na"):
            raise Refused("unknown_check", _("This question is not on the checklist of the case."))
        if answer == "na" and asked[code].about:
            raise Refused("check_applies", _("This question is asked because the fact changed, so it applies: answer yes or no."))
    now = clock.now()
    CheckAnswer.objects.bulk_create(
        CheckAnswer(case=entry.case, code=code, answer=answer, officer=row.officer, at=now) for code, answer in answers.items()
    )
    Assignment.objects.filter(pk=row.pk).update(touched_at=now)
    for code, answer in answers.items():
        record("desk.checked", subject=entry.case.key, actor=actor, data={"check": code, "answer": answer})


@transaction.atomic
def ask_corrections(*, assignment: Assignment, items: Sequence[CorrectionRequest], second_code: str = "") -> CorrectionRound | Decision:
    """Request corrections; the case waits for the applicant and keeps its number and its officer.

    A later round may request only what has changed since the one before. Anything else needs a reason (`second_code`) and becomes a
    Decision that a supervisor signs. Raises Refused("second_round") without that reason, and as `texts.correction_texts`,
    `texts.require_time_to_answer` and `check_answered_about` do.
    """
    row, entry, actor = _lock_open_case(assignment)
    case = entry.case
    case_items = reviewable(case).items(case)
    corrections = texts.correction_texts(case, items, case_items)
    texts.require_time_to_answer(case)
    check_answered_about(case, corrections, case_items)
    old = belated_corrections(case, corrections, case_items)
    if not old:
        return _send_round(row, entry, corrections, case_items)
    if not second_code:
        raise Refused(
            "second_round",
            _("This could have been asked for in the round before. Give a reason; a supervisor signs it."),
            targets=[item.target for item in old],
        )
    reason = texts.reason_of(case, "second_round", second_code)
    decision = Decision(
        case=case,
        outcome="second_round",
        code=second_code,
        text_ar=reason.text_ar,
        text_en=reason.text_en,
        items=[correction.as_dict() for correction in corrections],
    )
    _propose(decision, row, entry)
    record("desk.second_round_proposed", subject=case.key, actor=actor, data={"code": second_code, "items": _codes(corrections)})
    return decision


def belated_corrections(case: Case, corrections: Sequence[CorrectionText], case_items: Sequence[Item]) -> list[CorrectionText]:
    """The corrections that could have been requested in the round before: their field or file has not changed since."""
    before = CorrectionRound.objects.filter(case=case).order_by("-number").first()
    if before is None:
        return []
    marks = _marks(case_items)
    return [c for c in corrections if c.target in before.standing and before.standing[c.target] == marks[c.target]]


def _marks(case_items: Sequence[Item]) -> dict[str, str]:
    return {item.name: item.mark for item in case_items}


def _codes(corrections: Sequence[CorrectionText]) -> list[list[str]]:
    return [[correction.target, correction.code] for correction in corrections]


def _send_round(
    row: Assignment, entry: QueueEntry, corrections: Sequence[CorrectionText], case_items: Sequence[Item], decision: Decision | None = None
) -> CorrectionRound:
    case, now = entry.case, clock.now()
    officer = actor_of(row.officer)
    number = CorrectionRound.objects.filter(case=case).count() + 1
    correction_round = CorrectionRound.objects.create(
        case=case,
        number=number,
        asked_by=row.officer,
        asked_at=now,
        answer_by=texts.require_time_to_answer(case),
        standing=_marks(case_items),
        raises_old=decision is not None,
        second_code=decision.code if decision else "",
        countersigned_by=decision.signed_by if decision else None,
        countersigned_at=decision.signed_at if decision else None,
    )
    fields = ("code", "target", "text_ar", "text_en", "note_ar", "note_en")
    CorrectionItem.objects.bulk_create(
        CorrectionItem(round=correction_round, **{name: getattr(c, name) for name in fields}) for c in corrections
    )
    if decision is None or decision.signed_by is None:
        transition(entry, "send_away", actor=officer, data={"round": number})
    else:
        transition(entry, "send_signed", actor=actor_of(decision.signed_by, "supervisor"), data={"round": number})
    _take_off_desk(row)
    case_clock.pause(case=case)
    signed = {"countersigned": decision.signed_by.key} if decision and decision.signed_by else {}
    advance(case, "ask_corrections", actor=officer, data={"round": number, "items": _codes(corrections)} | signed)
    send(
        CorrectionsAsked,
        person=case.applicant,
        key=f"{case.public_id}:{number}",
        subject_key=case.key,
        context=texts.corrections_context(case, corrections, correction_round.answer_by),
    )
    return correction_round


@transaction.atomic
def receive_answer(*, case: Case, actor: Actor) -> QueueEntry:
    """The applicant sent the corrections: resume the clock and return the case to its officer, or, where they are absent, to the queue.

    Raises Refused("not_asked") where no round is open.
    """
    return come_back(case, actor, move="answer", ended="answered_at")


def come_back(case: Case, actor: Actor, *, move: str, ended: str) -> QueueEntry:
    """End the open round by a move, with the instant in `ended`, and return the case to its officer. Raises as `receive_answer`."""
    Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
    if not actor.is_system and actor.key != case.applicant.key:
        queue.add_party(case=case, role=actor.role, key=actor.key, actor=actor)
    entry = QueueEntry.objects.select_for_update(of=("self",)).get(case=case)
    if entry.state != QueueEntryState.AWAY:
        raise Refused("not_asked", _("Nothing is asked for in this request now."))
    now = clock.now()
    CorrectionRound.objects.filter(queries.OPEN_ROUND, case=case).update(**{ended: now})
    transition(entry, move, actor=actor)
    advance(case, move, actor=actor, due_on=case_clock.resume(case=case))
    held_assignment = queries.assignment_of(case)
    if held_assignment is None:  # it was released meanwhile
        queue.lock_branch_queue(entry.branch_id)
        transition(entry, "release", actor=queue.SYSTEM, reason="no_officer")
    else:
        Assignment.objects.filter(pk=held_assignment.pk).update(touched_at=now)
        if queries.is_absent(held_assignment.officer):
            queue.release(assignment=held_assignment, code="absent")
            entry.refresh_from_db()
    return entry


@transaction.atomic
def accept(*, assignment: Assignment, note_ar: str = "", note_en: str = "", without: bool = False) -> Decision:
    """Accept a case whose checklist is answered without a no, and call the `accepted` of its service.

    `without`: the officer confirms that the approval stands without the questions that do not apply. Where the service asks for a second
    signature, the decision is a proposal until a supervisor signs it. Raises Refused as `check_approvable`, `texts.note` and the service.
    """
    row, entry, actor = _lock_open_case(assignment)
    case = entry.case
    ar, en = texts.note(note_ar, note_en)
    lines = queries.checklist(case)
    check_approvable(lines, without=without)
    not_counted = {"not_applicable": codes} if (codes := [line.check.code for line in lines if line.answer == "na"]) else {}
    second = reviewable(case).second_signature(case)
    if second is not None:
        proposal = Decision(case=case, outcome="accept", note_ar=ar, note_en=en, **vars(second))
        _propose(proposal, row, entry)
        advance(case, "propose_acceptance", actor=actor, reason=second.code, data={"decision": proposal.digest, **not_counted})
        return proposal
    decision = _save_decision(Decision(case=case, outcome="accept", note_ar=ar, note_en=en), row)
    advance(case, "accept", actor=actor, data={"decision": decision.digest})
    _carry_out(decision, actor)
    record("desk.accepted", subject=case.key, actor=actor, data={"decision": decision.digest, **not_counted})
    return decision


def _carry_out(decision: Decision, actor: Actor) -> None:
    """What follows an approval that is in force. Where its service had to refuse the request after all, it has told why itself."""
    case = decision.case
    reviewable(case).accepted(case)
    queue.leave(case=case, actor=actor, code="accepted")
    case.refresh_from_db(fields=["state"])
    if case.state == WORKFLOWS[case.service].moves["countersign"].target:
        return
    context = texts.acceptance_context(case, decision.note_ar, decision.note_en)
    send(reviewable(case).accepted_message or Accepted, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)


@transaction.atomic
def propose_refusal(*, assignment: Assignment, code: str, note_ar: str = "", note_en: str = "") -> Decision:
    """Propose a refusal, which takes effect when a supervisor signs it.

    Raises Refused as `check_answered` and `texts.draft_refusal` do.
    """
    row, entry, actor = _lock_open_case(assignment)
    decision = texts.draft_refusal(entry.case, code, note_ar, note_en)
    check_answered(queries.checklist(entry.case))
    _propose(decision, row, entry)
    advance(entry.case, "propose_refusal", actor=actor, reason=code, data={"decision": decision.digest})
    return decision


def _save_decision(decision: Decision, row: Assignment) -> Decision:
    decision.made_by, decision.made_at = row.officer, clock.now()
    decision.digest = digest(decision)
    decision.save(force_insert=True)
    return decision


def _propose(decision: Decision, row: Assignment, entry: QueueEntry) -> None:
    _save_decision(decision, row)
    transition(entry, "propose", actor=actor_of(row.officer), data={"decision": decision.digest})
    _take_off_desk(row)


@transaction.atomic
def take_back(*, assignment: Assignment) -> None:
    """Void a proposal that is not signed and open its case on the desk again.

    Raises Refused("not_proposed"), and Refused("desk_taken") while another case is open.
    """
    row, entry = queue.lock_assignment(assignment)
    if entry.state != QueueEntryState.COUNTERSIGN:
        raise Refused("not_proposed", _("No proposal waits for a signature."))
    if Assignment.objects.filter(officer=row.officer, ended_at__isnull=True, on_desk=True).exists():
        raise Refused("desk_taken", _("Another case is open on the desk. Finish it first."))
    actor = actor_of(row.officer)
    proposal = _void_proposal(entry.case)
    row.on_desk, row.touched_at = True, clock.now()
    row.save(update_fields=["on_desk", "touched_at"])
    transition(entry, "take_back", actor=actor, data={"decision": proposal.digest})
    if proposal.outcome != "second_round":
        advance(entry.case, "take_back", actor=actor)
    record("desk.taken_back", subject=entry.case.key, actor=actor, data={"decision": proposal.digest})


def _void_proposal(case: Case) -> Decision:
    proposal = Decision.objects.select_for_update(of=("self",)).get(case=case, signed_at__isnull=True, voided_at__isnull=True)
    proposal.voided_at = clock.now()
    proposal.save(update_fields=["voided_at"])
    return proposal


# --- The second person -----------------------------------------------------------------------------------------------------


def _lock_proposal(decision: Decision, supervisor: User) -> tuple[Decision, Assignment, QueueEntry]:
    if not queries.is_supervisor(supervisor):
        raise NotPermitted("not_supervisor", _("Only a supervisor signs."))
    Case.objects.select_for_update(of=("self",), no_key=True).get(pk=decision.case_id)
    entry = QueueEntry.objects.select_for_update(of=("self",)).select_related("case__applicant").get(case_id=decision.case_id)
    if supervisor.branch_id != entry.branch_id:
        raise NotPermitted("other_branch", _("The decision belongs to another branch."))
    proposal = Decision.objects.select_for_update(of=("self",)).select_related("made_by").get(pk=decision.pk)
    proposal.case = entry.case
    if proposal.voided_at is not None or proposal.signed_at is not None or entry.state != QueueEntryState.COUNTERSIGN:
        raise Refused("not_proposed", _("No proposal waits for a signature."))
    if proposal.made_by_id == supervisor.pk:
        raise NotPermitted("same_person", _("The person who made a decision cannot sign it. A second person must."))
    row = Assignment.objects.select_for_update(of=("self",)).select_related("officer").get(place=entry, ended_at__isnull=True)
    return proposal, row, entry


def _answer(proposal: Decision, answers: Mapping[str, bool]) -> dict[str, bool]:
    """Store the signer's answers (by `models.desk.ANSWERS`) on a refusal; others have no questions.

    Returns them for the audit log. Raises Refused("answers_open") where one is missing.
    """
    if proposal.outcome != "refuse":
        return {}
    given = {name: answers[name] for name in ANSWERS if name in answers}
    if len(given) < len(ANSWERS):
        raise Refused("answers_open", _("First answer the 4 questions."))
    for name, answer in given.items():
        setattr(proposal, name, answer)
    return given


def sign(*, decision: Decision, supervisor: User, answers: Mapping[str, bool] | None = None) -> Decision:
    """Sign a proposal: the refusal, approval or second round takes effect and the applicant is notified.

    `decision` is what the supervisor read; Refused("words_changed") where its texts have changed. A refusal needs `answers`, a yes to
    each question (`review.signature`); Refused("answers_open"), Refused("answer_says_no"). Raises NotPermitted for its maker, another
    branch and a conflict of interest.
    """
    queue.refuse_conflict(supervisor, decision.case)
    return _sign(decision, supervisor, answers or {})


@transaction.atomic
def _sign(read_decision: Decision, supervisor: User, answers: Mapping[str, bool]) -> Decision:
    decision, row, entry = _lock_proposal(read_decision, supervisor)
    if not decision.digest == digest(decision) == read_decision.digest:
        raise Refused("words_changed", _("The text has changed since it was shown. Read it again."))
    given = _answer(decision, answers)
    if not all(given.values()):
        raise Refused("answer_says_no", _("An answer speaks against the refusal: it cannot be signed. It can go back to its officer."))
    decision.signed_by, decision.signed_at, decision.signed_digest = supervisor, clock.now(), decision.digest
    decision.save(update_fields=["signed_by", "signed_at", "signed_digest", *ANSWERS])
    case, actor = entry.case, actor_of(supervisor, "supervisor")
    data = {"outcome": decision.outcome, "decision": decision.digest, "answers": given}
    record("desk.signed", subject=case.key, actor=actor, data=data)
    if decision.outcome == "second_round":
        case_items = reviewable(case).items(case)
        _send_round(row, entry, [CorrectionText(**item) for item in decision.items], case_items, decision)
        return decision
    if decision.outcome == "accept":
        advance(case, "sign_acceptance", actor=actor, reason=decision.code, data={"decision": decision.digest})
        _carry_out(decision, actor)
        return decision
    advance(case, "countersign", actor=actor, reason=decision.code, data={"decision": decision.digest})
    reviewable(case).refused(case)
    queue.leave(case=case, actor=actor, code="refused")
    context: Mapping[str, Any] = texts.refusal_context(decision, texts.objection_deadline(case))
    message = reviewable(case).refused_message or RefusedByOfficer
    send(message, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)
    return decision


def send_back(*, decision: Decision, supervisor: User, code: str, answers: Mapping[str, bool] | None = None, words: str = "") -> None:
    """Void a proposal and return the case to its officer; of a refusal all `answers` are kept, or none where one is missing.

    `words` are for the officer, and stay in the history of the case for staff. Raises as `sign`, and Refused("unknown_code").
    """
    queue.refuse_conflict(supervisor, decision.case)
    _send_back(decision, supervisor, code, answers or {}, words.strip())


@transaction.atomic
def _send_back(decision: Decision, supervisor: User, code: str, answers: Mapping[str, bool], words: str) -> None:
    proposal, row, entry = _lock_proposal(decision, supervisor)
    case, actor = entry.case, actor_of(supervisor, "supervisor")
    texts.reason_of(case, "send_back", code)
    given = _answer(proposal, answers) if set(answers) >= set(ANSWERS) else {}
    proposal.save(update_fields=ANSWERS)
    _void_proposal(case)
    said = {"words": words} if words else {}
    transition(entry, "return", actor=actor, reason=code, data={"decision": proposal.digest, **said})
    _take_off_desk(row)
    if proposal.outcome != "second_round":
        advance(case, "return", actor=actor, reason=code, data=said)
    record("desk.sent_back", subject=case.key, actor=actor, data={"code": code, "decision": proposal.digest, "answers": given}, text=words)
