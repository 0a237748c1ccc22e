"""Nobody pays the fee of a request that would be refused, since its shop is blocked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from django.utils.translation import override

from licensing.health import services
from licensing.health.services import issue
from licensing.health.states import CHANGE, RENEWAL
from licensing.measures import services as measures
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import lift_block, place_block
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from payments import queries
from payments.models import Attempt, Bill
from payments.queries import bill_of
from payments.services import start_attempt
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
BY = system("tests")


def block(shop: Shop, service: str = RENEWAL) -> None:
    words = {"sentence_ar": "حكم لم يُسدد", "sentence_en": "A sum set by the court is unpaid."}
    place_block(subject=shop.key, ground="test", source="test", stops=service, actor=BY, **words)


def start(bill: Bill, person: User) -> Attempt:
    return start_attempt(bills=[bill], payer=person, language="en", session_key="s")


def pages(person: User, bill: Bill) -> tuple[str, str, str]:
    """The request, the bill and the basket."""
    client = signed_in(person)
    with override("en"):
        paths = reverse("cases:case", args=[bill.subject.partition(":")[2]]), reverse("payments:pay", args=[bill.public_id])
        case, pay, basket = (client.get(path).content.decode() for path in (*paths, reverse("payments:basket")))
    return case, pay, basket


def test_a_blocked_renewal_is_not_paid_before_the_block_is_lifted(make_licensed_shop: Any, owner: User) -> None:
    shop = make_licensed_shop()
    bill = bill_of(services.submit_renewal(shop=shop, applicant=owner).key)
    assert bill is not None
    block(shop)
    for page in pages(owner, bill):
        assert "A sum set by the court is unpaid." in page and "Have the block lifted first" in page
    assert "Pay by KNET" not in pages(owner, bill)[0] and "Payment through KNET" not in pages(owner, bill)[1]
    with override("en"), pytest.raises(Refused) as refusal:
        start(bill, owner)
    assert refusal.value.code == "stopped" and "Have the block lifted first" in str(refusal.value.sentence) and not Attempt.objects.exists()
    assert signed_in(owner).post(f"/en/pay/{bill.public_id}/").status_code == 409
    lift_block(subject=shop.key, source="test", actor=BY)
    assert not any("Have the block lifted first" in page for page in pages(owner, bill)) and queries.stopped([bill]) == ""
    assert start(bill, owner).fils == bill.total_fils


def test_the_bill_of_boards_is_stopped_too(make_licensed_shop: Any, owner: User, store: Path) -> None:
    shop = make_licensed_shop()
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["boards"])
    bill = Bill.objects.get(pk=boards.bill_of(boards.approved(shop, owner, officer)))
    boards.forbid(shop, "blocked")
    for page in pages(owner, bill):
        assert "Have the block lifted first" in page
    assert queries.stopped([bill])


def test_without_the_refusal_the_payment_would_only_come_back(make_licensed_shop: Any, owner: User) -> None:
    """The control: what follows where the block is placed while the payment is at the bank."""
    shop = make_licensed_shop()
    case = services.submit_renewal(shop=shop, applicant=owner)
    block(shop)
    issue.take_payment(case=case)
    case.refresh_from_db()
    assert case.state == "refused" and case.last_event is not None and case.last_event.reason == "blocked"


def test_a_fee_that_is_due_again_after_the_issue_is_not_stopped(make_licensed_shop: Any, owner: User) -> None:
    """The bank took the payment back: the licence exists, and paying refuses nothing."""
    shop = make_licensed_shop()
    case = services.submit_renewal(shop=shop, applicant=owner)
    services.take_payment(case=case)
    bill = bill_of(case.key)
    block(shop)
    assert bill is not None and queries.stopped([bill]) == "" and start(bill, owner).fils == bill.total_fils


def test_a_renewal_whose_place_the_register_has_changed_is_not_paid(make_licensed_shop: Any, owner: User) -> None:
    """Paid, it would be refused: nobody studied the other place."""
    shop = make_licensed_shop()
    bill = bill_of(services.submit_renewal(shop=shop, applicant=owner).key)
    assert bill is not None and queries.stopped([bill]) == ""
    Shop.objects.filter(pk=shop.pk).update(block="99")
    for page in pages(owner, bill):
        assert "another activity or another place" in page
    assert "Pay by KNET" not in pages(owner, bill)[0] and "Payment through KNET" not in pages(owner, bill)[1]
    with pytest.raises(Refused, match="stopped"):
        start(bill, owner)


def test_a_change_of_a_licence_that_is_suspended_for_some_days_waits_and_is_not_given_up(
    make_licensed_shop: Any, owner: User, store: Path, frozen_clock: Any
) -> None:
    shop = make_licensed_shop(ends_in=200)
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"], service=CHANGE)
    desk_acts.approve(OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["health"]))
    bill = bill_of(case.key)
    assert bill is not None
    inspector = StaffFactory(groups=["inspector"], login="inspector", branch_id=shop.branch_id)
    measure = measures.propose(shop=shop, officer=inspector, kind="suspension", code="inspection_failed", text="-", days=5)
    measures.sign(measure=measure, supervisor=StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id))
    for page in pages(owner, bill):
        assert "You can withdraw it" not in page and "Pay by KNET" not in page
    assert "Have the block lifted first" in pages(owner, bill)[0]
    frozen_clock.move(days=6)
    measures.end_due()
    assert queries.stopped([bill]) == "" and "Pay by KNET" in pages(owner, bill)[0]


@pytest.mark.parametrize(("why", "sentence"), [("ended", "is not in force"), ("closed", "is closed in the register")])
def test_a_change_of_a_licence_that_has_ended_or_of_a_closed_shop_is_not_paid(
    make_licensed_shop: Any, owner: User, store: Path, frozen_clock: Any, why: str, sentence: str
) -> None:
    """Paid, it would be refused; and while it waits, the ended licence cannot be renewed."""
    shop = make_licensed_shop(ends_in=5)
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"], service=CHANGE)
    desk_acts.approve(OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["health"]))
    bill = bill_of(case.key)
    assert bill is not None and queries.stopped([bill]) == ""
    if why == "ended":
        frozen_clock.move(days=6)
    else:
        Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today())
    for page in pages(owner, bill):
        assert sentence in page and "Paid, this request would be refused" in page
    assert "Pay by KNET" not in pages(owner, bill)[0] and "Payment through KNET" not in pages(owner, bill)[1]
    with pytest.raises(Refused, match="stopped"):
        start(bill, owner)
    issue.take_payment(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    assert case.state == "refused", "the control: a payment would only come back"
