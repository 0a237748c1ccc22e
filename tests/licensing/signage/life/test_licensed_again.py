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
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
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
