"""The bill of a violation after its shop passed on, or its payer left: who pays it then, and who does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from municipality.accounts.models import Signatory, User
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import queries as payments
from payments.models import Attempt, Bill
from payments.services import redirect_url, start_attempt
from shops.models import Shop
from shops.office.services import merges
from shops.register import services as register
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, SALIM, StaffFactory
from tests.violations.conftest import pay
from violations import queries
from violations.models import Violation
from violations.services import dues, reversals, settlements, visitors
from violations.states import SERVICE

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill(served: Violation, owner: User) -> Bill:
    return settlements.bill_for(violation=served, person=owner)


def pass_on(row: Violation, to: User) -> None:
    register.transfer(shop=row.shop, to=to, source="tests", actor=system("tests"))  # type: ignore[arg-type]


def start(bill: Bill, payer: User | None) -> Attempt:
    return start_attempt(bills=[bill], payer=payer, language="en", session_key="s")


def test_a_former_holder_does_not_pay_and_ends_no_right_of_the_present_one(
    served: Violation, bill: Bill, owner: User, stranger: User
) -> None:
    pass_on(served, stranger)
    with pytest.raises(Refused, match="stopped"):
        start(bill, owner)
    client = signed_in(owner)
    for page in (client.get(f"/en/pay/{bill.public_id}/"), client.get("/en/basket/")):
        text = page.content.decode()
        assert str(dues.PASSED_ON) in text and str(dues.ENDS) not in text and f"{served.public_id}/pay" not in text
        assert f'{served.public_id}/">To the request' not in text and "Evidence and all options" not in text
    text = client.get(f"/en/pay/{bill.public_id}/").content.decode()
    assert "<caption>What the bill is for</caption>" in text and "Check and pay" not in text
    listed = client.get("/en/my-payments/").content.decode()
    assert "Not yours to pay any more<" in listed and "Cannot be paid now" not in listed and "Settlement offer" not in listed
    assert client.post(f"/en/pay/{bill.public_id}/").status_code == 409 and not Attempt.objects.exists()
    assert pay(served, stranger).state == "paid" and Bill.objects.get(pk=bill.pk).state == "void"


def test_no_page_of_a_former_holders_bill_leads_to_the_violation_that_is_not_theirs(
    served: Violation, bill: Bill, owner: User, stranger: User
) -> None:
    client, page = signed_in(owner), f"/en/violations/{served.public_id}/"

    def leads() -> bool:
        return f'href="{page}"' in client.get(f"/en/pay/{bill.public_id}/").content.decode()

    assert leads() and client.get(page).status_code == 200
    pass_on(served, stranger)
    assert not leads() and client.get(page).status_code == 404
    assert pay(served, stranger).state == "paid" and not leads(), "nor once it is cancelled"


def test_what_was_begun_before_is_paid_only_where_it_has_left_for_the_bank(
    served: Violation, bill: Bill, owner: User, stranger: User
) -> None:
    attempt = start(bill, owner)  # the gateway could not be reached, say
    assert start(bill, owner) == attempt
    pass_on(served, stranger)
    with pytest.raises(Refused, match="stopped"):
        start(bill, owner)
    redirect_url(attempt)
    assert start(bill, owner) == attempt, "its outcome is known to nobody"


def test_who_does_not_sign_any_more_does_not_pay_and_the_other_signatory_does(
    signed_by_two: Violation, owner: User, stranger: User
) -> None:
    bill = settlements.bill_for(violation=signed_by_two, person=owner)
    assert payments.stopped([bill]) == ""
    Signatory.objects.filter(person=owner).update(first_day=dt.date(2020, 1, 1), last_day=clock.today() - dt.timedelta(days=1))
    with pytest.raises(Refused, match="stopped"):
        start(bill, owner)
    assert pay(signed_by_two, stranger).state == "paid"


def test_delegates_and_relatives_pay_for_the_present_holder(served: Violation, bill: Bill, owner: User, stranger: User) -> None:
    last_day = clock.today() + dt.timedelta(days=60)
    row = delegations.give(giver=owner, number=NOURA, subject=served.shop.key, service=SERVICE, last_day=last_day)  # type: ignore[union-attr]
    delegations.accept(delegation=row, person=stranger)
    assert payments.stopped([bill]) == "" and start(bill, stranger).started_by == stranger
    Attempt.objects.get().allocations.update(is_open=False)
    assert visitors.start_payment(violation=served, fils=bill.total_fils, language="ar", session_key="s").started_by is None


def test_a_relative_pays_for_the_holder_who_came_after(served: Violation, bill: Bill, stranger: User) -> None:
    pass_on(served, stranger)
    attempt = visitors.start_payment(violation=served, fils=bill.total_fils, language="ar", session_key="s")
    assert attempt.allocations.get().bill.payer == stranger and Bill.objects.get(pk=bill.pk).state == "void"


def test_what_a_relative_began_is_checked_again_until_it_has_left_for_the_bank(served: Violation, stranger: User) -> None:
    def again(fils: int = 100_000) -> Attempt:
        return visitors.start_payment(violation=served, fils=fils, language="ar", session_key="s")

    attempt = again()  # the gateway could not be reached, say
    assert again() == attempt
    with pytest.raises(Refused, match="amount_changed"):
        again(fils=1)
    pass_on(served, stranger)
    with pytest.raises(Refused, match="payment_open"):  # its bill is made out to the former holder
        again()
    redirect_url(attempt)
    assert again() == attempt, "its outcome is known to nobody"


def test_who_is_named_by_a_civil_number_pays_after_the_shop_passed_on(write: Callable[..., Violation], owner: User, stranger: User) -> None:
    row = write("CLN-03", civil_id=SALIM)
    bill = settlements.bill_for(violation=row, person=owner)
    pass_on(row, stranger)
    assert payments.stopped([bill]) == "" and start(bill, owner)


def test_what_the_bank_took_back_after_the_entry_was_merged_is_paid_again(
    served: Violation, bill: Bill, owner: User, make_shop: Callable[..., Shop]
) -> None:
    assert pay(served, owner).state == "paid"
    clerk, keeper = (StaffFactory(groups=[group], login=group) for group in ("register_clerk", "register_keeper"))
    asked = merges.propose(shop=served.shop, into=make_shop(), note_ar="الرقم نفسه والعنوان واحد", asked_by=clerk)  # type: ignore[arg-type]
    merges.allow(merge=asked, allowed_by=keeper)
    assert not queries.concerning(owner).filter(pk=served.pk).exists(), "nobody else is asked for it"
    reversals.voided(bill.pk)
    assert payments.stopped([bill]) == ""


@pytest.mark.parametrize("passes_on", [False, True])
def test_bills_of_many_violations_ask_no_more_than_one(
    passes_on: bool,
    bill: Bill,
    write: Callable[..., Violation],
    make_shop: Callable[..., Shop],
    owner: User,
    stranger: User,
    django_assert_max_num_queries: Any,
) -> None:
    bills = [bill, *(settlements.bill_for(violation=write("CLN-03", shop=make_shop()), person=owner) for _turn in range(5))]
    if passes_on:
        for row in Violation.objects.select_related("shop"):
            pass_on(row, stranger)
    with django_assert_max_num_queries(4):
        found = dues.of_bills(bills)
    assert [due.stopped == dues.PASSED_ON for due in found.values()] == [passes_on] * 6
