"""Rows in every state that a page can show: attempts, bills, documents, cases, shops with each obstacle."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from licensing.health import services as licensing
from licensing.health.appeals import services as appeals
from licensing.health.states import RenewalState
from municipality.accounts.models import actor_of
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.kernel import clock, ids
from municipality.kernel.transitions import transition
from municipality.kernel.workflow import WORKFLOWS
from municipality.review.models import Decision
from municipality.review.services import desk
from municipality.rulebook.models import Activity, RuleSet
from municipality.rulebook.services import copy_as_draft
from payments.models import Allocation, Attempt, Bill
from payments.services import redirect_url, start_attempt
from payments.states import OPEN, AttemptState, BillState, RefundState
from shops.models import Shop
from tests import desk_acts
from tests.architecture import payments_data, rulebook_data, state_changes, violation_data
from tests.architecture.sample_data import Sample, shop_of
from tests.bank import notification
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory


def in_every_state(sample: Sample) -> dict[str, str]:
    """Names for paths: `attempt_paid`, `bill_void`, `document_revoked`, `case_expired`, `shop_food` …"""
    names: dict[str, str] = {}
    for state in AttemptState:
        names[f"attempt_{state}"] = attempt_in(sample, state).token
    for state in BillState:
        names[f"bill_{state}"] = bill_in(sample, state).public_id
    for state in RefundState:
        names[f"refund_{state}"] = str(state_changes.walk(payments_data.owed(sample.owner.person), state, sample).pk)
    for number, state in enumerate(DocumentState):
        names[f"document_{state}"] = document_in(sample, state, number).code
    names |= _appeals(sample)  # first: its officers are assigned all that waits, and `case_in_review` must go on waiting
    for state in sorted({target for move, _source, target in WORKFLOWS["licensing.renewal"].edges() if move}):
        names[f"case_{state}"] = case_in(sample, state).public_id
    names["to_sign"] = str(Decision.objects.get(case__public_id=names["case_countersign"]).pk)
    at_bank = start_attempt(bills=[sample.owner.due], payer=sample.owner.person, language="ar", session_key="sample")
    redirect_url(at_bank)
    names |= {"attempt_of_due": at_bank.token, "trandata": notification(at_bank), "other_draft": str(sample.draft.pk)}
    calendar = RuleSet.objects.get(subject="calendar", published_at__isnull=False)
    names |= {"calendar": str(calendar.pk), "calendar_draft": str(_late_holiday(calendar).pk)}
    for name, subject, is_proposed in (("to_come", "limits.messages", False), ("to_withdraw", "limits.delegation", True)):
        names[name] = str(rulebook_data.to_come(subject, sample, is_proposed=is_proposed).pk)
    names |= violation_data.in_every_state(sample)
    return names | _shops(sample) | {"unknown_code": "0" * 20}


def _late_holiday(calendar: RuleSet) -> RuleSet:
    draft = copy_as_draft(ruleset=calendar, maker=calendar.made_by, actor=actor_of(calendar.made_by, "rule_maker"))
    draft.holidays.filter(first_day=dt.date(2027, 1, 5)).update(last_day=dt.date(2027, 1, 7))
    return draft


def attempt_in(sample: Sample, state: str) -> Attempt:
    """An attempt of the owner, for a bill of its own, in a state."""
    bill = _like(sample.owner.due)
    attempt = state_changes.fresh_attempt(sample)
    Allocation.objects.create(attempt=attempt, bill=bill, fils=bill.total_fils, is_open=state in OPEN, is_settled=False)
    state_changes.walk(attempt, state, sample)
    Attempt.objects.filter(pk=attempt.pk).update(redirected_at=clock.now(), page_expires_at=clock.now() + dt.timedelta(minutes=30))
    return Attempt.objects.get(pk=attempt.pk)


def bill_in(sample: Sample, state: str) -> Bill:
    bill = _like(sample.owner.due)
    state_changes.walk(bill, state, sample)
    return bill


def document_in(sample: Sample, state: str, number: int) -> Document:
    document: Document = state_changes.fresh_document(sample, f"TST-2026-{number:06d}-X")
    document.public_facts = sample.owner.licence.document.public_facts
    document.holder_key, document.subject = sample.owner.person.key, sample.owner.issued.key
    document.valid_from, document.valid_to = clock.today() - dt.timedelta(days=30), clock.today() + dt.timedelta(days=300)
    document.save()
    state_changes.walk(document, state, sample)
    return document


def case_in(sample: Sample, state: str) -> Case:
    """A renewal of the owner in a state, as its own service leaves it."""
    shop = shop_of(sample.owner.person, 900 + sorted(RenewalState).index(RenewalState(state)))
    way = state_changes.path_to("licensing.renewal", state)
    if way[0][0] == "send_to_officer":
        return _studied(sample, shop, state)
    case = licensing.submit_renewal(shop=shop, applicant=sample.owner.person)
    for edge in way[1:]:
        ends = {"is_open": False, "closed_at": clock.now()} if edge[2] in WORKFLOWS["licensing.renewal"].finals else {}
        with transaction.atomic():
            transition(case, edge[0], actor=state_changes.BY, reason="tests", **ends)
    return case


def _studied(sample: Sample, shop: Shop, state: str) -> Case:
    """A renewal that an officer studies, asks corrections of, or proposes to refuse."""
    case = RenewalCaseFactory(shop=shop, applicant=sample.owner.person, changed=["area_m2", "trade_name"])
    if state != "in_review":
        held = desk_acts.assigned(OfficerFactory(login=f"of-{state}-{case.pk}"))
        while held.place.case_id != case.pk:  # older ones go to others first
            held = desk_acts.assigned(OfficerFactory(login=f"of-{state}-{case.pk}-{held.pk}"))
        if state == "corrections":
            asked = [desk.CorrectionRequest("area_differs", "area_m2"), desk.CorrectionRequest("file_unreadable", "drawing")]
            desk.ask_corrections(assignment=desk_acts.checked(held), items=asked)
        else:
            desk.propose_refusal(assignment=desk_acts.checked(held), code="conditions_not_met")
    return Case.objects.get(pk=case.pk)


def _appeals(sample: Sample) -> dict[str, str]:
    """A renewal whose refusal can be appealed, and an appeal against the refusal of another."""
    signer = StaffFactory(supervisor=True, login="signer-appeals")
    refused = []
    for number in (990, 991):
        case = _studied(sample, shop_of(sample.owner.person, number), "countersign")
        desk.sign(decision=Decision.objects.get(case=case, voided_at__isnull=True), supervisor=signer, answers=desk_acts.ALL_YES)
        refused.append(case)
    appeal = appeals.file(case=refused[1], person=sample.owner.person, words="التصريف مركّب منذ أكتوبر.")
    return {"case_appealable": refused[0].public_id, "appeal": appeal.case.public_id}


def _like(row: Any) -> Any:
    """Another row like this one, fresh."""
    like = type(row).objects.get(pk=row.pk)
    like.pk = like.last_event = None
    like.public_id, like.reference = ids.public_id(), ids.with_check(f"BIL-2026-{Bill.objects.count() + 100:06d}")
    like._state.adding = True
    like.save()
    return like


def _shops(sample: Sample) -> dict[str, str]:
    person = sample.owner.person
    today = clock.today()
    food = Activity.objects.filter(authorities__authority="pafn").order_by("code")[0]
    other = Activity.objects.filter(authorities__authority="municipality").order_by("-code")[0]
    made = {
        "shop_food": shop_of(person, 701, activity=food),
        "shop_expired_commercial": shop_of(person, 702, commercial_license_end=today - dt.timedelta(days=3)),
        "shop_blocked": shop_of(person, 703),
        "shop_early": shop_of(person, 704, ends_in=200),
        "shop_late": shop_of(person, 705, ends_in=-400),
        "shop_ended": shop_of(person, 706, ends_in=-3),
        "shop_unlicensed": shop_of(person, 707, ends_in=None),
        "shop_changed": shop_of(person, 708),
        "shop_closed": shop_of(person, 709, closed_on=today - dt.timedelta(days=1)),
    }
    place_block(
        subject=made["shop_blocked"].key,
        ground="fine",
        source="fine:9",
        stops="licensing.renewal",
        sentence_ar="غرامة غير مدفوعة على المحل.",
        sentence_en="A fine on the shop is unpaid.",
        actor=state_changes.BY,
    )
    Shop.objects.filter(pk=made["shop_changed"].pk).update(street="99", name_en="Another Name", activity=other)
    made["shop_open"] = Shop.objects.get(public_id=sample.owner.waiting.subject.partition(":")[2])
    made["shop_renewed"] = Shop.objects.get(public_id=sample.owner.issued.subject.partition(":")[2])
    return {name: shop.public_id for name, shop in made.items()}
