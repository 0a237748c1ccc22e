"""One payment for many things: to the fils, once, and never for what is another person's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from municipality.jobs.models import Job
from municipality.kernel import money
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import invariants, queries, registry
from payments.models import Allocation, Attempt, Bill, Receipt
from payments.services import pay_basket, redirect_url, void_bill
from payments.services.basket import chosen_values
from tests.bank import Bank, Book
from tests.factories.accounts import StaffFactory
from tests.payments.conftest import walk
from tests.payments.dues import KIND, Fines

pytestmark = pytest.mark.django_db


@pytest.fixture
def fines(payer: Any, monkeypatch: pytest.MonkeyPatch) -> Fines:
    found = Fines(payer)
    monkeypatch.setattr(registry, "OWING", registry.Registry())
    registry.OWING.register(KIND, registry.Owing(found.dues, found.bill_for))
    monkeypatch.setattr("payments.services.basket.OWING", registry.OWING)
    monkeypatch.setitem(registry.PAYABLES, KIND, registry.Payable(lambda pk: None, lambda pk: None))
    return found


def values(person: Any) -> list[str]:
    return [item.value for item in queries.basket_of(person) if item.can_choose]


def pay(person: Any, chosen: list[str]) -> Attempt:
    return pay_basket(payer=person, chosen=chosen, language="ar", session_key="s")


def refused(person: Any, chosen: list[str]) -> str:
    with pytest.raises(Refused) as caught:
        pay(person, chosen)
    return caught.value.code


def test_five_lines_are_one_attempt_with_five_allocations_and_five_receipts(
    issue: Callable[..., Bill], payer: Any, fines: Fines, bank: Book, paid_for: Any
) -> None:
    issue(10_000), issue(25_500, subject="case:b")
    fines.open = {"f1": 1, "f2": 40_000, "f3": 12_345}
    attempt = pay(payer, values(payer))
    assert Attempt.objects.get() == attempt and attempt.fils == 10_000 + 25_500 + 1 + 40_000 + 12_345
    redirect_url(attempt)
    bank.decide(attempt)
    walk(3)
    receipts = Receipt.objects.filter(allocation__attempt=attempt)
    assert (Allocation.objects.count(), receipts.count(), Bill.objects.filter(state="paid").count()) == (5, 5, 5)
    assert sum(receipts.values_list("fils", flat=True)) == attempt.fils == sum(Allocation.objects.values_list("fils", flat=True))
    assert {r.fils == r.bill.total_fils for r in receipts.select_related("bill")} == {True}
    assert Job.objects.filter(kind="payments.receipt_document").count() == 5
    assert not list(invariants.findings()) and queries.basket_of(payer) == []


def test_a_part_of_the_lines_leaves_the_rest_as_it_was(issue: Callable[..., Bill], payer: Any, fines: Fines) -> None:
    fines.open = {"f1": 5_000, "f2": 6_000}
    bill = issue(10_000)
    attempt = pay(payer, [f"bill:{bill.public_id}:10000", f"due:{KIND}:f2:6000"])
    assert attempt.fils == 16_000 and Bill.objects.count() == 2
    assert values(payer)[-1] == f"due:{KIND}:f1:5000"


def test_a_second_tab_with_the_same_lines_gets_the_open_attempt_and_no_second_bill(payer: Any, fines: Fines) -> None:
    fines.open = {"f1": 5_000, "f2": 6_000}
    chosen = values(payer)
    assert pay(payer, chosen) == pay(payer, list(reversed(chosen)))
    assert (Attempt.objects.count(), Bill.objects.count()) == (1, 2)


def test_a_line_that_is_at_the_bank_is_shown_and_cannot_be_chosen(
    at_bank: Callable[..., Attempt], issue: Callable[..., Bill], payer: Any
) -> None:
    waits, other = issue(1_000), issue(2_000, subject="case:b")
    attempt = at_bank(waits)
    first, second = queries.basket_of(payer)
    assert (first.step, first.can_choose, first.attempt) == ("at_bank", False, attempt)
    assert second.can_choose
    assert refused(payer, [f"bill:{waits.public_id}:1000", f"bill:{other.public_id}:2000"]) == "open_elsewhere"
    assert Attempt.objects.get() == attempt


def test_an_amount_that_changed_meanwhile_is_refused_and_nothing_is_issued(payer: Any, fines: Fines) -> None:
    fines.open = {"f1": 5_000, "f2": 6_000}
    chosen = values(payer)
    fines.open["f2"] = 12_000
    assert refused(payer, chosen) == "price_changed"
    assert not Bill.objects.exists() and not Attempt.objects.exists()
    assert pay(payer, values(payer)).fils == 17_000


def test_another_persons_line_an_unknown_one_and_a_cancelled_one_get_one_answer(
    issue: Callable[..., Bill], payer: Any, stranger: Any, fines: Fines
) -> None:
    fines.open = {"f1": 5_000}
    bill = issue()
    for chosen in (
        [f"bill:{bill.public_id}:10000"],
        [f"due:{KIND}:f1:5000"],
        ["bill:nothing:10000"],
        ["due:tests.unknown:1:10000"],
        [f"due:{KIND}::10000"],
        ["thing:1:1"],
        ["bill"],
        [f"bill:{bill.public_id}:ten"],
    ):
        with pytest.raises(Refused) as caught:
            pay(stranger, chosen)
        assert (caught.value.code, caught.value.status) == ("not_in_basket", 409)
    assert not Attempt.objects.exists() and Bill.objects.count() == 1


def test_the_same_sum_twice_under_two_names_is_refused(payer: Any, fines: Fines) -> None:
    fines.open = {"f1": 5_000}
    bill = fines.bill_for(payer, "f1")
    assert refused(payer, [f"bill:{bill.public_id}:5000", f"due:{KIND}:f1:5000"]) == "not_in_basket"


def test_nothing_chosen_and_a_bill_cancelled_meanwhile_are_refused(issue: Callable[..., Bill], payer: Any) -> None:
    bill = issue()
    chosen = values(payer)
    void_bill(bill=bill, actor=system("tests"))
    assert refused(payer, chosen) == "not_due"
    assert refused(payer, []) == "nothing_chosen"


def test_more_than_one_payment_can_carry_is_refused_and_no_bill_is_left(payer: Any, fines: Fines) -> None:
    fines.open = {"f1": money.MAX_FILS, "f2": 1}
    assert refused(payer, values(payer)) == "too_much"
    assert not Bill.objects.exists()
    assert pay(payer, [f"due:{KIND}:f1:{money.MAX_FILS}"]).fils == money.MAX_FILS


def test_a_sum_of_another_kind_or_of_nought_is_a_programming_error(payer: Any, fines: Fines) -> None:
    fines.open = {"f1": 0}
    with pytest.raises(ValueError, match="over 0 fils"):
        queries.basket_of(payer)
    with pytest.raises(ValueError, match="registered already"):
        registry.OWING.register(KIND, registry.Owing(lambda person: [], fines.bill_for))


def test_staff_have_no_basket(issue: Callable[..., Bill], fines: Fines) -> None:
    issue()
    assert queries.basket_of(StaffFactory(groups=["officer"])) == []


@given(
    amounts=st.lists(st.integers(min_value=1, max_value=money.MAX_FILS // 8), min_size=1, max_size=8),
    mask=st.integers(min_value=1, max_value=255),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_choice_of_lines_is_paid_to_the_fils(amounts: list[int], mask: int, payer: Any, fines: Fines, bank: Book) -> None:
    with transaction.atomic():
        fines.open = {f"f{number}": fils for number, fils in enumerate(amounts)}
        chosen = [value for number, value in enumerate(values(payer)) if mask >> number & 1] or values(payer)
        wanted = sum(chosen_values(chosen).values())
        attempt = pay(payer, chosen)
        parts = list(attempt.allocations.select_related("bill"))
        assert attempt.fils == wanted == sum(part.fils for part in parts)
        assert sorted(part.fils for part in parts) == sorted(chosen_values(chosen).values())
        assert all(part.fils == part.bill.total_fils for part in parts) and len(parts) == len(chosen)
        assert Bank.book is bank
        transaction.set_rollback(True)
