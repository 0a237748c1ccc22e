"""A board whose licence is over stands, licensed under another number: its deposit goes back for a photo of it, once, to who paid it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.models import Board, BoardEnd, BoardRequest
from licensing.signage import invariants
from licensing.signage.life import queries as life
from licensing.signage.life import reminders, services
from licensing.signage.renewals import offers
from licensing.signage.renewals import services as renewals
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.uploads.registry import may_write
from payments import invariants as payment_invariants
from payments.models import RefundDue
from shops.models import Shop
from tests.bank import Book
from tests.browsers import signed_in
from tests.database_guards import drop_guard, gets_through
from tests.factories import boards

pytestmark = pytest.mark.django_db


@pytest.fixture
def again(board: Board, box: Board, shop: Shop, stranger: User, officer: User, bank: Book, frozen_clock: Any) -> Board:
    """The board of a new holder of the shop, licensed in the place of the one whose licence ran out."""
    frozen_clock.move(days=400)
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today() + dt.timedelta(days=400), owner=stranger)
    return boards.issued_at_bank(Shop.objects.get(pk=shop.pk), stranger, officer, bank, boards.FRONT).boards.get()


def record(board: Board, inspector: User, again: str) -> BoardEnd:
    return services.end_by_inspector(board=board, inspector=inspector, again=again)


def refused(board: Board, inspector: User, again: str) -> str:
    with pytest.raises(Refused) as refusal:
        record(board, inspector, again)
    return refusal.value.code


@pytest.mark.parametrize("language", ["ar", "en"])
def test_an_inspector_records_under_which_number_it_stands(
    language: str, board: Board, again: Board, owner: User, stranger: User, inspector: User, cashier: User, frozen_clock: Any
) -> None:
    frozen_clock.move(days=31)
    client, page = signed_in(inspector, headers={"accept-language": language}), f"/admin/boards/{board.public_id}/"
    assert board in reminders.to_visit(inspector.branch_id) and f'value="{again.public_id}"' in client.get(page).content.decode()
    assert client.post(page, {"again": again.public_id}).status_code == 409 and not BoardEnd.objects.exists(), "no photo"
    boards.photo(board, inspector)
    assert client.post(page, {"again": again.public_id}).status_code == 409, "a photo of the empty place shows no board"
    photo = boards.photo(board, inspector, slot="again")
    assert client.post(page, {"again": again.public_id}).status_code == 302
    end, refund = BoardEnd.objects.get(), RefundDue.objects.get()
    assert (end.reason, end.day, end.by) == ("lapsed", board.last_day + dt.timedelta(days=1), inspector)  # type: ignore[operator]
    assert (end.stands_as, end.photo) == (again, photo)
    assert (refund.fils, refund.payer, refund.reason) == (12_000, owner, "board_ended")
    told = Message.objects.get(kind="licensing.board_ended")
    assert told.person == owner and "12.000" in told.body_ar and again.number in told.body_ar and again.number in told.body_en
    event = AuditEvent.objects.get(action="board.ended", subject=board.request.case.key)
    assert event.data["stands_as"] == again.number
    assert life.held_fils(life.deposits_of(again)) == 12_000, "the new one keeps its own"
    assert board not in reminders.to_visit(inspector.branch_id) and client.get(page).status_code == 200
    assert again.number in client.get(f"/{language}/boards/{board.public_id}/").content.decode()
    paid_out = signed_in(cashier).get(f"/admin/payments/refunddue/{refund.pk}/pay-out/").content.decode()
    assert photo.public_id in paid_out and again.public_id in paid_out and board.public_id in paid_out
    assert refused(board, inspector, again.public_id) == "returned_already" and RefundDue.objects.count() == 1
    assert not list(invariants.findings()) and not list(payment_invariants.findings())


def test_one_that_ended_without_a_photo_gets_it_then(
    licensed: BoardRequest, board: Board, box: Board, shop: Shop, owner: User, officer: User, inspector: User, bank: Book
) -> None:
    services.end_by_holder(board=board, person=owner, day=clock.today())
    new = boards.issued_at_bank(Shop.objects.get(pk=shop.pk), owner, officer, bank, boards.FRONT).boards.get()
    boards.photo(board, inspector, slot="again")
    end = record(board, inspector, new.public_id)
    assert (end.reason, end.stands_as) == ("removed", new) and RefundDue.objects.get().line.code == "boards.deposit_1"
    assert AuditEvent.objects.get(action="board.photo").data["stands_as"] == new.number
    assert [row.action for row in AuditEvent.objects.filter(action="board.ended")] == ["board.ended"]


def test_only_a_board_of_the_shop_that_was_licensed_since_can_be_named(board: Board, box: Board, again: Board, inspector: User) -> None:
    boards.photo(board, inspector, slot="again")
    for other in (box.public_id, board.public_id, "", "unknown"):
        assert refused(board, inspector, other) == "not_licensed_again"
    assert refused(again, inspector, box.public_id) == "not_licensed_again", "it is licensed itself"
    assert not BoardEnd.objects.exists() and not RefundDue.objects.exists()
    assert 'name="again"' not in signed_in(inspector).get(f"/admin/boards/{again.public_id}/").content.decode()


@pytest.mark.guards
def test_the_database_refuses_another_board_and_red_without_its_guard(board: Board, box: Board, again: Board, inspector: User) -> None:
    photo = boards.photo(board, inspector, slot="again")
    facts = {"board": board, "reason": "lapsed", "day": clock.today(), "by": inspector, "at": clock.now()}
    empty = boards.photo(board, inspector)

    def named(**other: Any) -> None:
        BoardEnd.objects.create(**facts | {"photo": photo, "stands_as": again, "day": again.first_day} | other)

    for wrong in ({"stands_as": box}, {"day": clock.today() + dt.timedelta(days=1)}):
        with pytest.raises(IntegrityError, match="not_licensed_again"), transaction.atomic():
            named(**wrong)
    for wrong in ({"photo": empty}, {"stands_as": None}):
        with pytest.raises(IntegrityError, match="other_photo"), transaction.atomic():
            named(**wrong)
    with pytest.raises(IntegrityError, match="not_licensed_again"), transaction.atomic():
        named(reason="removed", photo=None)
    assert gets_through(named)
    drop_guard("licensing_boardend_stands_as_insert", "licensing_boardend")
    assert gets_through(lambda: named(stands_as=box)), "red: the deposit would go back for a board beside it"


@pytest.mark.guards
def test_the_board_that_it_stands_as_is_not_changed_afterwards(
    board: Board, again: Board, shop: Shop, stranger: User, officer: User, inspector: User, bank: Book
) -> None:
    boards.photo(board, inspector, slot="again")
    record(board, inspector, again.public_id)
    third = boards.issued_at_bank(Shop.objects.get(pk=shop.pk), stranger, officer, bank, boards.FRONT).boards.get()
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        BoardEnd.objects.update(stands_as=third)
    drop_guard("licensing_boardend_photo_once", "licensing_boardend")
    assert gets_through(lambda: BoardEnd.objects.update(stands_as=third)), "red"


@pytest.fixture
def pair(shop: Shop, owner: User, officer: User, sealed: None, bank: Book) -> tuple[Board, Board]:
    """Two boards of one licence."""
    first, second = boards.issued_at_bank(shop, owner, officer, bank, boards.FRONT, boards.FRONT | {"place": "Side"}).boards.order_by(
        "line"
    )
    return first, second


def test_the_renewal_of_the_board_beside_it_is_not_this_board(
    pair: tuple[Board, Board], shop: Shop, owner: User, bank: Book, inspector: User, frozen_clock: Any
) -> None:
    board, beside = pair
    assert beside.last_day is not None
    frozen_clock.set(dt.datetime.combine(beside.last_day - dt.timedelta(days=5), dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today() + dt.timedelta(days=900))
    offer = next(one for group in offers.of_user(owner) for one in group.ready if one.previous == beside)
    (request,) = renewals.renew(user=owner, chosen=[beside.public_id], expected_fils=offer.fils)
    boards.pay_at_bank(boards.fresh(request.case), bank)
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=request.case)
    frozen_clock.set(dt.datetime.combine(beside.last_day + dt.timedelta(days=60), dt.time(9), clock.KUWAIT))
    renewed = request.boards.get()
    assert not life.licensed_again(Board.objects.get(pk=board.pk)).exists()
    boards.photo(board, inspector, slot="again")
    assert refused(board, inspector, renewed.public_id) == "not_licensed_again"


def test_a_board_of_the_same_licence_is_not_this_board(pair: tuple[Board, Board], owner: User, inspector: User) -> None:
    board, beside = pair
    services.end_by_holder(board=board, person=owner, day=clock.today())
    boards.photo(board, inspector, slot="again")
    assert refused(board, inspector, beside.public_id) == "not_licensed_again"


@pytest.mark.guards
def test_two_boards_do_not_stand_as_one(
    pair: tuple[Board, Board], shop: Shop, stranger: User, officer: User, bank: Book, inspector: User, frozen_clock: Any
) -> None:
    frozen_clock.move(days=400)
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today() + dt.timedelta(days=400), owner=stranger)
    new = boards.issued_at_bank(Shop.objects.get(pk=shop.pk), stranger, officer, bank, boards.FRONT).boards.get()
    boards.photo(pair[0], inspector, slot="again")
    record(pair[0], inspector, new.public_id)
    photo = boards.photo(pair[1], inspector, slot="again")
    assert refused(pair[1], inspector, new.public_id) == "not_licensed_again" and RefundDue.objects.count() == 1
    facts = {
        "board": pair[1],
        "reason": "lapsed",
        "day": new.first_day,
        "by": inspector,
        "at": clock.now(),
        "photo": photo,
        "stands_as": new,
    }
    with pytest.raises(IntegrityError, match="not_licensed_again"), transaction.atomic():
        BoardEnd.objects.create(**facts)
    drop_guard("licensing_boardend_stands_as_insert", "licensing_boardend")
    assert gets_through(lambda: BoardEnd.objects.create(**facts)), "red: two deposits would go back for one standing board"


def test_only_staff_take_the_photo_of_a_board_that_stands(board: Board, owner: User, inspector: User) -> None:
    assert may_write(inspector, life.key_of(board), life.AGAIN) and not may_write(owner, life.key_of(board), life.AGAIN)
    assert may_write(owner, life.key_of(board), "after"), "the control: the holder sends the photo of the empty place"
