"""Boards are licensed for the place and the holder that were studied, of a shop whose health licence is not over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from licensing import former_holders
from licensing.health import services as health
from licensing.health.states import CHANGE
from licensing.health.transfers import services as transfers
from licensing.models import BoardRequest, HealthLicence
from licensing.signage import queries, tasks
from licensing.signage.renewals import offers
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments.models import Allocation, Bill, RefundDue
from payments.services import start_attempt
from shops.models import Shop
from shops.register import events
from shops.register.services import FactChange, change_register, refresh_search, transfer
from tests import desk_acts
from tests.bank import Book
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories import boards
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealed")]
BY = system("tests")


@pytest.fixture
def reader(shop: Shop) -> User:
    return OfficerFactory(login="health", branch_id=shop.branch_id, skills=["health"])


def issued(case: Case) -> None:
    """Pay a case of the health licence and issue its licence."""
    health.take_payment(case=Case.objects.get(pk=case.pk))
    health.issue_renewal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))


def reason(request: BoardRequest) -> tuple[str, str]:
    event = boards.fresh(request.case).case.last_event
    return boards.fresh(request.case).case.state, event.reason if event is not None else ""


def test_nothing_is_billed_for_boards_of_a_shop_that_passed_to_another_holder(shop: Shop, owner: User, officer: User, reader: User) -> None:
    noura = PersonFactory(noura=True)
    request = boards.sent(shop, owner)
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NOURA), user=noura)
    desk_acts.approve(reader)
    issued(case)
    desk_acts.approve(officer)
    assert reason(request) == ("refused", "shop_moved") and not Bill.objects.filter(subject=request.case.key).exists()


def test_nothing_is_billed_for_boards_of_a_shop_that_the_register_gave_to_another_holder(shop: Shop, owner: User, officer: User) -> None:
    request = boards.sent(shop, owner)
    transfer(shop=shop, to=PersonFactory(noura=True), source="case:of a claim", actor=BY)
    desk_acts.approve(officer)
    assert reason(request) == ("refused", "shop_moved") and not Bill.objects.exists()


def test_a_street_that_is_written_in_another_way_ends_no_request_for_boards(
    shop: Shop, owner: User, officer: User, outbox: Callable[..., int]
) -> None:
    boards.sent(shop, owner)
    columns = {name: getattr(shop, name) for name in events.ADDRESS_COLUMNS}
    change = FactChange("address", columns | {"street": f"{shop.street} (corrected)"})
    change_register(shop=shop, changes=[change], source="correction:1", actor=BY)
    request = boards.fresh(desk_acts.approve(officer))
    former_holders.end_boards()
    assert boards.fresh(request.case).case.state == "awaiting_payment" and queries.lost(request) == ""


@pytest.mark.parametrize("is_approved", [False, True])
def test_an_unpaid_request_for_boards_ends_when_the_shop_passes_and_the_new_holder_can_ask(
    shop: Shop, owner: User, officer: User, outbox: Callable[..., int], is_approved: bool
) -> None:
    noura = PersonFactory(noura=True)
    request = boards.approved(shop, owner, officer) if is_approved else boards.sent(shop, owner)
    transfer(shop=shop, to=noura, source="case:of a claim", actor=BY)
    outbox("licensing.end_former")
    assert reason(request) == ("refused", "shop_moved")
    assert [bill.state for bill in Bill.objects.all()] == ["void"] * is_approved
    told = Message.objects.get(person=owner, kind="licensing.boards_not_issued")
    assert "is no longer met" in told.body_en and "لا رسوم مستحقة" in told.body_ar.replace("ولا", "لا")
    assert boards.sent(Shop.objects.get(pk=shop.pk), noura).case.is_open


def test_what_was_paid_after_the_shop_moved_is_owed_back(shop: Shop, owner: User, officer: User, reader: User, bank: Book) -> None:
    request = boards.sent(shop, owner)
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"], service=CHANGE)
    desk_acts.approve(reader)
    desk_acts.approve(officer)
    issued(case)
    boards.pay_at_bank(boards.fresh(request.case), bank)
    boards.paid_of(request.case)
    assert reason(request) == ("refused", "shop_moved") and RefundDue.objects.count() == 1


@pytest.mark.parametrize("how", ["moved", "closed", "cancelled", "suspended"])
def test_nobody_is_asked_to_pay_for_boards_of_a_shop_that_may_have_none(
    shop: Shop, owner: User, officer: User, outbox: Callable[..., int], how: str
) -> None:
    request = boards.approved(shop, owner, officer)
    if how == "moved":
        before = {name: getattr(shop, name) for name in events.ADDRESS_COLUMNS}
        change_register(shop=shop, changes=[FactChange("address", before | {"block": "77"})], source="tests", actor=BY)
    elif how == "closed":
        events.close(shop=shop, source="tests", actor=BY)
    elif how == "cancelled":
        health.cancel_licence(shop=shop, person=owner)
    else:  # the control: a suspension is lifted
        events.suspend(shop=shop, source="tests", actor=BY)
    tasks.follow_shops()
    ended = {"moved": "shop_moved", "closed": "shop_closed", "cancelled": "health_licence_over"}.get(how)
    assert reason(request) == (("refused", ended) if ended else ("awaiting_payment", ""))
    assert Bill.objects.get().state == ("void" if ended else "due")
    assert Message.objects.filter(person=owner, kind="licensing.boards_not_issued").count() == bool(ended)
    page = signed_in(owner).get(f"/en/cases/{request.case.public_id}/").content.decode()
    assert ("Pay by KNET" in page) is not bool(ended)
    tasks.follow_shops()
    assert Message.objects.filter(person=owner, kind="licensing.boards_not_issued").count() == bool(ended)


def test_one_whose_payment_is_at_the_bank_waits_for_its_answer(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    bill = Bill.objects.get()
    start_attempt(bills=[bill], payer=owner, language="en", session_key="session-1")
    events.close(shop=shop, source="tests", actor=BY)
    tasks.follow_shops()
    assert reason(request)[0] == "awaiting_payment" and Bill.objects.get().state == "due"
    Allocation.objects.update(is_open=False)  # the bank has not taken it
    tasks.follow_shops()
    assert reason(request) == ("refused", "shop_closed")


def test_no_boards_of_a_shop_whose_health_licence_was_cancelled(shop: Shop, owner: User, officer: User) -> None:
    request = boards.sent(shop, owner)
    health.cancel_licence(shop=shop, person=owner)
    desk_acts.approve(officer)
    assert reason(request) == ("refused", "health_licence_over") and not Bill.objects.exists()
    refusal = queries.obstacle(shop)
    assert refusal is not None and refusal.code == "health_licence_over"
    with pytest.raises(Refused, match="health_licence_over"):
        boards.sent(shop, owner)


def test_boards_whose_licence_ran_out_during_a_suspension_of_the_shop_can_be_renewed(
    licensed: BoardRequest, shop: Shop, owner: User, frozen_clock: Clock
) -> None:
    document = HealthLicence.objects.select_related("document").get(shop=shop, is_current=True).document
    last = max(board.last_day for board in licensed.boards.all() if board.last_day)
    frozen_clock.move(days=(last - clock.today()).days - 2)
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today() + dt.timedelta(days=400))
    shop.refresh_from_db()
    documents.suspend(document, reason="tests", actor=BY)
    refresh_search([shop.pk])
    frozen_clock.move(days=5)
    document.refresh_from_db()
    documents.resume(document, reason="tests", actor=BY)
    refresh_search([shop.pk])
    assert {queries.standing(board) for board in boards.fresh(licensed.case).boards.all()} == {"expired"}
    assert {one.stop for group in offers.of_user(owner) for one in group.boards} == {""}
