"""The pages of a request for boards, and those that show licensed boards to everybody."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from licensing.models import Board, BoardRequest
from licensing.signage import panels
from licensing.signage.services import issue
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.drafts.models import Draft
from municipality.kernel import clock
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.accounts import PersonFactory
from tests.factories.boards import BOX, DEPOSIT, FEE, FRONT, begun, sent, typed
from tests.interleaving import acting_before

pytestmark = pytest.mark.django_db


def test_boards_are_added_changed_and_removed_without_a_script(shop: Shop, owner: User) -> None:
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    assert len(client.get(page).context["forms"]) == 1
    assert client.post(page, typed(FRONT, add=1, version=0)).status_code == 302
    assert [form.is_bound for form in client.get(page).context["forms"]] == [True, False]
    version = Draft.objects.get(service=BOARDS).version
    shown = client.post(page, typed(FRONT, BOX, update=1, version=version))
    assert (shown.status_code, shown.context["fils"]) == (200, FEE + DEPOSIT)
    removed = client.post(page, typed(FRONT, BOX, remove=0, version=shown.context["version"]))
    assert removed.status_code == 302
    assert [form["medium"].value() for form in client.get(page).context["forms"]] == ["light_box"]


def test_what_is_wrong_is_said_and_what_was_typed_stays(shop: Shop, owner: User) -> None:
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    answer = client.post(page, {**typed(FRONT | {"width": "wide", "place": ""}, version=0), "continue": "1"})
    text = answer.content.decode()
    assert answer.status_code == 400 and 'value="wide"' in text and "Say where the board is." in text
    assert 'value="wide"' in client.get(page).content.decode()
    assert client.get(f"{page}send/").status_code == 302  # back to the boards


def test_no_field_is_missed_before_a_button_was_pressed(shop: Shop, owner: User) -> None:
    """Choosing the medium sends the page for the facts that are asked of it; what comes after it is still empty."""
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    empty = typed(FRONT | {"width": "", "height": "", "place": ""}, version=0)
    chosen = client.post(page, empty)
    assert chosen.status_code == 200 and "Say where the board is." not in chosen.content.decode()
    asked = client.post(page, {**empty, "version": "1", "update": "1"})
    assert asked.status_code == 400 and "Say where the board is." in asked.content.decode(), "the control"


@pytest.mark.parametrize(("language", "other"), [("ar", "en"), ("en", "ar")])
def test_the_language_switch_keeps_what_was_typed_and_saves_nothing(shop: Shop, owner: User, language: str, other: str) -> None:
    draft = begun(shop, owner)
    client = signed_in(owner)
    here, there = (f"/{code}/boards/new/{shop.public_id}/" for code in (language, other))
    assert f'formaction="{there}"' in client.get(here).content.decode()
    text = client.post(there, {**typed(FRONT | {"width": "wide", "place": "Roof"}, version=7), "_language": other}).content.decode()
    assert 'value="wide"' in text and 'value="Roof"' in text and 'name="version" value="7"' in text
    assert Draft.objects.get(service=BOARDS).answers == draft.answers


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "If you save now, what is below replaces them."), ("ar", "إذا حُفظ الطلب الآن، حلّ ما هو معروض أدناه محلها.")],
)
def test_a_second_first_page_does_not_overwrite_the_first(shop: Shop, owner: User, language: str, said: str) -> None:
    client, page = signed_in(owner), f"/{language}/boards/new/{shop.public_id}/"
    assert [client.get(page).context["version"] for _tab in range(2)] == [0, 0]
    client.post(page, typed(FRONT, version=0, update=1))
    second = client.post(page, typed(BOX, version=0, update=1))
    assert second.status_code == 409 and said in second.content.decode() and "below; the one" not in second.content.decode()
    assert [form["medium"].value() for form in client.get(page).context["forms"]] == ["fascia"]
    client.post(page, typed(BOX, version=second.context["version"], update=1))
    assert [form["medium"].value() for form in client.get(page).context["forms"]] == ["light_box"]


def test_a_page_that_was_refused_does_not_overwrite_another_one_afterwards(shop: Shop, owner: User) -> None:
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/"
    client.post(page, typed(FRONT, version=0, update=1))
    until, today = shop.commercial_license_end, clock.today()
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=today - dt.timedelta(days=1))
    refused = client.post(page, typed(BOX, version=0, update=1))
    assert refused.status_code == 409 and "The commercial licence of this shop has ended" in refused.content.decode()
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=until)
    again = client.post(page, typed(BOX, version=refused.context["version"], update=1))
    assert again.status_code == 409 and "If you save now, what is below replaces them." in again.content.decode()
    assert [form["medium"].value() for form in client.get(page).context["forms"]] == ["fascia"]


def test_a_request_is_sent_from_its_last_page(shop: Shop, owner: User) -> None:
    begun(shop, owner)
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/send/"
    shown = client.get(page)
    assert [line.fils for line in shown.context["lines"]] == [24_000, 12_000, 16_200, 8_100]
    refused = client.post(page, {"version": "2", "total": "1"})
    assert refused.status_code == 409 and "The fee changed" in refused.content.decode()
    answer = client.post(page, {"version": str(Draft.objects.get(service=BOARDS).version), "total": str(FEE + DEPOSIT)})
    request = BoardRequest.objects.select_related("case").get()
    assert answer["Location"].endswith(f"/cases/{request.case.public_id}/")
    case = client.get(answer["Location"]).content.decode()
    assert "6.00" in case and "Refundable deposit of board 2" in case
    assert client.get(f"/en/boards/new/{shop.public_id}/")["Location"].endswith(f"/cases/{request.case.public_id}/")


def test_a_stranger_sees_neither_draft_nor_request(shop: Shop, owner: User) -> None:
    client = signed_in(PersonFactory(noura=True))
    assert client.get(f"/en/boards/new/{shop.public_id}/").status_code == 404
    request = sent(shop, owner)
    for path in ("corrections", "withdraw"):
        assert client.get(f"/en/boards/requests/{request.case.public_id}/{path}/").status_code == 404


def test_a_draft_is_deleted_after_a_question(shop: Shop, owner: User) -> None:
    begun(shop, owner)
    client, page = signed_in(owner), f"/en/boards/new/{shop.public_id}/discard/"
    assert client.get(page).status_code == 200 and client.post(page).status_code == 302
    assert not Draft.objects.filter(service=BOARDS, closed_at=None).exists()


@pytest.mark.usefixtures("sealed")
def test_everybody_sees_a_licensed_board_without_names(client: Client, shop: Shop, owner: User, officer: User) -> None:
    waiting = sent(shop, owner).boards.order_by("line")[0]
    assert client.get(f"/en/boards/{waiting.public_id}/").status_code == 404
    boards.requests.withdraw(case=waiting.request.case, person=owner)
    request = boards.issued(shop, owner, officer)
    board = request.boards.order_by("line")[0]
    page = client.get(f"/en/boards/{board.public_id}/").content.decode()
    assert board.number in page and "6.00" in page and "Valid" in page
    assert owner.name_en not in page and owner.name_ar not in page
    on_shop = client.get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert f"/en/boards/{board.public_id}/" in on_shop
    mine = signed_in(owner).get("/en/my-shops/").content.decode()
    assert "Licensed: 2 boards" in mine and "Ask for boards" in mine


@pytest.mark.parametrize(("language", "words"), [("en", ("The landlord can sign", "7 days")), ("ar", ("ويمكن لمالك العقار", "أيام"))])
def test_the_card_names_the_signatures_of_others(language: str, words: tuple[str, str], client: Client, rules: Any) -> None:
    needed = client.get(f"/{language}/boards/").content.decode()
    assert all(text in needed for text in words)


def test_the_card_says_what_is_needed_and_what_it_costs(client: Client, rules: Any) -> None:
    page = client.get("/en/boards/").content.decode()
    assert "Photo of the shop front" in page and "100.000" in page and "assumption" not in page
    assert "/en/boards/" in client.get("/en/").content.decode()


def test_the_card_groups_what_costs_the_same(client: Client, rules: Any) -> None:
    groups = client.get("/en/boards/").context["rate_groups"]
    assert [len(media) for media, _classes, _rates in groups] == [5, 2, 1, 1, 1, 2]
    assert sum(len(media) * len(classes) for media, classes, _rates in groups) == 27


@pytest.mark.usefixtures("sealed")
def test_the_page_of_a_case_is_whole_while_its_licence_is_issued(shop: Shop, owner: User, officer: User) -> None:
    """The request is read before its boards; here the licence is issued between the two."""
    case = boards.paid(shop, owner, officer, FRONT).case

    with acting_before('FROM "licensing_board" LEFT OUTER JOIN', lambda: issue.issue_licence(case=case)):
        ((detail,),) = panels.case_page(owner, [case]).values()
    assert Board.objects.get().first_day is not None
    assert detail.files == [] and detail.blocks[0].records[0].source is None
