"""Licensed boards for everybody: the interface, the open data and the map count the same, and a lapsed board is in none."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from licensing.models import Board
from licensing.signage import api, queries
from licensing.signage.open_data import BOARDS_SET
from licensing.signage.services import issue
from licensing.signage.validity import licensed_on
from licensing.signage.views import map as board_map
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS
from shops.models import Shop
from shops.open_data import writer
from tests.factories import boards
from tests.factories.boards import BOX, CART, FRONT, bill_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealed")]


@pytest.fixture
def licensed(shop: Shop, owner: User, officer: User, make_shop: Callable[..., Shop]) -> list[Board]:
    """Three boards of one shop, one for three months only, and one of another; a third shop waits for its licence."""
    first = boards.issued(shop, owner, officer, FRONT, BOX, CART)
    other = boards.issued(make_shop(), owner, officer, FRONT)
    boards.sent(make_shop(), owner, FRONT)
    Shop.objects.update(latitude=29.3, longitude=48.0)
    return [*first.boards.order_by("line"), *other.boards.all()]


def asked(path: str = "", status: int = 200, language: str = "en") -> dict[str, Any]:
    answer = Client().get(f"/api/v1/boards/{path}", headers={"accept-language": language})
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = json.loads(answer.content)
    return body


def mapped(query: str = "") -> tuple[int, set[str]]:
    """How many boards the map of areas counts, and the ids of the boards of each of its areas."""
    client = Client()
    page = client.get(f"/en/boards/map/{query}")
    count = sum(int(one) for one in re.findall(r'data-count="(\d+)"', page.content.decode()))
    ids: set[str] = set()
    for _area, _count, url in page.context["areas"]:
        shown = client.get(f"/en/boards/map/{url}").content.decode()
        ids |= set(re.findall(r'data-lon="[\d.]+">\s*<a href="/en/boards/([0-9a-z]{26})/"', shown))
    return count, ids


def published() -> list[dict[str, Any]]:
    return [dict(zip(BOARDS_SET.names, row, strict=True)) for row in BOARDS_SET.rows(clock.today())]


def everywhere() -> set[str]:
    """The ids of the licensed boards, which every list has alike."""
    ids = {board.public_id for board in licensed_on(clock.today())}
    assert ids == {one["id"] for one in asked()["results"]} == {one["id"] for one in published()}
    assert (len(ids), ids) == mapped()
    assert asked()["total"] == len(ids)
    return ids


def test_map_interface_and_open_data_have_the_licensed_boards(licensed: list[Board], frozen_clock: Any) -> None:
    assert everywhere() == {board.public_id for board in licensed}
    frozen_clock.move(days=100)
    assert everywhere() == {board.public_id for board in licensed if board.medium != "cart"}, "three months are over"
    frozen_clock.move(days=366)
    assert everywhere() == {board.public_id for board in licensed if board.medium == "light_box"}


def test_a_suspended_licence_is_in_no_list(licensed: list[Board]) -> None:
    issue.voided(bill_of(licensed[0].request))
    assert everywhere() == {licensed[3].public_id}
    issue.paid(bill_of(licensed[0].request))
    assert len(everywhere()) == 4


@pytest.mark.parametrize("days", [-1, 0, 89, 93, 364, 365, 366, 729, 731])
def test_what_is_licensed_today_stands_as_valid(licensed: list[Board], frozen_clock: Any, days: int) -> None:
    frozen_clock.move(days=days)
    today = set(licensed_on(clock.today()).values_list("pk", flat=True))
    rows = Board.objects.filter(first_day__isnull=False).select_related("request__document")
    assert today == {board.pk for board in rows if queries.standing(board) == "valid"}


def test_an_answer_says_what_the_page_of_the_board_says_and_names_nobody(licensed: list[Board], owner: User) -> None:
    (cart,) = asked("?medium=cart")["results"]
    assert (cart["width_m"], cart["pieces"], cart["class"], cart["medium_en"]) == (None, 2, "commercial", "Cart")
    (box,) = asked("?medium=light_box")["results"]
    assert (box["width_m"], box["height_m"], box["faces"], box["number"]) == (0.9, 0.9, 2, licensed[1].number)
    assert (box["lit"], box["projection_m"]) == ("yes", None)
    assert (box["first_day"], dt.date.fromisoformat(box["last_day"])) == ("2026-11-24", licensed[1].last_day)
    assert box["page_en"].endswith(f"/en/boards/{licensed[1].public_id}/")
    for text in (json.dumps(asked(), ensure_ascii=False), str(published())):
        assert owner.name_ar not in text and owner.name_en not in text


@pytest.mark.guards
def test_a_list_is_narrowed_and_read_page_by_page(licensed: list[Board], monkeypatch: pytest.MonkeyPatch) -> None:
    shop = licensed[3].request.shop
    assert [one["id"] for one in asked(f"?shop={shop.public_id}")["results"]] == [licensed[3].public_id]
    assert asked(f"?area={shop.area_id}&board_class=introductory")["total"] == 3
    monkeypatch.setattr(api, "PAGE_SIZE", 3)
    first = asked()
    rest = asked(first["next"].partition("/boards/")[2])
    assert (len(first["results"]), len(rest["results"]), rest["next"]) == (3, 1, None)
    monkeypatch.setattr(board_map, "PAGE_SIZE", 3)
    page = Client().get(f"/en/boards/map/?area={shop.area_id}")
    assert len(page.context["boards"]) == 3
    assert len(Client().get(f"/en/boards/map/{page.context['older_url']}").context["boards"]) == 1


@pytest.mark.parametrize("query", ["area=none", "board_class=x", "medium=x", "shop=x", "after=x", "owner=x"])
@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_bad_parameter_is_named(rules: None, query: str, language: str) -> None:
    errors = asked(f"?{query}", 400, language)["errors"]
    assert [one["parameter"] for one in errors] == [query.partition("=")[0]]


@pytest.mark.parametrize("query", ["area=none", "board_class=x", "medium=x", "after=x"])
def test_the_map_says_what_is_wrong(client: Client, rules: None, query: str) -> None:
    for language, said in (("ar", "يُرجى الاختيار من القائمة"), ("en", "Choose one from the list, or leave it open.")):
        answer = client.get(f"/{language}/boards/map/?{query}")
        assert answer.status_code == 400 and said in answer.content.decode()


def test_an_empty_map_says_so(client: Client, rules: None) -> None:
    assert "No board is licensed here today." in client.get("/en/boards/map/").content.decode()
    assert "لا توجد هنا لوحة مرخصة اليوم" in client.get("/ar/boards/map/").content.decode()


@pytest.mark.guards
def test_the_files_of_the_set_are_written(licensed: list[Board]) -> None:
    assert OPEN_SETS["boards"] is BOARDS_SET
    edition = writer.publish("boards")
    assert edition.rows == 4 and {file["format"] for file in edition.files} == {"csv", "jsonl", "geojson"}
    page = Client().get("/ar/open-data/").content.decode()
    assert "اللوحات المرخصة" in page and "boards.csv" in page


def test_lists_cost_as_many_statements_for_many_boards(licensed: list[Board], django_assert_max_num_queries: Any) -> None:
    area = licensed[0].request.shop.area_id
    with django_assert_max_num_queries(6):
        assert asked()["total"] == 4
    for query in ("", f"?area={area}"):
        with django_assert_max_num_queries(8):
            assert Client().get(f"/en/boards/map/{query}").status_code == 200
