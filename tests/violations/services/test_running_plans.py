"""A report is annulled, or its sum waived, while it is paid by instalments: the plan ends and what was paid of it goes back, at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.audit.models import AuditEvent
from municipality.cases.models import Block
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import services as payments
from payments.models import Allocation, Attempt, Bill, RefundDue
from payments.services.settlement import notify_void
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.payments import AttemptFactory
from tests.violations.conftest import pay
from violations import invariants, queries
from violations.models import Annulment, Plan, Relief, Violation
from violations.services import blocks, dues, notices, relief, settlements, terms, writer_annulments

pytestmark = pytest.mark.django_db


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


@pytest.fixture
def planned(write: Callable[..., Violation], owner: Any) -> Violation:
    """To be paid in two parts, of which nothing is paid yet."""
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    terms.agree_plan(violation=fresh(row), person=owner, count=2)
    return fresh(row)


@pytest.fixture
def half_paid(planned: Violation, owner: Any) -> Violation:
    """The first part is paid, and a bill for the second one waits."""
    pay(planned, owner)
    settlements.bill_for(violation=fresh(planned), person=owner)
    assert (fresh(planned).state, queries.paid_fils(planned)) == ("instalments", 50_000)
    return fresh(planned)


@pytest.fixture
def two(rules: None) -> tuple[Any, Any]:
    return tuple(StaffFactory(groups=["violation_clerk", "violation_authority"], login=name, branch_id="HA") for name in ("one", "two"))


def ask_waiver(row: Violation, asked_by: Any, percent: int = 0) -> Relief:
    return relief.ask_relief(violation=row, code="hardship", note_ar="تقرير", percent=percent, asked_by=asked_by)


def annul(row: Violation, two: tuple[Any, Any]) -> None:
    asked = relief.ask_annulment(violation=row, code="form_defect", note_ar="خطأ", asked_by=two[0])
    relief.allow_annulment(annulment=asked, allowed_by=two[1])


def waive(row: Violation, two: tuple[Any, Any]) -> None:
    relief.allow_relief(relief=ask_waiver(row, two[0]), allowed_by=two[1])


WAYS: dict[str, tuple[Callable[..., None], str, str]] = {
    "annulled": (annul, "violations.annulled", "decision_annulled"),
    "waived": (waive, "violations.sum_waived", "not_owed"),
}


@pytest.mark.parametrize("state", WAYS)
def test_two_people_end_it_with_its_plan_and_the_paid_part_goes_back(
    half_paid: Violation, two: tuple[Any, Any], owner: Any, frozen_clock: Clock, state: str
) -> None:
    end, kind, reason = WAYS[state]
    end(half_paid, two)
    row, plan = fresh(half_paid), Plan.objects.get()
    assert (row.state, plan.state, plan.events.order_by("-pk")[0].move) == (state, "void", "end")
    refund = RefundDue.objects.get()
    assert (refund.fils, refund.reason, refund.payer, refund.subject) == (50_000, reason, owner, row.key)
    assert sorted(Bill.objects.values_list("state", "total_fils")) == [("refund_due", 50_000), ("void", 50_000)]
    assert AuditEvent.objects.get(action="violation.plan_ended", subject=row.key).data["unpaid"] == [2]
    message = Message.objects.get(kind=kind, subject_key=row.key)
    assert "No further instalment is due. The 50.000 dinars that were paid for it are returned." in message.body_en
    assert "ولا يُستحق أي قسط بعد ذلك. يُرد ما سُدد عنها، وهو 50.000 د.ك." in message.body_ar
    assert dues.dues(owner) == [] and settlements.payable(row) is None
    frozen_clock.move(days=60)
    assert (terms.void_missed(), terms.lapse_due(), blocks.place_due(), list(invariants.findings())) == (0, 0, 0, [])
    assert not Block.objects.filter(source=row.key, lifted_at__isnull=True).exists()
    page = signed_in(owner).get(f"/en/violations/{row.public_id}/").content.decode()
    assert "Plan ended" in page and "The 50.000 dinars that were paid for it are returned." in page


@pytest.mark.parametrize("state", WAYS)
def test_all_of_it_happens_or_nothing(half_paid: Violation, two: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    def fail(*_args: Any, **_facts: Any) -> None:
        raise RuntimeError("the message could not be written")

    monkeypatch.setattr(relief, "notify", fail)
    with pytest.raises(RuntimeError):
        WAYS[state][0](half_paid, two)
    assert (fresh(half_paid).state, Plan.objects.get().state) == ("instalments", "active")
    assert sorted(Bill.objects.values_list("state", flat=True)) == ["due", "paid"] and not RefundDue.objects.exists()
    assert not Annulment.objects.filter(allowed_by__isnull=False).exists() and not Relief.objects.filter(allowed_by__isnull=False).exists()


@pytest.mark.parametrize("state", WAYS)
def test_a_payment_at_the_bank_is_waited_for(half_paid: Violation, two: tuple[Any, Any], owner: Any, state: str) -> None:
    AttemptFactory(bills=[settlements.bill_for(violation=half_paid, person=owner)])
    with pytest.raises(Refused, match="payment_open"):
        WAYS[state][0](half_paid, two)
    assert (fresh(half_paid).state, Plan.objects.get().state) == ("instalments", "active")


@pytest.mark.parametrize("state", WAYS)
def test_a_part_that_the_bank_takes_back_afterwards_is_not_owed_back(half_paid: Violation, two: tuple[Any, Any], state: str) -> None:
    WAYS[state][0](half_paid, two)
    attempt = Attempt.objects.get()
    payments.void_attempt(attempt=attempt, inquiry=attempt.inquiries.order_by("-pk")[0])
    notify_void(allocation_id=Allocation.objects.get(attempt=attempt).pk)
    assert (fresh(half_paid).state, Plan.objects.get().state, RefundDue.objects.get().state) == (state, "void", "released")
    assert list(invariants.findings()) == []


@pytest.mark.parametrize("state", WAYS)
def test_a_reversal_that_is_heard_of_afterwards_does_not_say_that_it_is_open_again(
    half_paid: Violation, two: tuple[Any, Any], state: str
) -> None:
    attempt = Attempt.objects.get()
    payments.void_attempt(attempt=attempt, inquiry=attempt.inquiries.order_by("-pk")[0])
    WAYS[state][0](half_paid, two)
    notify_void(allocation_id=Allocation.objects.get(attempt=attempt).pk)
    assert (fresh(half_paid).state, set(Bill.objects.values_list("state", flat=True))) == (state, {"void"})
    assert not RefundDue.objects.exists() and not Message.objects.filter(kind="violations.payment_taken_back").exists()
    assert AuditEvent.objects.filter(action="violation.payment_reversed", subject=half_paid.key).count() == 1
    assert list(invariants.findings()) == []


def test_a_sum_that_is_paid_in_parts_is_not_reduced(half_paid: Violation, two: tuple[Any, Any]) -> None:
    with pytest.raises(Refused, match="plan_runs"):
        ask_waiver(half_paid, two[0], percent=40)


def test_what_was_asked_before_the_plan(
    write: Callable[..., Violation], make_shop: Callable[..., Any], owner: Any, two: tuple[Any, Any]
) -> None:
    for percent, state in ((40, "instalments"), (0, "waived")):
        row = write("CLN-03", shop=make_shop())
        asked = ask_waiver(row, two[0], percent)
        terms.agree_plan(violation=row, person=owner, count=2)
        if percent:
            with pytest.raises(Refused, match="sum_changed"):
                relief.allow_relief(relief=asked, allowed_by=two[1])
        else:
            relief.allow_relief(relief=asked, allowed_by=two[1])
        assert fresh(row).state == state


def test_its_writer_annuls_it_until_a_part_is_paid(planned: Violation, inspector: Any, owner: Any) -> None:
    bill = settlements.bill_for(violation=planned, person=owner)
    assert writer_annulments.open_until(planned, inspector) is not None
    writer_annulments.annul(violation=planned, inspector=inspector, code="writer_wrong_shop", note_ar="المحل المجاور")
    assert (fresh(planned).state, Plan.objects.get().state, Bill.objects.get(pk=bill.pk).state) == ("annulled", "void", "void")
    assert "No further instalment is due." in Message.objects.get(kind="violations.annulled_by_writer").body_en
    assert list(invariants.findings()) == []


def test_its_writer_does_not_once_a_part_is_paid(half_paid: Violation, inspector: Any) -> None:
    assert writer_annulments.open_until(half_paid, inspector) is None
    with pytest.raises(Refused, match="already_paid"):
        writer_annulments.annul(violation=half_paid, inspector=inspector, code="writer_wrong_shop", note_ar="المحل المجاور")


def test_the_office_has_both_steps_on_its_page(half_paid: Violation, two: tuple[Any, Any], settings: Any, tmp_path: Any) -> None:
    settings.VAR_DIR = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    url = f"/admin/office/{half_paid.public_id}/"
    page = signed_in(two[0]).get(url).content.decode()
    assert 'value="ask_annulment"' in page and 'value="ask_relief"' in page
    assert signed_in(two[0]).post(url, {"step": "ask_relief", "code": "hardship", "percent": "50"}).status_code == 409
    assert signed_in(two[0]).post(url, {"step": "ask_relief", "code": "hardship", "percent": "0"}).status_code == 302
    asked = Relief.objects.get().public_id
    assert signed_in(two[1]).post(url, {"step": "allow", "kind": "relief", "asked": asked}).status_code == 302
    assert fresh(half_paid).state == "waived"
