"""Attacks on what the database refuses of violations."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.db import transaction

from municipality.fieldwork.models import Evidence
from municipality.kernel import clock, ids
from municipality.places.models import Branch
from municipality.review.models import CorrectionRound
from payments.models import Allocation, Attempt, RefundDue
from payments.rules import new_trackid
from tests.factories.uploads import UploadFactory
from violations.models import (
    Annulment,
    AppealRuling,
    Charge,
    ChargeKind,
    Judgment,
    Objection,
    Referral,
    Relief,
    Service,
    ServiceGround,
    StopLift,
    Violation,
    ViolationEvent,
    WriterAnnulment,
)

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

# A row made by hand stays against the same shop: a violation is against somebody.
from tests.architecture.violation_data import _charge, _pay, annulment, bill, fresh, fresh_objection, fresh_plan, proposal, visit_like


def _by_whoever(sample: Sample) -> None:
    """A violation report of a branch whose team its writer is not of."""
    like = Violation.objects.get(pk=sample.fines.served.pk)
    like.pk = like.last_event = like.notice = like.number = None
    like.public_id, like.visit, like.state = ids.public_id(), visit_like(like), "recorded"
    like.branch = Branch.objects.exclude(pk="HA").order_by("pk")[0]
    like._state.adding = True
    like.save()


def _on_the_visit_of_another_time(sample: Sample) -> None:
    """A violation report that names another time than its visit."""
    like = fresh(sample, save=False)
    like.seen_at -= dt.timedelta(minutes=1)
    like.save()


def _evidence_of_an_unknown_kind(sample: Sample) -> None:
    row = Evidence.objects.get(visit=sample.fines.served.visit_id)
    row.pk, row.kind, row.upload = (
        None,
        "other",
        UploadFactory(owner=sample.fines.inspector, subject=sample.fines.served.key, slot="photos"),
    )
    row._state.adding = True
    row.save()


def _evidence_removed(sample: Sample) -> None:
    """The photo of a report is taken away, by an event as it must be."""
    from tests.architecture import state_changes

    upload = Evidence.objects.get(visit=sample.fines.served.visit_id).upload
    state_changes.update_with(upload, "removed", state_changes.event(upload, "remove", upload.state, "removed"))


def _without_ground(state: str, *path: str) -> Any:
    """A legal move to a state, by an event as it must be, on no ground at all."""

    def attack(sample: Sample) -> None:
        from tests.architecture import state_changes

        row = state_changes.walk(fresh(sample), path[0], sample)
        with transaction.atomic():
            state_changes.transition(row, path[1], actor=state_changes.BY, reason="tests")

    attack.__name__ = f"{state}_without_ground"
    return attack


def _charge_of_a_judgment_before_it(sample: Sample) -> None:
    """Another kind of sum than the state of the violation makes payable."""
    row = sample.fines.guarded.ordered  # type: ignore[attr-defined]
    _charge(row, sample, ChargeKind.COURT, judgment=sample.fines.guarded.judged.judgment)  # type: ignore[attr-defined]


def _charge_of_another_sum(sample: Sample) -> None:
    row = sample.fines.guarded.ordered  # type: ignore[attr-defined]
    order = row.orders.get()
    Charge.objects.create(
        violation=row, bill=bill(row, sample, order.fils - 1000), kind=ChargeKind.SETTLEMENT, order=order, made_at=clock.now()
    )


def _visitor_pays_a_licence(sample: Sample) -> None:
    """A payment that nobody signed in for, of a bill that is not of a violation."""
    bill = sample.owner.due
    attempt = Attempt.objects.create(trackid=new_trackid(), fils=bill.total_fils, language="ar", session_digest="x", created_at=clock.now())
    Allocation.objects.create(attempt=attempt, bill=bill, fils=bill.total_fils, is_open=False)


def _objection_at_home(sample: Sample) -> None:
    case = fresh_objection(sample)
    case.branch = sample.fines.served.branch
    case.save()
    now = clock.today()
    Objection.objects.create(
        case=case,
        violation=sample.fines.served,
        ground="facts_wrong",
        words="x",
        origin="ordered",
        answer_by=now,
        defend_by=now,
        filed_at=clock.now(),
    )


def _decided_then_refused(model: Any) -> Any:
    return lambda sample: model.objects.filter(allowed_by__isnull=False).update(refused_at=clock.now(), refused_because="x")


def _refused_then_not(model: Any) -> Any:
    return lambda sample: model.objects.filter(refused_at__isnull=False).update(refused_at=None)


def _asked(model: Any, sample: Sample, **signed: Any) -> Any:
    more_of: dict[str, Any] = {"kind": "waiver", "before_fils": 1, "after_fils": 0} if model is Relief else {}
    if model is StopLift:
        more_of = {"until": clock.today(), "asked_unit": "HA"}
    return model.objects.create(violation=sample.fines.served, **proposal(sample), **more_of, **signed)


def _refused_without_words(model: Any) -> Any:
    return lambda sample: model.objects.filter(pk=_asked(model, sample).pk).update(refused_at=clock.now(), refused_because=" ")


def _born_allowed(model: Any) -> Any:
    def attack(sample: Sample) -> None:
        unit = {"allowed_unit": "KU"} if model is StopLift else {}
        _asked(model, sample, allowed_by=sample.fines.authority, allowed_at=clock.now(), **unit)

    return attack


def _ruling_of_one_person(sample: Sample) -> None:
    now = clock.now()
    people = {"entered_by": sample.fines.court, "entered_at": now, "confirmed_by": sample.fines.authority, "confirmed_at": now}
    Judgment.objects.create(violation=sample.fines.served, ruling_no="1", ruled_on=clock.today(), fils=1, **people)


def _ruling_vanishes(sample: Sample) -> None:
    Judgment.objects.filter(confirmed_by__isnull=False)._raw_delete("default")


def _appeal(sample: Sample, **more: Any) -> AppealRuling:
    """A ruling on appeal of the judged violation that waits for its second clerk."""
    facts = {"judgment": sample.fines.guarded.judged.judgment, "court": "appeal", "ruling_no": "1", "ruled_on": clock.today()}  # type: ignore[attr-defined]
    entered = {"outcome": "changed", "fils": 1, "entered_by": sample.fines.court, "entered_at": clock.now()}
    return AppealRuling.objects.create(**facts | entered | more)


def _appeal_of_one_person(sample: Sample) -> None:
    _appeal(sample, confirmed_by=sample.fines.authority, confirmed_at=clock.now())


def _appeal_vanishes(sample: Sample) -> None:
    AppealRuling.objects.filter(confirmed_by__isnull=False)._raw_delete("default")


def _changed_before_the_second_person(sample: Sample) -> None:
    appeal = _appeal(sample)
    Judgment.objects.filter(pk=appeal.judgment_id).update(appeal=appeal)


def _part_of_a_fee_given_back(sample: Sample) -> None:
    """A part of a paid bill of another service goes back without a ruling."""
    bill = sample.owner.paid
    allocation = bill.allocations.get(is_settled=True)
    line = bill.lines.exclude(revenue_account="deposits").order_by("order")[0]
    facts = {"payer": bill.payer, "subject": bill.subject, "fils": 1, "reason": "x", "due_since": clock.now()}
    RefundDue.objects.create(attempt_id=allocation.attempt_id, line=line, **facts)


def _step_of_a_former_delegate(sample: Sample) -> None:
    ViolationEvent.objects.create(
        subject=sample.fines.served,
        workflow="violations.violation",
        move="extend",
        from_state="ordered",
        to_state="ordered",
        at=clock.now(),
        actor_key=sample.grants.former_delegate.key,
        actor_role="delegate",
        data={"for": sample.owner.person.key},
    )


LIFTED: tuple[tuple[str, Any], ...] = (("annulment", Annulment), ("relief", Relief), ("stoplift", StopLift))


def _served_by_hand_without_proof(sample: Sample) -> None:
    Service.objects.create(violation=fresh(sample), ground=ServiceGround.BY_HAND, at=clock.now(), proof={})


def _annulled_by_its_writer(sample: Sample, **more: Any) -> None:
    """An annulment by the inspector who wrote a report, within the time and before anything is paid."""
    row = {"by": sample.fines.inspector, "at": clock.now()} | more
    WriterAnnulment.objects.create(violation=sample.fines.served, code="writer_wrong_shop", note_ar="x", **row)


def _annulled_by_another(sample: Sample) -> None:
    _annulled_by_its_writer(sample, by=sample.fines.clerk)


def _annulled_too_late(sample: Sample) -> None:
    _annulled_by_its_writer(sample, at=clock.now() + dt.timedelta(days=30))


def _annulled_when_paid(sample: Sample) -> None:
    _pay(sample.fines.served, sample)
    _annulled_by_its_writer(sample)


def _instalment_put_off(sample: Sample) -> None:
    part = fresh_plan(sample).instalments.order_by("pk")[0]
    part.due_on += dt.timedelta(days=1)
    part.save()


def _annulled_while_its_plan_runs(sample: Sample) -> None:
    from tests.architecture import state_changes

    row = fresh_plan(sample).violation
    annulment(row, sample)
    with transaction.atomic():
        state_changes.transition(row, "annul", actor=state_changes.BY, reason="tests")


def _plan_ends_while_its_sum_is_owed(sample: Sample) -> None:
    from tests.architecture import state_changes

    with transaction.atomic():
        state_changes.transition(fresh_plan(sample), "end", actor=state_changes.BY, reason="tests")


def _settled_earlier(sample: Sample) -> None:
    row = Violation.objects.filter(settle_until__isnull=False)[0]
    Violation.objects.filter(pk=row.pk).update(settle_until=row.settle_until - dt.timedelta(days=1))  # type: ignore[operator]


def _asked_beyond_silence(sample: Sample) -> None:
    row, now = Objection.objects.order_by("pk")[0], clock.now()
    CorrectionRound.objects.create(
        case=row.case, number=99, asked_by=sample.fines.inspector, asked_at=now, answered_at=now, answer_by=row.answer_by
    )


def _referred_past_a_proposal(sample: Sample) -> None:
    from tests.architecture import state_changes

    row = state_changes.walk(fresh(sample), "overdue", sample)
    Annulment.objects.create(violation=row, **proposal(sample))
    Referral.objects.create(batch=sample.fines.batch, violation=row)


BY_HAND = {
    "violations_referral_waits": _referred_past_a_proposal,
    "violations_question_before_silence": _asked_beyond_silence,
    "violations_violation_settle_until_later": _settled_earlier,
    "violations_instalment_no_update": _instalment_put_off,
    "violations_plan_ends_first": _annulled_while_its_plan_runs,
    "violations_plan_ends_on_ground": _plan_ends_while_its_sum_is_owed,
    "fieldwork_evidence_stays": _evidence_removed,
    "violations_annulled_by_its_writer": _annulled_by_another,
    "violations_annulled_in_time": _annulled_too_late,
    "violations_annulled_unpaid": _annulled_when_paid,
    "violations_service_by_hand_proved": _served_by_hand_without_proof,
    "violations_by_inspector": _by_whoever,
    "violations_on_visit": _on_the_visit_of_another_time,
    "violations_evidence_kind": _evidence_of_an_unknown_kind,
    "violations_violationevent_delegated": _step_of_a_former_delegate,
    "violations_annulled_on_ground": _without_ground("annulled", "ordered", "annul"),
    "violations_waived_on_ground": _without_ground("waived", "ordered", "waive"),
    "violations_referred_on_ground": _without_ground("referred", "unsettleable", "refer"),
    "violations_judged_on_ground": _without_ground("judged", "referred", "judge"),
    "violations_acquitted_on_ground": _without_ground("acquitted", "referred", "acquit"),
    "violations_paid_on_ground": _without_ground("paid", "ordered", "settle"),
    "violations_charge_fits_state": _charge_of_a_judgment_before_it,
    "violations_charge_is_the_sum": _charge_of_another_sum,
    "violations_visitor_pays_violation": _visitor_pays_a_licence,
    "violations_objection_elsewhere": _objection_at_home,
    **{f"violations_{n}_decided_once": _decided_then_refused(m) for n, m in LIFTED},
    **{f"violations_{n}_refused_stays": _refused_then_not(m) for n, m in LIFTED},
    **{f"violations_{n}_refused_in_words": _refused_without_words(m) for n, m in LIFTED},
    **{f"violations_{n}_asked_first": _born_allowed(m) for n, m in LIFTED},
    "violations_judgment_entered_first": _ruling_of_one_person,
    "violations_judgment_confirmed_stays": _ruling_vanishes,
    "violations_appealruling_entered_first": _appeal_of_one_person,
    "violations_appealruling_confirmed_stays": _appeal_vanishes,
    "violations_judgment_appealed": _changed_before_the_second_person,
    "violations_violationevent_appealed": _without_ground("appealed", "acquitted", "appeal_acquitted"),
    "violations_part_given_back": _part_of_a_fee_given_back,
}
