"""What an officer does with the case in their hands, and what the second person signs.

Each verb moves place, case, clock, record and message in one transaction. The officer is the one of the assignment: a page
passes only an assignment of the person who is signed in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import actor_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.kernel import clock as time
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.notifications.services import send
from municipality.review import queries, texts
from municipality.review.models import Assignment, CheckAnswer, CorrectionItem, CorrectionRound, Decision, QueueEntry
from municipality.review.notifications import Accepted, CorrectionsAsked, RefusedByOfficer
from municipality.review.registry import Item, reviewable
from municipality.review.services import clock, queue
from municipality.review.states import QueueEntryState
from municipality.review.texts import CorrectionRequest, Worded

__all__ = [
    "CorrectionRequest",
    "accept",
    "answered",
    "ask_corrections",
    "check",
    "next_to_sign",
    "propose_refusal",
    "send_back",
    "sign",
    "take_back",
]
P = QueueEntryState
_WORDS = ("outcome", "code", "article_ar", "article_en", "text_ar", "text_en", "note_ar", "note_en", "items")


def digest(decision: Decision) -> str:
    """SHA-256 over the case, the outcome and every word of a decision, in a fixed form: what a signature is given for."""
    words = {name: getattr(decision, name) for name in _WORDS} | {"case": decision.case.public_id}
    return hashlib.sha256(json.dumps(words, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


# --- The officer -----------------------------------------------------------------------------------------------------------


def _open(assignment: Assignment) -> tuple[Assignment, QueueEntry, Actor]:
    """The rows of a case that lies open on the desk, locked."""
    row, place = queue.locked(assignment)
    if place.state != P.HELD:
        raise Refused("not_on_desk", _("This case does not lie open on the desk."))
    return row, place, actor_of(row.officer)


def _put_aside(row: Assignment) -> None:
    row.on_desk, row.touched_at = False, time.now()
    row.save(update_fields=["on_desk", "touched_at"])


@transaction.atomic
def check(*, assignment: Assignment, code: str, answer: str) -> CheckAnswer:
    """Answer one question of the checklist; the newest answer holds. Raises Refused("unknown_check")."""
    row, place, actor = _open(assignment)
    asked = {line.check.code for line in queries.checklist(place.case)}
    if code not in asked or answer not in ("yes", "no", "na"):
        raise Refused("unknown_check", _("This question is not on the checklist of the case."))
    now = time.now()
    found = CheckAnswer.objects.create(case=place.case, code=code, answer=answer, officer=row.officer, at=now)
    Assignment.objects.filter(pk=row.pk).update(touched_at=now)
    record("desk.checked", subject=place.case.key, actor=actor, data={"check": code, "answer": answer})
    return found


@transaction.atomic
def ask_corrections(*, assignment: Assignment, items: Sequence[CorrectionRequest], second_code: str = "") -> CorrectionRound | Decision:
    """Ask for several things at once; the case waits for the applicant and keeps its number and its officer.

    A later round may raise only what is new since the one before: anything else needs a reason (`second_code`) and becomes a
    Decision that waits for a supervisor. Raises Refused("second_round") without that reason and as `texts.worded` does.
    """
    row, place, actor = _open(assignment)
    case = place.case
    shown = reviewable(case).items(case)
    words = texts.worded(case, items, shown)
    old = raised_before(case, words, shown)
    if not old:
        return _send_round(row, place, words, shown)
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
        items=[w.plain() for w in words],
    )
    _propose(decision, row, place)
    record("desk.second_round_proposed", subject=case.key, actor=actor, data={"code": second_code, "items": _codes(words)})
    return decision


def raised_before(case: Case, words: Sequence[Worded], shown: Sequence[Item]) -> list[Worded]:
    """Which corrections could have been asked for in the round before: their field or file stood there as it stands now.

    Always empty in the first round.
    """
    before = CorrectionRound.objects.filter(case=case).order_by("-number").first()
    if before is None:
        return []
    marks = _standing(shown)
    return [w for w in words if w.target in before.standing and before.standing[w.target] == marks[w.target]]


def _standing(shown: Sequence[Item]) -> dict[str, str]:
    return {item.name: item.mark for item in shown}


def _codes(words: Sequence[Worded]) -> list[list[str]]:
    return [[w.target, w.code] for w in words]


def _send_round(
    row: Assignment, place: QueueEntry, words: Sequence[Worded], shown: Sequence[Item], decision: Decision | None = None
) -> CorrectionRound:
    case, now = place.case, time.now()
    officer = actor_of(row.officer)
    number = CorrectionRound.objects.filter(case=case).count() + 1
    made = CorrectionRound.objects.create(
        case=case,
        number=number,
        asked_by=row.officer,
        asked_at=now,
        answer_by=texts.answer_by(case),
        standing=_standing(shown),
        raises_old=decision is not None,
        second_code=decision.code if decision else "",
        countersigned_by=decision.signed_by if decision else None,
        countersigned_at=decision.signed_at if decision else None,
    )
    fields = ("code", "target", "text_ar", "text_en", "note_ar", "note_en")
    CorrectionItem.objects.bulk_create(CorrectionItem(round=made, **{f: getattr(w, f) for f in fields}) for w in words)
    if decision is None or decision.signed_by is None:
        transition(place, "send_away", actor=officer, data={"round": number})
    else:
        transition(place, "send_signed", actor=actor_of(decision.signed_by, "supervisor"), data={"round": number})
    _put_aside(row)
    clock.pause(case=case)
    signed = {"countersigned": decision.signed_by.key} if decision and decision.signed_by else {}
    advance(case, "ask_corrections", actor=officer, data={"round": number, "items": _codes(words)} | signed)
    send(
        CorrectionsAsked,
        person=case.applicant,
        key=f"{case.public_id}:{number}",
        subject_key=case.key,
        context=texts.corrections_context(case, words, made.answer_by),
    )
    return made


@transaction.atomic
def answered(*, case: Case, actor: Actor) -> QueueEntry:
    """The applicant sent the corrections: time runs on, and the officer who asked finds a badge. Nobody else does, unless that
    officer is not there: then the case waits at its own number.

    Raises Refused("not_asked") where no round is open.
    """
    Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
    place = QueueEntry.objects.select_for_update(of=("self",)).get(case=case)
    if place.state != P.AWAY:
        raise Refused("not_asked", _("Nothing is asked for in this request now."))
    now = time.now()
    CorrectionRound.objects.filter(case=case, answered_at__isnull=True).update(answered_at=now)
    transition(place, "answer", actor=actor)
    advance(case, "answer", actor=actor, due_on=clock.resume(case=case))
    held = queries.assignment_of(case)
    if held is None:  # taken from its officer meanwhile
        queue.lock_branch_queue(place.branch_id)
        transition(place, "release", actor=queue.SYSTEM, reason="no_officer")
    else:
        Assignment.objects.filter(pk=held.pk).update(touched_at=now)
        if queries.is_absent(held.officer):
            queue.release(assignment=held, code="absent")
            place.refresh_from_db()
    return place


@transaction.atomic
def accept(*, assignment: Assignment, note_ar: str = "", note_en: str = "") -> Decision:
    """Approve: every question of the checklist is answered, none with no. The bill or whatever follows is made by the service of the
    case in the same transaction. Raises Refused("checks_open"), Refused("check_says_no") and those of `texts.note`."""
    row, place, actor = _open(assignment)
    case = place.case
    ar, en = texts.note(note_ar, note_en)
    lines = queries.checklist(case)
    if any(not line.answer for line in lines):
        raise Refused("checks_open", _("Answer every question of the checklist first."))
    if any(line.answer == "no" for line in lines):
        raise Refused("check_says_no", _("A question of the checklist is answered with no: the case cannot be approved."))
    decision = _made(Decision(case=case, outcome="accept", note_ar=ar, note_en=en), row)
    advance(case, "accept", actor=actor, data={"decision": decision.digest})
    reviewable(case).accepted(case)
    queue.leave(case=case, actor=actor, code="accepted")
    record("desk.accepted", subject=case.key, actor=actor, data={"decision": decision.digest})
    context = texts.acceptance_context(case, ar, en)
    send(Accepted, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)
    return decision


@transaction.atomic
def propose_refusal(*, assignment: Assignment, code: str, note_ar: str = "", note_en: str = "") -> Decision:
    """Refuse for a coded reason; it holds once a supervisor signs these very words. Raises Refused as `texts.draft_refusal` does."""
    row, place, actor = _open(assignment)
    decision = texts.draft_refusal(place.case, code, note_ar, note_en)
    _propose(decision, row, place)
    advance(place.case, "propose_refusal", actor=actor, reason=code, data={"decision": decision.digest})
    return decision


def _made(decision: Decision, row: Assignment) -> Decision:
    decision.made_by, decision.made_at = row.officer, time.now()
    decision.digest = digest(decision)
    decision.save(force_insert=True)
    return decision


def _propose(decision: Decision, row: Assignment, place: QueueEntry) -> None:
    _made(decision, row)
    transition(place, "propose", actor=actor_of(row.officer), data={"decision": decision.digest})
    _put_aside(row)


@transaction.atomic
def take_back(*, assignment: Assignment) -> None:
    """The officer changes a proposal before it is signed: it falls, and the case lies on the desk again.

    Raises Refused("not_proposed"), and Refused("desk_taken") while another case lies there.
    """
    row, place = queue.locked(assignment)
    if place.state != P.COUNTERSIGN:
        raise Refused("not_proposed", _("No proposal waits for a signature."))
    if Assignment.objects.filter(officer=row.officer, ended_at__isnull=True, on_desk=True).exists():
        raise Refused("desk_taken", _("Another case lies open on the desk. Finish it first."))
    actor = actor_of(row.officer)
    fallen = _void(place.case)
    row.on_desk, row.touched_at = True, time.now()
    row.save(update_fields=["on_desk", "touched_at"])
    transition(place, "take_back", actor=actor, data={"decision": fallen.digest})
    if fallen.outcome == "refuse":
        advance(place.case, "take_back", actor=actor)
    record("desk.taken_back", subject=place.case.key, actor=actor, data={"decision": fallen.digest})


def _void(case: Case) -> Decision:
    found = Decision.objects.select_for_update(of=("self",)).get(case=case, signed_at__isnull=True, voided_at__isnull=True)
    found.voided_at = time.now()
    found.save(update_fields=["voided_at"])
    return found


# --- The second person -----------------------------------------------------------------------------------------------------


def next_to_sign(*, supervisor: Any) -> Decision | None:
    """The oldest proposal that waits for this person. Raises NotPermitted for one who is no supervisor."""
    if not queries.is_supervisor(supervisor):
        raise NotPermitted("not_supervisor", _("Only a supervisor signs."))
    return queries.to_sign(supervisor).first()


def _to_be_signed(decision: Decision, supervisor: Any) -> tuple[Decision, Assignment, QueueEntry]:
    if not queries.is_supervisor(supervisor):
        raise NotPermitted("not_supervisor", _("Only a supervisor signs."))
    Case.objects.select_for_update(of=("self",), no_key=True).get(pk=decision.case_id)
    place = QueueEntry.objects.select_for_update(of=("self",)).select_related("case__applicant").get(case_id=decision.case_id)
    if supervisor.branch_id != place.branch_id:
        raise NotPermitted("other_branch", _("The decision belongs to another branch."))
    found = Decision.objects.select_for_update(of=("self",)).select_related("made_by").get(pk=decision.pk)
    found.case = place.case
    if found.voided_at is not None or found.signed_at is not None or place.state != P.COUNTERSIGN:
        raise Refused("not_proposed", _("No proposal waits for a signature."))
    if found.made_by_id == supervisor.pk:
        raise NotPermitted("same_person", _("Whoever made a decision cannot sign it. A second person does."))
    row = Assignment.objects.select_for_update(of=("self",)).select_related("officer").get(place=place, ended_at__isnull=True)
    return found, row, place


def sign(*, decision: Decision, supervisor: Any) -> Decision:
    """Sign exactly the words of a proposal. The refusal, or the second round, holds from now on and the applicant is told.

    `decision` is what the person read: other words than those are not signed (Refused("words_changed")). Raises NotPermitted for
    the maker, another branch and a tied person.
    """
    queue.refuse_conflict(supervisor, decision.case)
    return _sign(decision, supervisor)


@transaction.atomic
def _sign(read: Decision, supervisor: Any) -> Decision:
    decision, row, place = _to_be_signed(read, supervisor)
    if not decision.digest == digest(decision) == read.digest:
        raise Refused("words_changed", _("The words changed since they were shown. Read them again."))
    decision.signed_by, decision.signed_at, decision.signed_digest = supervisor, time.now(), decision.digest
    decision.save(update_fields=["signed_by", "signed_at", "signed_digest"])
    case, actor = place.case, actor_of(supervisor, "supervisor")
    record("desk.signed", subject=case.key, actor=actor, data={"outcome": decision.outcome, "decision": decision.digest})
    if decision.outcome == "second_round":
        shown = reviewable(case).items(case)
        _send_round(row, place, [Worded(**item) for item in decision.items], shown, decision)
        return decision
    advance(case, "countersign", actor=actor, reason=decision.code, data={"decision": decision.digest})
    reviewable(case).refused(case)
    queue.leave(case=case, actor=actor, code="refused")
    context: Mapping[str, Any] = texts.refusal_context(decision, texts.object_by(case))
    send(RefusedByOfficer, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)
    return decision


def send_back(*, decision: Decision, supervisor: Any, code: str) -> None:
    """Do not sign: the proposal falls, and its officer finds the case among the answered ones. Raises as `sign`, and
    Refused("unknown_code")."""
    queue.refuse_conflict(supervisor, decision.case)
    _send_back(decision, supervisor, code)


@transaction.atomic
def _send_back(decision: Decision, supervisor: Any, code: str) -> None:
    found, row, place = _to_be_signed(decision, supervisor)
    case, actor = place.case, actor_of(supervisor, "supervisor")
    texts.reason_of(case, "send_back", code)
    _void(case)
    transition(place, "return", actor=actor, reason=code, data={"decision": found.digest})
    _put_aside(row)
    if found.outcome == "refuse":
        advance(case, "return", actor=actor, reason=code)
    record("desk.sent_back", subject=case.key, actor=actor, data={"code": code, "decision": found.digest})
