"""The removal of a board on its pages, and its deposit where its holder looks for it, in both languages."""

from __future__ import annotations

import re
from typing import Any

import pytest

from licensing.models import Board, BoardEnd, BoardRequest
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.uploads import queries as uploads
from municipality.uploads import registry
from payments.models import RefundDue
from payments.services import approve_refund, propose_refund
from payments.services.returns import remaining_of
from shops.models import Shop
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories import boards

pytestmark = pytest.mark.django_db
WORDS = {
    "ar": {"held": "محتجزة", "due": "قيد الرد", "back": "رُدّ", "removed": "أزالها صاحبها", "photo": "ولا تُرد دون صورة"},
    "en": {
        "held": "of deposit is held",
        "due": "Being returned",
        "back": "was returned",
        "removed": "Removed by its holder",
        "photo": "not returned without a photo",
    },
}


def posted(**more: Any) -> dict[str, Any]:
    return {"day": clock.today().isoformat(), "is_removed": "on"} | more


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_holder_ends_a_board_and_sees_its_deposit_return(
    language: str, board: Board, licensed: BoardRequest, owner: User, cashier: User, checker: User, frozen_clock: Any
) -> None:
    client, words = signed_in(owner), WORDS[language]
    page, removal = f"/{language}/boards/{board.public_id}/", f"/{language}/boards/{board.public_id}/remove/"

    def text(path: str) -> str:
        return str(signed_in(owner).get(path).content.decode())

    assert words["held"] in text(page) and removal in text(page)
    assert "12.000" in text(removal)
    boards.photo(board, owner)
    answer = client.post(removal, posted(), follow=True)
    assert answer.redirect_chain == [(page, 302)] and words["due"] in answer.content.decode()
    assert words["removed"] in text(page) and removal not in text(page)
    assert client.get(removal).status_code == 302
    case, bill = f"/{language}/cases/{licensed.case.public_id}/", RefundDue.objects.get().line.bill.public_id
    assert words["removed"] in text(case) and words["due"] in text(case)
    for path in (f"/{language}/my-payments/", f"/{language}/pay/{bill}/"):
        assert "12.000" in text(path), path
    frozen_clock.move(minutes=30)
    refund = RefundDue.objects.get()
    propose_refund(refund=refund, proposed_by=cashier, code="deposit_over", remaining_fils=remaining_of(refund))
    approve_refund(refund=refund, approved_by=checker, remaining_fils=remaining_of(refund))
    run_due(("payments.confirm", "payments.send_refund"))
    assert words["back"] in text(page) and RefundDue.objects.get().bank_reference in text(page)


@pytest.mark.parametrize("language", ["ar", "en"])
def test_without_a_photo_the_page_says_that_nothing_is_returned(language: str, board: Board, owner: User) -> None:
    client, page = signed_in(owner), f"/{language}/boards/{board.public_id}/"
    client.post(f"{page}remove/", posted())
    assert BoardEnd.objects.get().photo is None and not RefundDue.objects.exists()
    assert WORDS[language]["photo"] in client.get(page).content.decode()
    assert client.get(f"{page}remove/").status_code == 200
    refused = client.post(f"{page}remove/", {})
    assert refused.status_code == 409 and not RefundDue.objects.exists()
    boards.photo(board, owner)
    assert client.post(f"{page}remove/", {}).status_code == 302 and RefundDue.objects.count() == 1
    assert client.post(f"{page}remove/", {}).status_code == 409 and RefundDue.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "status"), [({"day": ""}, 400), ({"day": "31/02/2026"}, 400), ({"is_removed": ""}, 400), ({"day": "2031-01-01"}, 409)]
)
def test_what_was_typed_stays_after_an_error(wrong: dict[str, str], status: int, board: Board, owner: User) -> None:
    answer = signed_in(owner).post(f"/en/boards/{board.public_id}/remove/", posted(**wrong))
    assert answer.status_code == status and not BoardEnd.objects.exists()
    assert not wrong.get("day") or wrong["day"] in answer.content.decode()


def test_strangers_and_visitors_see_neither_deposit_nor_the_way_to_remove(board: Board, stranger: User, client: Any) -> None:
    page = f"/en/boards/{board.public_id}/"
    for reader in (client, signed_in(stranger)):
        assert "deposit" not in reader.get(page).content.decode()
    assert signed_in(stranger).get(f"{page}remove/").status_code == 404
    assert signed_in(stranger).post(f"{page}remove/", posted()).status_code == 404
    assert client.get(f"{page}remove/").status_code == 302 and not BoardEnd.objects.exists()


def test_photos_are_sent_by_the_holder_and_locked_with_the_end(board: Board, owner: User, stranger: User, inspector: User) -> None:
    key = f"board:{board.public_id}"
    assert registry.may_write(owner, key, "after") and registry.may_write(inspector, key, "after")
    assert not registry.may_write(stranger, key, "after") and not registry.may_read(stranger, key, "after")
    boards.photo(board, owner)
    signed_in(owner).post(f"/en/boards/{board.public_id}/remove/", posted())
    assert registry.may_read(owner, key, "after") and registry.may_read(inspector, key, "after")
    assert not registry.may_write(owner, key, "after") and not registry.may_write(inspector, key, "after")


def test_the_two_people_who_release_a_deposit_see_the_photo_before(
    board: Board, box: Board, owner: User, cashier: User, checker: User, officer: User
) -> None:
    photo, other = boards.photo(board, owner), boards.photo(box, owner)
    signed_in(owner).post(f"/en/boards/{board.public_id}/remove/", posted())
    refund = RefundDue.objects.get()
    for person in (cashier, checker):
        page = signed_in(person).get(f"/admin/payments/refunddue/{refund.pk}/pay-out/").content.decode()
        assert photo.public_id in page and board.public_id in page
    for person, may in ((cashier, True), (checker, True), (officer, False)):
        assert (uploads.readable(person, photo.public_id) is not None) is may
        assert uploads.readable(person, other.public_id) is None


def test_a_removed_board_is_on_no_page_of_its_shop(board: Board, shop: Shop, owner: User, client: Any) -> None:
    boards.photo(board, owner)
    signed_in(owner).post(f"/en/boards/{board.public_id}/remove/", posted())
    text = client.get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert f"{board.request.document.number}/2" in text and board.number not in text
    assert "Licensed: 1 board" in signed_in(owner).get("/en/my-shops/").content.decode()


def test_the_state_of_a_board_has_its_icon_on_each_page(board: Board, licensed: BoardRequest, shop: Shop, owner: User, client: Any) -> None:
    def icons(reader: Any, path: str, words: str) -> set[tuple[str, str]]:
        html = reader.get(path, follow=True).content.decode()
        return set(re.findall(rf'kp-tag--(\w+)"><svg[^>]*><use href="[^"]*#i-(\w+)"/></svg>{words}<', html))

    page, case = f"/en/boards/{board.public_id}/", f"/en/cases/{licensed.case.public_id}/"
    for path in (page, f"/en/shops/{shop.public_id}/"):
        assert icons(client, path, "Valid") == {("ok", "check")}, path
    boards.photo(board, owner)
    signed_in(owner).post(f"{page}remove/", posted())
    assert icons(client, page, "Removed by its holder") == icons(signed_in(owner), case, "Removed by its holder") == {("wait", "wait")}


def test_a_board_is_read_with_few_statements(board: Board, owner: User, django_assert_max_num_queries: Any) -> None:
    client = signed_in(owner)
    for path in ("", "remove/"):
        with django_assert_max_num_queries(12):
            assert client.get(f"/en/boards/{board.public_id}/{path}").status_code == 200
