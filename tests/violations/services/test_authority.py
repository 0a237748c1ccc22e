"""Court, annulment, waiver and reduction: two people each, in the database as well."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.documents import store
from municipality.kernel import clock, guards
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from payments.models import Bill
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.violations.conftest import pay
from violations import invariants, queries
from violations.models import Annulment, Judgment, Relief, Violation
from violations.services import court, relief, settlements, terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(rules: None) -> Any:
    return StaffFactory(groups=["violation_clerk", "court_clerk"], login="clerk")


@pytest.fixture
def authority(rules: None) -> Any:
    return StaffFactory(groups=["violation_authority", "court_clerk"], login="authority")


def fresh(row: Violation) -> Violation:
    return Violation.objects.get(pk=row.pk)


@pytest.fixture
def referred(served: Violation, clerk: Any, frozen_clock: Clock) -> Violation:
    frozen_clock.move(days=31)
    terms.lapse_due()
    court.refer(clerk=clerk)
    return fresh(served)


def test_a_batch_holds_everything_due_in_order_with_its_exact_file(served: Violation, clerk: Any, frozen_clock: Clock) -> None:
    with pytest.raises(Refused, match="nothing_due"):
        court.refer(clerk=clerk)
    frozen_clock.move(days=31)
    terms.lapse_due()
    batch = court.refer(clerk=clerk)
    text = store.read(batch.file).decode("utf-8-sig")
    assert served.number in text  # type: ignore[operator]
    assert fresh(served).state == "referred"
    with pytest.raises(Refused, match="nothing_due"):
        court.refer(clerk=clerk)
    assert list(invariants.findings()) == []


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx", "\nx"])
def test_no_cell_of_a_batch_is_a_formula(text: str) -> None:
    assert court.cell(text) == f"'{text}"
    assert court.cell("محل") == "محل"


def test_only_the_amount_of_the_court_is_payable_after_the_referral(referred: Violation, clerk: Any, authority: Any, owner: Any) -> None:
    with pytest.raises(Refused, match="nothing_payable"):
        settlements.bill_for(violation=referred, person=owner)
    ruling = court.enter_judgment(violation=referred, ruling_no="ج 7/2026", ruled_on=clock.today(), fils=250_000, clerk=clerk)
    with pytest.raises(NotPermitted, match="same_person"):
        court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=clerk, ruling_no="ج 7/2026", fils=250_000)
    with pytest.raises(Refused, match="differs"):
        court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=authority, ruling_no="ج 7/2026", fils=25_000)
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=authority, ruling_no="ج 7/2026", fils=250_000)
    assert settlements.bill_for(violation=fresh(referred), person=owner).total_fils == 250_000
    assert pay(fresh(referred), owner).state == "paid"
    assert list(invariants.findings()) == []


def test_a_court_that_finds_no_violation_ends_it(referred: Violation, clerk: Any, authority: Any) -> None:
    ruling = court.enter_judgment(violation=referred, ruling_no="ج ٨/٢٠٢٦", ruled_on=clock.today(), fils=None, clerk=clerk)
    assert ruling.ruling_no == "ج 8/2026"
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=authority, ruling_no="ج 8/2026", fils=None)
    assert fresh(referred).state == "acquitted"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ruling_no": " "}, "bad_ruling"),
        ({"ruled_on": dt.date(2099, 1, 1)}, "bad_ruling"),
        ({"ruled_on": dt.date(2020, 1, 1)}, "bad_ruling"),
        ({"fils": 0}, "bad_amount"),
        ({"fils": 10**12}, "bad_amount"),
    ],
)
def test_a_ruling_that_cannot_be_is_refused(referred: Violation, clerk: Any, values: dict[str, Any], code: str) -> None:
    whole = {"ruling_no": "ج 9/2026", "ruled_on": clock.today(), "fils": 1000} | values
    with pytest.raises(Refused) as refused:
        court.enter_judgment(violation=referred, clerk=clerk, **whole)
    assert refused.value.code == code


def test_a_ruling_that_was_misread_is_taken_back_before_it_holds(referred: Violation, clerk: Any, authority: Any) -> None:
    ruling = court.enter_judgment(violation=referred, ruling_no="ج 9/2026", ruled_on=clock.today(), fils=1000, clerk=clerk)
    court.delete_judgment(judgment=ruling, clerk=clerk)
    assert not Judgment.objects.exists()
    with pytest.raises(Refused, match="done"):  # pressed twice
        court.delete_judgment(judgment=ruling, clerk=clerk)
    with pytest.raises(Refused, match="done"):
        court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=authority, ruling_no="ج 9/2026", fils=1000)


def test_a_report_is_annulled_by_two_people_and_keeps_its_number(served: Violation, clerk: Any, authority: Any, owner: Any) -> None:
    bill = settlements.bill_for(violation=served, person=owner)
    asked = relief.ask_annulment(violation=served, code="written_twice", note_ar="", asked_by=clerk)
    with pytest.raises(Refused, match="asked_already"):
        relief.ask_annulment(violation=served, code="written_twice", note_ar="", asked_by=clerk)
    with pytest.raises(NotPermitted):
        relief.allow_annulment(annulment=asked, allowed_by=clerk)
    relief.allow_annulment(annulment=asked, allowed_by=authority)
    row = fresh(served)
    assert (row.state, row.number, Bill.objects.get(pk=bill.pk).state) == ("annulled", served.number, "void")
    with pytest.raises(Refused, match="done"):
        relief.allow_annulment(annulment=Annulment.objects.get(), allowed_by=authority)


def test_both_roles_in_one_hand_are_still_one_person(served: Violation) -> None:
    both = StaffFactory(groups=["violation_clerk", "violation_authority"], login="both")
    asked = relief.ask_relief(violation=served, code="hardship", note_ar="", percent=0, asked_by=both)
    with pytest.raises(NotPermitted, match="same_person"):
        relief.allow_relief(relief=asked, allowed_by=both)


@pytest.mark.guards
@pytest.mark.parametrize("kind", ["annulment", "relief"])
def test_the_database_refuses_one_person_as_both(served: Violation, clerk: Any, kind: str) -> None:
    if kind == "annulment":
        asked: Any = relief.ask_annulment(violation=served, code="written_twice", note_ar="", asked_by=clerk)
    else:
        asked = relief.ask_relief(violation=served, code="hardship", note_ar="", percent=50, asked_by=clerk)
    with pytest.raises(IntegrityError), transaction.atomic():
        type(asked).objects.filter(pk=asked.pk).update(allowed_by=clerk, allowed_at=clock.now())


@pytest.mark.guards
def test_nobody_refuses_a_proposal_without_words(served: Violation, clerk: Any, authority: Any) -> None:
    asked = relief.ask_relief(violation=served, code="hardship", note_ar="", percent=10, asked_by=clerk)
    with pytest.raises(Refused, match="no_words"):
        relief.refuse(proposal=asked, refused_by=authority, because=" ")
    waiting = Relief.objects.filter(pk=asked.pk)
    with pytest.raises(IntegrityError, match="refused_without_words"), transaction.atomic():
        waiting.update(refused_at=clock.now(), refused_because=" ")
    connection.check_constraints()
    guards.remove(connection)
    with transaction.atomic():
        waiting.update(refused_at=clock.now())  # without the guard the harm happens
        assert Relief.objects.get().refused_because == ""
        transaction.set_rollback(True)
    guards.install(connection)
    relief.refuse(proposal=asked, refused_by=authority, because="لا يكفي السبب")
    with pytest.raises(IntegrityError, match="refused_stays"), transaction.atomic():
        waiting.update(refused_because="سبب آخر")


@pytest.mark.guards
@pytest.mark.parametrize(("move", "role", "code"), [("annul", "annuller", "form_defect"), ("waive", "waiver", "hardship")])
def test_no_door_annuls_or_waives_without_two_people(served: Violation, clerk: Any, move: str, role: str, code: str) -> None:
    with pytest.raises(IntegrityError, match="without_ground"), transaction.atomic():
        transition(served, move, actor=Actor(role, clerk.key), reason=code)
    connection.check_constraints()
    guards.remove(connection)
    served = fresh(served)
    with transaction.atomic():
        transition(served, move, actor=Actor(role, clerk.key), reason=code)  # without the guard the harm happens
    connection.check_constraints()  # what is deferred must not wait while triggers are made
    guards.install(connection)
    assert served.state in ("annulled", "waived")


def test_a_waiver_ends_it_and_a_reduction_lowers_the_sum(write: Callable[..., Violation], owner: Any, clerk: Any, authority: Any) -> None:
    row = write("CLN-03")
    asked = relief.ask_relief(violation=row, code="hardship", note_ar="تقرير", percent=40, asked_by=clerk)
    relief.allow_relief(relief=asked, allowed_by=authority)
    assert queries.order_of(row).fils == 40_000  # type: ignore[union-attr]
    assert settlements.bill_for(violation=fresh(row), person=owner).total_fils == 40_000
    again = relief.ask_relief(violation=row, code="public_interest", note_ar="", percent=0, asked_by=clerk)
    relief.allow_relief(relief=again, allowed_by=authority)
    assert fresh(row).state == "waived"
    assert [(r.before_fils, r.after_fils) for r in Relief.objects.order_by("pk")] == [(100_000, 40_000), (40_000, 0)]
    assert list(invariants.findings()) == []


def test_a_sum_that_changed_meanwhile_is_not_waived(served: Violation, clerk: Any, authority: Any) -> None:
    asked = relief.ask_relief(violation=served, code="hardship", note_ar="", percent=10, asked_by=clerk)
    order = queries.order_of(served)
    terms.next_version(served, order, 90_000, ground="reduction", formula=("خُفض", "Reduced"))  # type: ignore[arg-type]
    with pytest.raises(Refused, match="sum_changed"):
        relief.allow_relief(relief=asked, allowed_by=authority)
    relief.refuse(proposal=asked, refused_by=authority, because="لا يكفي السبب")
    relief.ask_relief(violation=served, code="hardship", note_ar="", percent=10, asked_by=clerk)  # may be asked for anew
