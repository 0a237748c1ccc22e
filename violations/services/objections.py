"""Objections: filed by the party, decided in a branch that did not write the violation report, which its inspector may defend."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.delegation.authorization import authorize
from municipality.incidents import queries as incidents
from municipality.jobs import sweeps
from municipality.jobs.services import enqueue
from municipality.kernel import clock, worktime
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.review import queries as review
from municipality.review.registry import LegalTime
from municipality.review.services import case_clock, corrections, desk, queue
from municipality.review.services.other_branch import Lot, choose_branch_by_lot
from municipality.rulebook import queries as rulebook
from municipality.uploads import queries as uploads
from municipality.uploads import services as upload_services
from violations import queries
from violations.models import Addition, Defence, Objection, Violation
from violations.notifications import ObjectionFiled, ObjectionRefused, ObjectionUpheld, notify, notify_supervisors
from violations.services import blocks, delegates, documents, repetition, settlements, terms
from violations.services.periods import limits_of, record_known
from violations.states import OBJECTION, STUDIED, ObjectionState, ViolationState

V = ViolationState
ME = system("violations")
SKILL = "objections"
BACK = {V.ORDERED: "back_to_settlement", V.OVERDUE: "back_to_overdue", V.UNSETTLEABLE: "back_to_charge"}
NOT_MINE = "not_mine"  # a ground, and the option of the same name
MAX_WORDS = 4000  # characters


def answer_by() -> dt.date:
    """The day until which an objection of today is answered; silence after it is a refusal."""
    return clock.today() + dt.timedelta(days=queries.limits()["objection_answer_days"])


@transaction.atomic
def file(*, violation: Violation, person: User, ground: str, words: str, lot: Lot = secrets.choice) -> Objection:
    """File an objection: payment pauses, blocks end, and an officer of another branch decides.

    Within the settlement period it keeps the settlement amount. A notice that was not served yet is served by it. `lot` chooses the
    branch (the demo has its own). The applicant is the party, also for a delegate. Raises NotPermitted, Refused: unknown_ground, no_words,
    too_long, files_waiting, or as `terms.require_option`.
    """
    row, access = terms.authorized_row(violation, person, "object")
    if ground == NOT_MINE:
        delegates.require_open(access, NOT_MINE)
    terms.require_option(row, "object")
    today = clock.today()
    grounds = {reason.code for reason in rulebook.edition(queries.REPLIES, today).reasons_of("ground")}
    if ground not in grounds:
        raise Refused("unknown_ground", _("Please choose the ground of the objection."))
    words = words.strip()
    if not words:
        raise Refused("no_words", _("Please write the text of the objection."))
    if len(words) > MAX_WORDS:
        raise Refused("too_long", _("Please shorten the objection to 4,000 characters."))
    upload_services.refuse_waiting(row.key, "objection")
    record_known(row, person)
    periods = queries.limits()
    branch, candidates = choose_branch_by_lot(row.branch_id, lot, skill=SKILL)
    actor = access.actor
    settlements.cancel_bills(row, actor=actor, reason="objection", in_review=True)  # objecting needs no money
    case = open_case(
        service=OBJECTION,
        subject=row.key,
        title_ar=row.offence_facts["name_ar"],
        title_en=row.offence_facts["name_en"],
        applicant=access.person,
        organisation=row.shop.organisation if row.shop is not None and queries.is_of_holder(row) else None,
        branch=branch,
        series="OBJ",
        editions=[*rulebook.editions([queries.LIMITS, queries.REPLIES, queries.CHECKS], today), rulebook.calendar_edition()],
        actor=actor,
        due_on=case_clock.promised_day(rulebook.edition("limits.review", today)),
        held_under=row.shop.key if row.shop is not None else "",
    )
    objection = Objection.objects.create(
        case=case,
        violation=row,
        ground=ground,
        words=words,
        origin=row.state,
        keeps_price=row.state == V.ORDERED,
        answer_by=answer_by(),
        defend_by=worktime.add_working_days(rulebook.calendar(), today, periods["evidence_working_days"]),
        draw={"issued_by": row.branch_id, "among": candidates},
        filed_at=clock.now(),
    )
    transition(row, "object", actor=delegates.actor_for(access), data={"case": case.reference})
    advance(case, "send", actor=actor)
    queue.join(case=case, actor=actor)
    blocks.lift(row, reason="objection")
    record("objection.filed", subject=row.key, actor=actor, data={"case": case.key, "ground": ground, "branch": branch.pk})
    enqueue(
        "violations.close_defence",
        key=case.public_id,
        due_at=clock.start_of(objection.defend_by + dt.timedelta(days=1)),
        objection_id=objection.pk,
    )
    enqueue(
        "violations.lapse_objection",
        key=case.public_id,
        due_at=clock.start_of(objection.answer_by + dt.timedelta(days=1)),
        objection_id=objection.pk,
    )
    notify(ObjectionFiled, row, key="objection", case=case, promised=case.due_on, until=objection.answer_by)
    return objection


@transaction.atomic
def defend(*, objection: Objection, inspector: User, words: str) -> Defence:
    """Add the inspector's defence of the violation report. Raises NotPermitted for anybody else, Refused: no_words, too_late, defended."""
    require_group(inspector, "inspector")
    row = Objection.objects.select_for_update(of=("self",)).select_related("violation__inspector", "case").get(pk=objection.pk)
    if not may_defend(row.violation, inspector):
        raise NotPermitted("not_writer", _("Only whoever wrote the violation report defends it."))
    if not words.strip():
        raise Refused("no_words", _("Please write what defends the violation report."))
    if hasattr(row, "defence"):
        raise Refused("defended", _("The violation report has already been defended."))
    if clock.today() > row.defend_by or row.case.state not in STUDIED:
        raise Refused("too_late", _("The working days for defending this violation report are over."))
    defence = Defence.objects.create(objection=row, words=words.strip()[:MAX_WORDS], at=clock.now(), by=inspector.key)
    record("objection.defended", subject=row.case.key, actor=Actor("inspector", inspector.key))
    return defence


def may_defend(violation: Violation, inspector: User) -> bool:
    """Whether a user wrote the violation report; for a legacy fine, whether they are an inspector of its branch today."""
    if violation.inspector is not None:
        return violation.inspector.user_id == inspector.pk
    return queries.warrants_on(clock.today()).filter(user=inspector, team__branch=violation.branch_id).exists()


@transaction.atomic
def close_defence(*, objection_id: int) -> None:
    """Mark a case as undefended when the working days for the defence are over, which proposes annulment and tells the supervisors."""
    row = Objection.objects.select_for_update(of=("self",)).select_related("case", "violation").get(pk=objection_id)
    if hasattr(row, "defence") or row.is_undefended or row.case.state not in STUDIED or clock.today() <= row.defend_by:
        return
    Objection.objects.filter(pk=row.pk).update(is_undefended=True)
    record("objection.undefended", subject=row.case.key, actor=ME, data={"defend_by": row.defend_by.isoformat()})
    notify_supervisors(row.violation, row.case, row.defend_by)


@transaction.atomic
def answer(*, objection: Objection, person: User, words: str) -> None:
    """Answer the questions of the deciding officer, in words or with new files.

    Raises NotPermitted, Refused: not_asked, no_words (neither words nor a new file that can be read), too_long,
    files_waiting.
    """
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=objection.case_id)
    round_ = review.open_round(case)
    access = authorize(person, case)
    delegates.require_open(access, "answer")
    if round_ is None or case.state != ObjectionState.CORRECTIONS:
        raise Refused("not_asked", _("Nothing is asked for in this request now."))
    upload_services.refuse_waiting(objection.violation.key, "objection")
    words = words.strip()
    new_files = uploads.ready(objection.violation.key, "objection").filter(created_at__gte=round_.asked_at).exists()
    if not words and not new_files:
        raise Refused("no_words", _("Please answer in words or add a file."))
    if len(words) > MAX_WORDS:
        raise Refused("too_long", _("Please shorten the objection to 4,000 characters."))
    Addition.objects.create(objection=objection, round=round_.number, words=words, at=clock.now())
    desk.receive_answer(case=case, actor=access.actor)
    record("objection.answered", subject=case.key, actor=access.actor, data={"round": round_.number})


def legal_time(case: Case) -> LegalTime:
    """Silence after the last day to answer is a refusal; a question leaves the promised working days of the study before it."""
    last_day = Objection.objects.values_list("answer_by", flat=True).get(case=case)
    days, calendar = review.limits(case).limits["promise_working_days"].value, rulebook.calendar()
    day = last_day
    while worktime.add_working_days(calendar, day, days) > last_day:
        day -= dt.timedelta(days=1)
    return LegalTime(last_day, day)


def go_on_unanswered() -> int:
    """Give objections back to their officers whose questions nobody answered in time; they decide on the file. Returns how many."""
    if incidents.are_held():
        return 0
    overdue = review.overdue_rounds().filter(case__service=OBJECTION)
    return sweeps.for_each("violations.go_on", list(overdue.values_list("case", flat=True)), _go_on)


def _go_on(case_id: int) -> bool:
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case_id)
    if case.state != ObjectionState.CORRECTIONS or not review.overdue_rounds().filter(case=case).exists():
        return False
    corrections.go_on(case=case, actor=ME)
    return True


def objection_of(case: Case) -> Objection:
    """Raises Objection.DoesNotExist."""
    return Objection.objects.select_related("violation__shop", "violation__inspector__user", "violation__party", "case__applicant").get(
        case=case
    )


def upheld(case: Case) -> None:
    """An objection was upheld: annul the violation report. In the transaction of the decision."""
    objection = objection_of(case)
    row = _violation(objection)
    code = "undefended" if objection.is_undefended else "objection_upheld"
    transition(row, "uphold_objection", actor=ME, reason=code, data={"case": case.reference})
    record("violation.annulled", subject=row.key, actor=ME, data={"code": code, "case": case.key})
    returned = settlements.give_back(row, actor=ME, reason="decision_annulled")
    documents.revoke_notice(row, reason="report_annulled", actor=ME)
    blocks.lift(row, reason="annulled")
    repetition.recompute_after(row)
    enqueue("violations.objection_document", key=case.public_id, case_id=case.pk)
    notify(ObjectionUpheld, row, key="upheld", without=_told(case), case=case, note="", returned=returned)


def refused(case: Case) -> None:
    """An objection was refused. In the transaction of the decision."""
    objection = objection_of(case)
    end_unsuccessful(objection, reason="objection_refused")
    enqueue("violations.objection_document", key=case.public_id, case_id=case.pk)
    context = _after_refusal(objection)
    notify(ObjectionRefused, objection.violation, key="refused", without=_told(case), case=case, silent=False, reason="", **context)


def _told(case: Case) -> list[User]:
    """Who has the message of the decision, with the officer's note: the applicant, or who signs once they left the organisation."""
    return cases.recipients(case.key, case.applicant)


def message_context(case: Case) -> dict[str, Any]:
    """What the messages of a decision say beyond its reasons."""
    objection = objection_of(case)
    row = objection.violation
    common = {"violation": row, "offence": row.rule, "silent": False, "returned": settlements.given_back(row)}
    return common | _after_refusal(objection)


def _after_refusal(objection: Objection) -> dict[str, Any]:
    """The last days after a refusal of today: to go to court, and to settle, None where the settlement is over."""
    row = objection.violation
    until = row.settle_until if row.state == V.ORDERED else _kept_price_until(objection)
    court_until = clock.today() + dt.timedelta(days=limits_of(objection.case)["court_days"])
    return {"court_until": court_until, "settle_until": until}


def _kept_price_until(objection: Objection) -> dt.date | None:
    """The last day to settle at the amount of before the objection, if it were refused today."""
    if not objection.keeps_price or objection.violation.settle_until is None:
        return None
    until = clock.today() + dt.timedelta(days=limits_of(objection.case)["kept_price_days"])
    return max(until, objection.violation.settle_until)


def _violation(objection: Objection) -> Violation:
    return Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=objection.violation_id)


def end_unsuccessful(objection: Objection, *, reason: str) -> None:
    """Return the violation to the state before the objection; a kept settlement amount stays open for `kept_price_days`."""
    row = _violation(objection)
    periods = limits_of(objection.case)
    changes: dict[str, Any] = {}
    today = clock.today()
    if objection.keeps_price:
        objection.violation = row
        changes["settle_until"] = _kept_price_until(objection)
    if row.block_from is not None and row.block_from <= today + dt.timedelta(days=periods["kept_price_days"]):
        changes["block_from"] = today + dt.timedelta(days=periods["kept_price_days"] + 1)
    data = {name: value.isoformat() for name, value in changes.items() if value is not None}
    transition(row, BACK[V(objection.origin)], actor=ME, reason=reason, data=data, **changes)
    objection.violation = row


@transaction.atomic
def lapse(*, objection_id: int) -> None:
    """Refuse an objection that was not answered in the legal time (Decree-Law 75/2025 by analogy)."""
    objection = Objection.objects.select_related("case").get(pk=objection_id)
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=objection.case_id)
    if case.state not in STUDIED or clock.today() <= objection.answer_by:
        return
    advance(case, "lapse", actor=ME)
    queue.leave(case=case, actor=ME, code="lapsed")
    end_unsuccessful(objection, reason="objection_lapsed")
    record("objection.lapsed", subject=case.key, actor=ME, data={"answer_by": objection.answer_by.isoformat()})
    notify(ObjectionRefused, objection.violation, key="lapsed", case=case, silent=True, reason="", **_after_refusal(objection))


@transaction.atomic
def withdraw(*, objection: Objection, person: User) -> None:
    """Withdraw an objection. Raises NotPermitted (also for a delegate), TransitionRefused once it is decided."""
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=objection.case_id)
    access = authorize(person, case)
    delegates.require_open(access, "withdraw")
    advance(case, "withdraw", actor=access.actor)
    queue.leave(case=case, actor=access.actor, code="withdrawn")
    end_unsuccessful(Objection.objects.get(pk=objection.pk), reason="objection_withdrawn")
