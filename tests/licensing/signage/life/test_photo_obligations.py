"""A deposit that waits for a photo stands on the home page of its holder until the photo is here."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from licensing.models import Board
from licensing.signage.life import obligations, services
from licensing.signage.renewals import offers
from municipality.accounts.models import User
from municipality.cases.panels import PanelLine
from municipality.kernel import clock
from shops.models import Shop
from tests import serving
from tests.bank import Book
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories import boards
from tests.licensing.signage.life.changed_boards import approved, changed, seen

pytestmark = pytest.mark.django_db


def addresses(user: User) -> list[str]:
    return sorted(one.url for one in obligations.obligations(user))


def place(board: Board) -> str:
    return f"/ar/boards/{board.public_id}/remove/"


@pytest.mark.parametrize(("language", "task"), [("ar", "إرسال صورة المكان"), ("en", "Send the photo of the place")])
def test_a_board_that_ended_without_a_photo_is_on_the_home_page_until_it_comes(
    language: str, task: str, board: Board, owner: User, stranger: User
) -> None:
    home, page = f"/{language}/", f"/{language}/boards/{board.public_id}/remove/"
    assert page not in signed_in(owner).get(home).content.decode() and not addresses(owner)
    services.end_by_holder(board=board, person=owner, day=clock.today())
    text = signed_in(owner).get(home).content.decode()
    assert page in text and task in text and "12.000" in text and board.number in text
    assert not addresses(stranger) and page not in signed_in(stranger).get(home).content.decode()
    boards.photo(board, owner)
    services.end_by_holder(board=Board.objects.get(pk=board.pk), person=owner, day=clock.today())
    assert not addresses(owner) and page not in signed_in(owner).get(home).content.decode()


def test_one_that_lapsed_is_there_once_it_can_be_renewed_no_more(board: Board, box: Board, owner: User, frozen_clock: Clock) -> None:
    assert board.last_day is not None
    late = offers.window().limits["late_days"].value
    frozen_clock.set(dt.datetime.combine(board.last_day + dt.timedelta(days=late), dt.time(9), clock.KUWAIT))
    assert not addresses(owner), "its renewal is what is to be done"
    frozen_clock.move(days=1)
    assert addresses(owner) == [place(board)]


def test_one_that_was_made_smaller_is_there_with_its_own_page(board: Board, owner: User, officer: User) -> None:
    new = changed(approved(board, owner, officer, width="3"))
    (one,) = obligations.obligations(owner)
    assert one.url == f"/ar/boards/{new.public_id}/smaller/" and "6.000" in str(one.about)
    seen(new)
    assert not addresses(owner)


def test_a_board_without_a_deposit_asks_for_no_photo(shop: Shop, owner: User, officer: User, bank: Book, sealed: None) -> None:
    board = boards.issued_at_bank(shop, owner, officer, bank, boards.FRONT | {"medium": "glass"}).boards.get()
    services.end_by_holder(board=board, person=owner, day=clock.today())
    assert board.deposit_fils == 0 and not addresses(owner)


def lines(user: User, shop: Shop) -> list[PanelLine]:
    return obligations.my_shops(user, [shop]).get(shop.key, [])


def test_my_shops_has_the_same_boards_in_one_line_of_each_shop(
    board: Board, shop: Shop, owner: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not lines(owner, shop)
    services.end_by_holder(board=board, person=owner, day=clock.today())
    (line,) = lines(owner, shop)
    assert line.url == place(board) and line.is_due and "12.000" in str(line.label)
    serving.warm(monkeypatch)
    client = signed_in(owner)
    client.get("/en/my-shops/")
    with CaptureQueriesContext(connection) as asked:
        page = client.get("/en/my-shops/").content.decode()
    assert len(asked) <= 13, "\n".join(one["sql"] for one in asked)  # twelve, and the sums of the deposits that wait
    assert "The deposit of a board waits for a photo" in page and "Send the photo of the place" in page
    assert not obligations.my_shops(stranger, [shop])
    boards.photo(board, owner)
    services.end_by_holder(board=Board.objects.get(pk=board.pk), person=owner, day=clock.today())
    assert not lines(owner, shop)


def test_my_shops_has_the_page_of_one_that_was_made_smaller(board: Board, shop: Shop, owner: User, officer: User) -> None:
    new = changed(approved(board, owner, officer, width="3"))
    (line,) = lines(owner, shop)
    assert line.url == f"/ar/boards/{new.public_id}/smaller/" and "6.000" in str(line.label)
    seen(new)
    assert not lines(owner, shop)
