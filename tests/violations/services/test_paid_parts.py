"""Parts of a plan that were paid, once the plan fell and the violation ended otherwise: each goes back, whole, to whoever paid."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest

from municipality.documents import store
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.rulebook import queries as rulebook
from payments.models import Bill, RefundDue
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import drop_guard
from tests.factories.accounts import StaffFactory
from tests.factories.violations import ObjectionFactory
from tests.violations.conftest import decide, pay
from violations import invariants, queries
from violations.models import Violation
from violations.services import court, notices, relief, settlements, terms

pytestmark = pytest.mark.django_db


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


@pytest.fixture
def half_paid(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> Violation:
    """One of two parts is paid, the other was missed: the rest is due."""
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    terms.agree_plan(violation=fresh(row), person=owner, count=2)
    pay(fresh(row), owner)
    frozen_clock.move(days=31)
    terms.void_missed()
    assert (fresh(row).state, queries.paid_fils(row)) == ("ordered", 50_000)
    return fresh(row)


@pytest.fixture
def two(rules: None) -> tuple[Any, Any]:
    return tuple(StaffFactory(groups=["violation_clerk", "violation_authority", "court_clerk"], login=login) for login in ("one", "two"))


def annul(row: Violation, two: tuple[Any, Any], **_others: Any) -> None:
    code = relief.office_reasons(rulebook.edition(queries.REPLIES, clock.today()))[0].code
    asked = relief.ask_annulment(violation=row, code=code, note_ar="خطأ", asked_by=two[0])
    relief.allow_annulment(annulment=asked, allowed_by=two[1])


def waive(row: Violation, two: tuple[Any, Any], **_others: Any) -> None:
    code = rulebook.edition(queries.REPLIES, clock.today()).reasons_of("waiver")[0].code
    asked = relief.ask_relief(violation=row, code=code, note_ar="إعسار", percent=0, asked_by=two[0])
    relief.allow_relief(relief=asked, allowed_by=two[1])


def refer(row: Violation, two: tuple[Any, Any], frozen_clock: Clock) -> str:
    frozen_clock.move(days=15)
    terms.lapse_due()
    return store.read(court.refer(clerk=two[0]).file).decode("utf-8-sig")


def rule(row: Violation, two: tuple[Any, Any], frozen_clock: Clock, fils: int | None) -> None:
    refer(row, two, frozen_clock)
    ruling = court.enter_judgment(violation=fresh(row), ruling_no="12/2027", ruled_on=clock.today(), fils=fils, clerk=two[0])
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=two[1], ruling_no="12/2027", fils=fils)


def acquit(row: Violation, two: tuple[Any, Any], frozen_clock: Clock, **_others: Any) -> None:
    rule(row, two, frozen_clock, None)


def judge(row: Violation, two: tuple[Any, Any], frozen_clock: Clock, **_others: Any) -> None:
    rule(row, two, frozen_clock, 30_000)


WAYS: dict[str, tuple[Callable[..., None], str, str]] = {
    "annulled": (annul, "violations.annulled", "decision_annulled"),
    "waived": (waive, "violations.sum_waived", "not_owed"),
    "acquitted": (acquit, "violations.court_ruled", "court_judgment"),
    "judged": (judge, "violations.court_ruled", "court_judgment"),
}


@pytest.mark.parametrize("state", WAYS)
def test_what_was_paid_of_a_settlement_that_stands_no_more_goes_back(
    half_paid: Violation, two: tuple[Any, Any], owner: Any, frozen_clock: Clock, state: str
) -> None:
    end, kind, reason = WAYS[state]
    end(half_paid, two=two, frozen_clock=frozen_clock)
    row = fresh(half_paid)
    refund = RefundDue.objects.get()
    assert (row.state, refund.fils, refund.reason, refund.payer, refund.subject) == (state, 50_000, reason, owner, row.key)
    assert queries.paid_fils(row) == 0 and list(invariants.findings()) == []
    message = Message.objects.get(kind=kind, subject_key=row.key)
    assert "The 50.000 dinars that were paid for it are returned. You do not need to apply" in message.body_en
    assert "50.000 د.ك" in message.body_ar
    page = signed_in(owner).get(f"/en/violations/{row.public_id}/").content.decode()
    assert "The 50.000 dinars that were paid for it are returned." in page


def test_the_court_sees_what_was_paid_and_its_own_sum_is_asked_for_once(
    half_paid: Violation, two: tuple[Any, Any], owner: Any, frozen_clock: Clock
) -> None:
    line = next(csv.DictReader(io.StringIO(refer(half_paid, two, frozen_clock))))
    assert (line["مبلغ الصلح (د.ك)"], line["المسدد من الصلح (د.ك)"]) == ("100.000", "50.000")
    ruling = court.enter_judgment(violation=fresh(half_paid), ruling_no="1/2027", ruled_on=clock.today(), fils=30_000, clerk=two[0])
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=two[1], ruling_no="1/2027", fils=30_000)
    bill = settlements.bill_for(violation=fresh(half_paid), person=owner)
    assert bill.total_fils == 30_000
    assert sorted(Bill.objects.exclude(state="void").values_list("state", "total_fils")) == [("due", 30_000), ("refund_due", 50_000)]


def test_an_upheld_objection_gives_a_paid_part_back(
    write: Callable[..., Violation], owner: Any, decider: Callable[..., Any], frozen_clock: Clock
) -> None:
    row = write("CLN-03")
    terms.agree_plan(violation=row, person=owner, count=2)
    pay(fresh(row), owner)
    frozen_clock.move(days=31)
    terms.void_missed()
    drop_guard("violations_violation_object_until_once", "violations_violation")  # as if an incident had moved the last day to object
    Violation.objects.filter(pk=row.pk).update(object_until=clock.today())
    decide(ObjectionFactory(violation=fresh(row), person=owner), decider, uphold=True)
    assert (fresh(row).state, RefundDue.objects.get().reason) == ("annulled", "decision_annulled")
    assert list(invariants.findings()) == []
    message = Message.objects.get(kind="violations.objection_upheld", person=owner)
    assert "The 50.000 dinars that were paid for it are returned." in message.body_en


def test_a_paid_part_that_is_kept_is_found(half_paid: Violation, two: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlements, "owe_back", lambda **_facts: None)
    annul(half_paid, two)
    assert any("is paid for a part of" in finding for finding in invariants.findings())
