"""A deposit that waits for a photo: a reminder to the holder, then a visit of an inspector."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.models import Board, BoardEnd, BoardRequest
from licensing.signage.life import reminders, services
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from payments.models import RefundDue
from shops.models import Shop
from shops.register import events
from tests import desk_acts
from tests.bank import Book
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.accounts import StaffFactory
from tests.factories.drawings import sent_drawn

pytestmark = pytest.mark.django_db
BY = system("tests")


def reminded() -> list[str]:
    return sorted(Message.objects.filter(kind="licensing.board_photo_missing").values_list("key", flat=True))


def test_a_holder_is_reminded_once_a_week_after_the_end(board: Board, box: Board, owner: User, frozen_clock: Any) -> None:
    services.end_by_holder(board=board, person=owner, day=clock.today())
    frozen_clock.move(days=6)
    assert reminders.remind() == 0
    frozen_clock.move(days=1)
    assert reminders.remind() == 1 and reminded() == [board.public_id]
    reminders.remind()
    assert reminded() == [board.public_id]
    text = Message.objects.get(kind="licensing.board_photo_missing")
    assert "12.000" in text.body_ar and board.number in text.title_en
    frozen_clock.move(hours=14)  # at night
    assert reminders.remind() == 0


def test_who_hears_late_of_an_end_is_reminded_a_week_after_it_was_recorded(
    licensed: BoardRequest, shop: Shop, board: Board, box: Board, frozen_clock: Any
) -> None:
    frozen_clock.move(days=60)
    events.close(shop=shop, on=clock.today() - dt.timedelta(days=31), source="tests", actor=BY)
    assert not reminders.to_visit(shop.branch_id), "nobody could have sent a photo yet"
    frozen_clock.move(days=6)
    assert reminders.remind() == 0
    frozen_clock.move(days=1)
    assert reminders.remind() == 2 and reminded() == sorted([board.public_id, box.public_id])
    frozen_clock.move(days=60)
    assert reminders.remind() == 0 and len(reminders.to_visit(shop.branch_id)) == 2


def test_one_whose_licence_ran_out_is_reminded_too_and_nobody_else(
    board: Board, box: Board, owner: User, frozen_clock: Any, licensed: BoardRequest
) -> None:
    boards.photo(box, owner)
    services.end_by_holder(board=box, person=owner, day=clock.today())
    frozen_clock.move(days=(board.last_day - clock.today()).days + 7)
    assert reminders.remind() == 0
    frozen_clock.move(days=1)
    assert reminders.remind() == 1 and reminded() == [board.public_id]
    assert not BoardEnd.objects.filter(board=board).exists(), "a reminder ends nothing"


def test_without_a_paid_deposit_nobody_is_reminded(shop: Shop, owner: User, officer: User, sealed: None, frozen_clock: Any) -> None:
    request = boards.issued(shop, owner, officer)
    events.close(shop=shop, source="tests", actor=services.SYSTEM)
    frozen_clock.move(days=8)
    assert reminders.remind() == 0 and BoardEnd.objects.filter(board__request=request).count() == 2


@pytest.mark.parametrize(
    "changed", [{"medium": "glass"}, {"medium": "screen"}, boards.CART, boards.CART | {"medium": "bike", "months": "12"}]
)
def test_a_lapsed_board_without_a_deposit_is_on_the_list_until_an_inspector_finds_it_gone(
    changed: dict[str, str], shop: Shop, owner: User, officer: User, inspector: User, bank: Book, sealed: None, frozen_clock: Any
) -> None:
    board = boards.issued_at_bank(shop, owner, officer, bank, boards.FRONT | changed).boards.get()
    assert board.deposit_fils == 0 and board.last_day is not None
    frozen_clock.move(days=(board.last_day - clock.today()).days + 30)
    assert not reminders.to_visit(shop.branch_id)
    frozen_clock.move(days=1)
    assert list(reminders.to_visit(shop.branch_id)) == [board] and reminders.remind() == 0
    boards.photo(board, inspector)
    assert services.end_by_inspector(board=board, inspector=inspector).reason == "found_gone"
    assert not reminders.to_visit(shop.branch_id) and not RefundDue.objects.exists()
    told = Message.objects.get(kind="licensing.board_ended")
    assert "No deposit of this board is held" in told.body_en


@pytest.mark.parametrize("language", ["ar", "en"])
def test_an_inspector_of_the_branch_finds_it_on_the_list_and_ends_it(
    language: str, board: Board, owner: User, inspector: User, frozen_clock: Any
) -> None:
    services.end_by_holder(board=board, person=owner, day=clock.today())
    client = signed_in(inspector, headers={"accept-language": language})
    assert board.number not in client.get("/admin/boards/").content.decode()
    frozen_clock.move(days=31)
    client = signed_in(inspector, headers={"accept-language": language})
    page = f"/admin/boards/{board.public_id}/"
    assert board.number in client.get("/admin/boards/").content.decode() and client.get(page).status_code == 200
    assert client.post(page).status_code == 409 and not RefundDue.objects.exists()
    boards.photo(board, inspector)
    assert client.post(page).status_code == 302 and RefundDue.objects.get().payer == owner
    assert BoardEnd.objects.get().photo.owner == inspector
    assert board.number not in client.get("/admin/boards/").content.decode()
    assert client.get(page).status_code == 200 and client.post(page).status_code == 409


def test_a_long_list_of_visits_has_pages(
    shop: Shop, owner: User, officer: User, inspector: User, sealed: None, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("licensing.admin.boards.LISTED", 1)
    rows = list(boards.issued(shop, owner, officer, boards.FRONT, boards.FRONT).boards.order_by("pk"))
    frozen_clock.move(days=400)
    client = signed_in(inspector)
    first, second = (client.get("/admin/boards/", {"page": number}).content.decode() for number in (1, 2))
    shown = [[board.number for board in rows if board.number in page] for page in (first, second)]
    assert sorted(map(len, shown)) == [1, 1] and shown[0] != shown[1]
    assert 'href="?page=2"' in first and 'href="?page=1"' in second


def test_the_page_of_a_visit_shows_the_drawing_and_leads_to_the_licensed_board(
    shop: Shop, owner: User, officer: User, inspector: User, bank: Book, sealed: None, frozen_clock: Any
) -> None:
    request = sent_drawn(shop, owner)
    issue.issue_licence(case=boards.paid_of(desk_acts.approve(officer)).case)
    board, plain = request.boards.get(), boards.issued(shop, owner, officer, boards.BOX).boards.get()
    client = signed_in(inspector)
    text = client.get(f"/admin/boards/{board.public_id}/").content.decode()
    for path in ("", "picture/", "drawing/"):
        address = f"/boards/{board.public_id}/{path}"
        assert f'{address}"' in text and client.get(f"/ar{address}").status_code == 200, address
    bare = client.get(f"/admin/boards/{plain.public_id}/").content.decode()
    assert f'/boards/{plain.public_id}/"' in bare and "/picture/" not in bare


def test_a_board_that_was_licensed_anew_is_not_taken_for_one_without_a_licence(
    board: Board, box: Board, shop: Shop, owner: User, officer: User, inspector: User, frozen_clock: Any
) -> None:
    """Asked for anew after the days of late renewals, it stands under another number; the old one waits for a photo."""
    frozen_clock.move(days=400)
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today() + dt.timedelta(days=400))
    new = boards.issued(Shop.objects.get(pk=shop.pk), owner, officer, boards.FRONT).boards.get()
    assert board in reminders.to_visit(shop.branch_id) and new.number != board.number
    client = signed_in(inspector)
    text = client.get(f"/admin/boards/{board.public_id}/").content.decode()
    assert new.number in text and box.number in text and "وليست مخالفة" in text
    assert board.number not in client.get(f"/admin/boards/{new.public_id}/").content.decode(), "it is licensed no more"
    assert "بلا ترخيص آخر مخالفة" in client.get("/admin/boards/").content.decode()


def test_other_branches_and_roles_see_no_board(board: Board, owner: User, officer: User, frozen_clock: Any) -> None:
    services.end_by_holder(board=board, person=owner, day=clock.today())
    frozen_clock.move(days=31)
    elsewhere = StaffFactory(groups=["inspector"], login="elsewhere", branch_id="JA")
    client, page = signed_in(elsewhere), f"/admin/boards/{board.public_id}/"
    assert board.number not in client.get("/admin/boards/").content.decode()
    assert client.get(page).status_code == 403 and client.post(page).status_code == 403
    assert signed_in(officer).get("/admin/boards/").status_code == 403
    assert signed_in(owner).get("/admin/boards/").status_code == 302
