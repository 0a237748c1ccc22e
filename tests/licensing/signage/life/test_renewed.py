"""A board that was renewed: it ends with the one that renews it, by one photo, and its first deposit goes back then."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from licensing.models import Board, BoardEnd, BoardRequest
from licensing.signage import invariants, queries
from licensing.signage.life import reminders, services, shop_licence
from licensing.signage.renewals import offers
from licensing.signage.renewals import services as renewals
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from payments import balances
from payments.models import RefundDue
from shops.models import Shop
from shops.register import events
from tests.bank import Book
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import drop_guard
from tests.factories import boards

pytestmark = pytest.mark.django_db
FRONT_DEPOSIT = 12_000


@pytest.fixture
def asked(board: Board, owner: User, frozen_clock: Clock) -> BoardRequest:
    """The renewal of the board on the front, twenty days before its end, not paid yet."""
    assert board.last_day is not None
    frozen_clock.set(dt.datetime.combine(board.last_day - dt.timedelta(days=20), dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=board.request.shop_id).update(commercial_license_end=board.last_day + dt.timedelta(days=900))
    (one,) = [one for group in offers.of_user(owner) for one in group.ready]
    (request,) = renewals.renew(user=owner, chosen=[board.public_id], expected_fils=one.fils)
    return boards.fresh(request.case)


@pytest.fixture
def renewed(asked: BoardRequest, bank: Book, sealed: None) -> Board:
    """The board that renews the one on the front, licensed; it begins in 21 days."""
    boards.pay_at_bank(asked, bank)
    issue.paid(boards.bill_of(asked))
    issue.issue_licence(case=asked.case)
    return asked.boards.get()


@pytest.mark.parametrize(("medium", "is_held"), [("fascia", True), ("glass", False)])
def test_the_message_of_a_renewal_names_a_deposit_only_where_one_is_held(
    medium: str, is_held: bool, shop: Shop, owner: User, officer: User, sealed: None, bank: Book, frozen_clock: Clock
) -> None:
    board = boards.issued_at_bank(shop, owner, officer, bank, boards.FRONT | {"medium": medium}).boards.get()
    assert board.last_day is not None
    frozen_clock.set(dt.datetime.combine(board.last_day - dt.timedelta(days=20), dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=board.last_day + dt.timedelta(days=900))
    (one,) = [one for group in offers.of_user(owner) for one in group.ready]
    renewals.renew(user=owner, chosen=[board.public_id], expected_fils=one.fils)
    told = Message.objects.get(kind="licensing.boards_renewed")
    assert ("stays held" in told.body_en, "محتجز" in told.body_ar) == (is_held, is_held)


def begin(renewed: Board, frozen_clock: Clock) -> None:
    """Go to the second day of the renewed licence."""
    assert renewed.first_day is not None
    frozen_clock.set(dt.datetime.combine(renewed.first_day + dt.timedelta(days=1), dt.time(9), clock.KUWAIT))


def end(board: Board, person: User) -> BoardEnd:
    return services.end_by_holder(board=Board.objects.get(pk=board.pk), person=person, day=clock.today())


def refusal(board: Board, person: User) -> str:
    with pytest.raises(Refused) as refused:
        end(board, person)
    return refused.value.code


def test_the_first_deposit_goes_back_with_the_newest_board_by_one_photo(
    board: Board, renewed: Board, owner: User, frozen_clock: Clock
) -> None:
    begin(renewed, frozen_clock)
    before = balances.balances()["deposits"]
    photo = boards.photo(renewed, owner)
    made = end(renewed, owner)
    assert (made.photo, BoardEnd.objects.get(board=board).photo) == (photo, photo)
    assert RefundDue.objects.get().fils == FRONT_DEPOSIT and balances.balances()["deposits"] == before + FRONT_DEPOSIT
    assert "12.000" in Message.objects.get(kind="licensing.board_ended").body_ar
    assert refusal(renewed, owner) == "returned_already" and RefundDue.objects.count() == 1
    assert not list(invariants.findings())


def test_a_photo_that_comes_later_ends_the_renewed_one_with_it(board: Board, renewed: Board, owner: User, frozen_clock: Clock) -> None:
    begin(renewed, frozen_clock)
    end(renewed, owner)
    assert not BoardEnd.objects.filter(board=board).exists() and not RefundDue.objects.exists()
    boards.photo(renewed, owner)
    end(renewed, owner)
    assert BoardEnd.objects.filter(board=board).exists() and RefundDue.objects.get().fils == FRONT_DEPOSIT


def test_what_is_being_renewed_or_was_renewed_is_not_ended_and_nobody_asks_for_its_photo(
    board: Board, asked: BoardRequest, bank: Book, sealed: None, owner: User, frozen_clock: Clock
) -> None:
    assert refusal(board, owner) == "renewal_open"
    boards.pay_at_bank(asked, bank)
    issue.paid(boards.bill_of(asked))
    issue.issue_licence(case=asked.case)
    renewed = asked.boards.get()
    assert (refusal(board, owner), refusal(renewed, owner)) == ("renewed", "not_begun")
    begin(renewed, frozen_clock)
    frozen_clock.move(days=60)
    boxes = list(reminders.without_photo(clock.today()))
    assert board not in boxes and renewed not in boxes


@pytest.mark.guards
def test_an_inspector_who_opens_a_renewed_board_before_its_first_day_is_told_from_when_it_can_end(
    renewed: Board, inspector: User, frozen_clock: Clock
) -> None:
    boards.photo(renewed, inspector)
    client = signed_in(inspector)
    client.cookies["staff_language"] = "en"
    answer = client.post(f"/admin/boards/{renewed.public_id}/")
    assert answer.status_code == 409 and "The board can be ended from its first day on." in answer.content.decode()
    begin(renewed, frozen_clock)
    assert services.end_by_inspector(board=renewed, inspector=inspector).reason == "found_gone"


def test_a_renewed_board_that_ran_out_waits_for_its_photo_and_names_the_first_deposit(
    board: Board, renewed: Board, owner: User, frozen_clock: Clock
) -> None:
    assert renewed.last_day is not None
    frozen_clock.set(dt.datetime.combine(renewed.last_day + dt.timedelta(days=9), dt.time(9), clock.KUWAIT))
    waiting = list(reminders.without_photo(clock.today()))
    assert renewed in waiting and board not in waiting
    reminders.remind()
    assert "12.000" in Message.objects.get(kind="licensing.board_photo_missing", key=renewed.public_id).body_ar


@pytest.mark.guards
def test_both_end_with_their_shop_though_the_newest_has_not_begun(
    board: Board, renewed: Board, owner: User, frozen_clock: Clock, licensed: BoardRequest
) -> None:
    events.close(shop=licensed.shop, source="moci", actor=system("tests"))
    shop_licence.follow([licensed.shop_id])
    assert {row.reason for row in BoardEnd.objects.filter(board__in=[board, renewed])} == {"with_shop"}
    assert not offers.ending([licensed.shop]).exists()
    begin(renewed, frozen_clock)
    boards.photo(renewed, owner)
    end(renewed, owner)
    assert RefundDue.objects.get().fils == FRONT_DEPOSIT


def test_a_renewed_board_that_ended_with_its_shop_before_its_first_day_takes_its_photo_from_its_page_at_once(
    renewed: Board, owner: User, licensed: BoardRequest
) -> None:
    client, page = signed_in(owner), f"/en/boards/{renewed.public_id}/"
    assert f"{page}remove/" not in client.get(page).content.decode(), "the control: it has not begun, and has not ended"
    events.close(shop=licensed.shop, source="moci", actor=system("tests"))
    read = client.get(page).content.decode()
    assert f"{page}remove/" in read and "Send the photo of the place" in read
    boards.photo(renewed, owner)
    assert client.post(f"{page}remove/").status_code == 302
    assert RefundDue.objects.get().fils == FRONT_DEPOSIT and f"{page}remove/" not in client.get(page).content.decode()


def test_a_board_that_ends_while_its_renewal_waits_for_payment_is_not_licensed_again(
    board: Board, asked: BoardRequest, bank: Book, licensed: BoardRequest
) -> None:
    attempt = boards.at_bank(asked)
    events.close(shop=licensed.shop, source="moci", actor=system("tests"))
    shop_licence.follow([licensed.shop_id])
    assert queries.end_of(Board.objects.get(pk=board.pk)) is not None
    boards.confirm_at_bank(attempt, bank)
    issue.paid(boards.bill_of(asked))
    assert boards.fresh(asked.case).case.state == "refused"


@pytest.mark.guards
def test_the_database_ends_the_newest_board_first_and_renews_no_ended_one(board: Board, renewed: Board, owner: User) -> None:
    def write() -> None:
        with transaction.atomic():
            BoardEnd.objects.create(board=board, reason="removed", day=clock.today(), by=owner, at=clock.now())

    with pytest.raises(IntegrityError, match="guard:renewed"):
        write()
    connection.check_constraints()
    drop_guard("licensing_boardend_of_newest", "licensing_boardend")
    write()


def test_the_pages_of_both_say_the_same(board: Board, renewed: Board, owner: User, frozen_clock: Clock) -> None:
    begin(renewed, frozen_clock)
    client: Client = signed_in(owner)
    old, new = (client.get(f"/en/boards/{row.public_id}/").content.decode() for row in (board, renewed))
    assert f"/en/boards/{board.public_id}/remove/" not in old and "Renewed until" in old and "12.000" in old
    assert f"/en/boards/{renewed.public_id}/remove/" in new and "12.000" in new
    case = f"/en/cases/{renewed.request.case.public_id}/"
    assert "Renews <bdi" in client.get(case).content.decode() and "Its deposit stays held." in client.get(case).content.decode()
    boards.photo(renewed, owner)
    end(renewed, owner)
    assert "Being returned" in client.get(f"/en/boards/{renewed.public_id}/").content.decode()
    assert "Its deposit stays held." not in client.get(case).content.decode(), "the pages of the board and of its case say the same"
