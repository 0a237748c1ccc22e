"""Rows for the tables of the review by an officer and of amounts owed back: one of everything that their guards speak of."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import transaction

from licensing.health.appeals.registry import APPEALABLES
from licensing.models import Appeal, BatchLine, Lane, Renewal, RenewalBatch, RenewalChange
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock, ids
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.kernel.workflow import WORKFLOWS
from municipality.places.models import Branch
from municipality.review.models import Assignment, Decision
from municipality.rulebook.models import InspectionRule
from payments.models import Allocation, Bill, RefundDue
from payments.rules import DEPOSITS
from payments.services import owe_deposit
from shops.models import RegisterChange, Shop
from tests.architecture import board_data, holder_data, inspection_data, new_licence_data, review_data
from tests.factories.shops import ShopFactory

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

BY = system("tests")
# An amount can be owed only for a payment that is there: a row made by hand takes one that nobody has written down yet.
OWED_FOR = {
    ("payments_refunddue", "attempt_id"): "(SELECT MAX(t.id) FROM payments_attempt t WHERE t.state = 'refund_due')",
    ("payments_refunddue", "fils"): "(SELECT t.fils FROM payments_attempt t WHERE t.state = 'refund_due' ORDER BY t.id DESC LIMIT 1)",
    **inspection_data.KEPT,
}
RULES = (InspectionRule,)
ENDS = {"licensing_inspection": "cancelled"}


def refund(sample: Sample) -> RefundDue:
    """An amount owed back for a bill that was paid just now."""
    from tests.architecture import state_changes

    like = Bill.objects.get(pk=sample.owner.due.pk)
    like.pk = None
    like.public_id, like.reference = ids.public_id(), f"BIL-2026-{900_000 + Bill.objects.count()}-X"
    like.subject = f"case:{ids.public_id()}"  # of a request of its own: a paid one is no longer withdrawn
    like._state.adding = True
    like.save()
    state_changes.walk(like, "paid", sample)
    return _owed(Allocation.objects.get(bill=like, is_settled=True))


def _owed(allocation: Allocation) -> RefundDue:
    return RefundDue.objects.create(
        attempt=allocation.attempt,
        allocation=allocation,
        payer=allocation.bill.payer,
        subject=allocation.bill.subject,
        fils=allocation.fils,
        reason="tests",
        due_since=clock.now(),
    )


def fill(sample: Sample) -> None:
    """Amounts owed back in both states, a declared change, a change of the register, facts and a refusal that are set once."""
    from tests.architecture import state_changes

    refund(sample)
    for row in (refund(sample), refund(sample)):
        with transaction.atomic():
            transition(row, "release", actor=BY, reason="tests")
    for state in ("paid_out", "approved", "proposed"):
        state_changes.walk(refund(sample), state, sample)
    state_changes.walk(state_changes.fresh_attempt(sample), "refund_due", sample)
    renewal = Renewal.objects.get(case=sample.owner.issued)
    refusal = state_changes.fresh_document(sample, "HRF-HA-2026-999999-X")
    Renewal.objects.filter(pk=renewal.pk).update(accepted_facts={"area_m2": "80"}, refusal=refusal)
    appeal = _appealed(sample)
    transition(review_data.case(sample), "withdraw", actor=BY, is_open=False, closed_at=clock.now())  # the newest case is a closed one
    Appeal.objects.filter(pk=appeal.pk).update(decision=state_changes.fresh_document(sample, "HAD-JA-2026-999999-X"))
    RenewalChange.objects.create(renewal=renewal, name="area_m2", before={}, after={"area_m2": 80}, at=clock.now())
    RegisterChange.objects.create(
        shop=sample.owner.shop, name="area_m2", before={}, after={"area_m2": 80}, source="case:x", actor_key=BY.key, at=clock.now()
    )


def fresh_appeal(sample: Sample) -> Case:
    """A case of an appeal in its first state."""
    like = Case.objects.get(pk=sample.owner.waiting.pk)
    like.pk = like.last_event = None
    number = Case.objects.count()
    like.public_id, like.reference, like.subject = f"a{number:025d}", f"APL-2026-9{number:05d}-X", f"shop:appeal{number}"
    like.service, like.branch = "licensing.appeal", Branch.objects.get(pk="JA")
    like.state = WORKFLOWS[like.service].initial
    like._state.adding = True
    like.save()
    return like


def fresh_act(sample: Sample, service: str) -> Case:
    """A case of a change or a duplicate in its first state, about a shop that has no other."""
    like = Case.objects.get(pk=sample.owner.waiting.pk)
    like.pk = like.last_event = None
    number = Case.objects.count()
    like.public_id, like.reference, like.subject = f"l{number:025d}", f"HL-2026-8{number:05d}-X", f"shop:act{number}"
    like.service, like.state, like.is_open, like.closed_at = service, WORKFLOWS[service].initial, True, None
    like._state.adding = True
    like.save()
    return like


def _act(sample: Sample, act: str, **different: Any) -> Renewal:
    """A change or a duplicate of the licence of the sample, by hand."""
    held = Renewal.objects.get(case=sample.owner.issued).licence
    case = different.pop("case", None) or fresh_act(sample, f"licensing.{act}")
    lane = Lane.CLEAN if act == "duplicate" else Lane.OFFICER
    days = {"first_day": held.first_day, "last_day": held.last_day} | different
    return Renewal.objects.create(case=case, act=act, licence=held, declared_at=clock.now(), lane=lane, **days)


def _fact_of_a_duplicate(sample: Sample) -> None:
    RenewalChange.objects.create(renewal=_act(sample, "duplicate"), name="area_m2", after={"area_m2": 1}, at=clock.now())


def _second_act(sample: Sample) -> None:
    first = fresh_act(sample, "licensing.duplicate")
    second = Case.objects.get(pk=first.pk)
    second.pk = second.last_event = None
    second.public_id, second.reference, second.service = "k" * 26, "HL-2026-899999-X", "licensing.change"
    second._state.adding = True
    second.save()


def _second_act_reopened(sample: Sample) -> None:
    """A refused change is opened again after an appeal, while a duplicate of the same licence is asked for."""
    from tests.architecture import state_changes

    first = fresh_act(sample, "licensing.change")
    move, source, _target = state_changes.path_to(first.service, "refused")[-1]
    state_changes.walk(first, source, sample)
    transition(first, move, actor=BY, reason="tests", is_open=False, closed_at=clock.now())
    second = Case.objects.get(pk=first.pk)
    second.pk = second.last_event = None
    second.public_id, second.reference, second.service, second.state = "k" * 26, "HL-2026-899999-X", "licensing.duplicate", "draft"
    second.is_open, second.closed_at, second._state.adding = True, None, True
    grounds(first, "awaiting_payment", sample)
    second.save()
    transition(first, "allow_appeal", actor=BY, is_open=True, closed_at=None)


def renewal_of(sample: Sample, case: Case) -> Renewal:
    """A renewal or a change that an officer decides, for a case of its own."""
    held = Renewal.objects.get(case=sample.owner.issued)
    act = case.service.partition(".")[2]
    return Renewal.objects.create(
        case=case,
        act=act,
        licence=held.licence,
        first_day=held.licence.first_day,
        last_day=held.last_day if act == "renewal" else held.licence.last_day,
        declared_at=clock.now(),
        lane=Lane.OFFICER,
        flags=["in_time"],
    )


def appeal_against(sample: Sample, refused: Case, case: Case, refusal: Decision) -> Appeal:
    return Appeal.objects.create(
        case=case,
        refusal=refusal,
        unit=refused.branch,
        words="x",
        answer_by=clock.today(),
        filed_at=clock.now(),
    )


def grounds(row: Case, target: str, sample: Sample) -> None:
    """A request is opened again after an appeal that was allowed."""
    from tests.architecture import state_changes

    board_data.grounds(row, target, sample)
    new_licence_data.grounds(row, target, sample)
    if row.service not in APPEALABLES or (row.state, target) not in (("refused", "awaiting_payment"), ("refused", "location_approved")):
        return
    case = state_changes.walk(fresh_appeal(sample), "allowed", sample)
    decided = review_data.refusal_of(row, sample.queue.officer, sample.queue.supervisor)  # type: ignore[attr-defined]
    appeal_against(sample, row, case, decided)


def _appealed(sample: Sample) -> Appeal:
    """An appeal against what the officer of the queue refused, in the queue of another branch."""
    decided = sample.queue.decided.case  # type: ignore[attr-defined]
    found = Appeal.objects.filter(refusal__case=decided).first()
    if found is not None:
        return found
    refusal = Decision.objects.get(case=decided, voided_at__isnull=True)
    return appeal_against(sample, decided, fresh_appeal(sample), refusal)


def _appeal_at_home(sample: Sample) -> None:
    decided, case = review_data.case(sample), fresh_appeal(sample)
    Case.objects.filter(pk=case.pk).update(branch=decided.branch)
    refusal = review_data.refusal_of(decided, sample.queue.officer, sample.queue.supervisor)  # type: ignore[attr-defined]
    appeal_against(sample, decided, case, refusal)


def _refuser_in_the_other_branch(sample: Sample) -> User:
    refuser: User = sample.queue.officer  # type: ignore[attr-defined]
    User.objects.filter(pk=refuser.pk).update(branch="JA")
    return refuser


def _assigned_to_the_refuser(sample: Sample) -> None:
    case, now = _appealed(sample).case, clock.now()
    transition(case, "send", actor=BY)
    place = review_data.place_of(case)
    Assignment.objects.create(place=place, officer=_refuser_in_the_other_branch(sample), drawn_at=now, touched_at=now, on_desk=False)


def _decided_by_the_refuser(sample: Sample) -> None:
    Decision.objects.create(case=_appealed(sample).case, made_by=_refuser_in_the_other_branch(sample), **review_data.words())


def _signed_by_the_refuser(sample: Sample) -> None:
    other = sample.queue.elsewhere  # type: ignore[attr-defined]
    made = Decision.objects.create(case=_appealed(sample).case, made_by=other, **review_data.words())
    refuser = _refuser_in_the_other_branch(sample)
    review_data.sign(made, refuser, **review_data.ALL_YES)


def _opened_again_by_nobody(sample: Sample) -> None:
    transition(sample.queue.decided.case, "allow_appeal", actor=BY, is_open=True, closed_at=None)  # type: ignore[attr-defined]


def batch(person: User, shop: Shop) -> RenewalBatch:
    """Renewals in one act, of which one was refused."""
    row = RenewalBatch.objects.create(person=person, created_at=clock.now())
    BatchLine.objects.create(batch=row, number=1, kind="health", shop=shop, fils=10_000, state="refused", reason_ar="س", reason_en="r")
    RenewalBatch.objects.filter(pk=row.pk).update(finished_at=clock.now())
    row.refresh_from_db()
    return row


def _finished_while_a_line_waits(sample: Sample) -> None:
    row = RenewalBatch.objects.create(person=sample.stranger.person, created_at=clock.now())
    BatchLine.objects.create(batch=row, number=1, kind="health", shop=sample.owner.shop, fils=10_000)
    RenewalBatch.objects.filter(pk=row.pk).update(finished_at=clock.now())


def licence_of_a_former_holder(sample: Sample) -> None:
    """A duplicate is issued to somebody who does not hold the shop any more."""
    row = _act(sample, "duplicate")
    Shop.objects.filter(pk=row.licence.shop_id).update(owner=sample.stranger.person)
    Renewal.objects.filter(pk=row.pk).update(new_licence=row.licence)


def _refused_though_its_shop_is_held(sample: Sample) -> None:
    """One person refuses what an officer studies, without a decision."""
    case = fresh_act(sample, "licensing.change")
    ShopFactory(public_id=case.subject.partition(":")[2], owner=case.applicant, commercial_license_no="2020/899999")
    transition(case, "send_to_officer", actor=BY)
    transition(case, "refuse", actor=BY, reason="tests", is_open=False, closed_at=clock.now())


BY_HAND: dict[str, Callable[[Sample], Any]] = {
    "licensing_renewalbatch_finished": _finished_while_a_line_waits,
    **board_data.BY_HAND,
    **new_licence_data.BY_HAND,
    **inspection_data.BY_HAND,
    **holder_data.BY_HAND,
    "licensing_appeal_elsewhere": _appeal_at_home,
    "review_assignment_appeal": _assigned_to_the_refuser,
    "review_decision_appeal_made": _decided_by_the_refuser,
    "review_decision_appeal_signed": _signed_by_the_refuser,
    "cases_caseevent_appeal_allowed": _opened_again_by_nobody,
    "licensing_renewalchange_not_of_duplicate": _fact_of_a_duplicate,
    "licensing_renewal_act": lambda sample: _act(sample, "change", case=fresh_act(sample, "licensing.duplicate")),
    "licensing_renewal_same_end": lambda sample: _act(sample, "change", last_day=clock.today().replace(year=2090)),
    "cases_case_one_act_insert": _second_act,
    "cases_case_one_act_update": _second_act_reopened,
    "licensing_renewal_of_holder": licence_of_a_former_holder,
    "cases_caseevent_former_holder": _refused_though_its_shop_is_held,
}


def owed_for_nothing(sample: Sample) -> None:
    """An amount for a payment that never came."""
    from tests.architecture import state_changes

    attempt = state_changes.fresh_attempt(sample)
    allocation = Allocation.objects.create(attempt=attempt, bill=sample.owner.due, fils=attempt.fils)
    _owed(allocation)


def returned_with_its_deposit(sample: Sample) -> None:
    """A whole bill, one deposit of which was returned before."""
    from tests.architecture import state_changes

    bill = Bill.objects.get(pk=sample.owner.due.pk)
    bill.pk = None
    bill.public_id, bill.reference, bill.subject = ids.public_id(), "BIL-2026-990000-X", f"case:{ids.public_id()}"
    bill._state.adding = True
    bill.save()
    line = Bill.objects.get(pk=sample.owner.due.pk).lines.order_by("order")[0]
    line.pk, line.bill, line.revenue_account = None, bill, DEPOSITS
    line._state.adding = True
    line.save()
    state_changes.walk(bill, "paid", sample)
    owe_deposit(line=line, reason="tests", actor=BY)
    _owed(Allocation.objects.get(bill=bill, is_settled=True))


def licence_without_acceptance(sample: Sample) -> Any:
    """A licence is linked to a renewal that an officer was to decide and did not."""
    held = Renewal.objects.get(case=sample.owner.issued)
    made = renewal_of(sample, review_data.case(sample))
    Renewal.objects.filter(pk=made.pk).update(new_licence=held.licence)
