"""The page that says what boards cost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from municipality.cases.catalogue import CATALOGUE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]
PAGE = "/en/boards/costs/"
FRONT = {"board_class": "introductory", "medium": "fascia", "width": "6", "height": "0.80", "faces": "1", "pieces": "1", "months": "12"}
BOX = FRONT | {"medium": "light_box", "width": "٠٫٩٠", "height": "0.90", "faces": "2"}
SCREEN = FRONT | {"medium": "moving_screen", "board_class": "commercial", "width": "2", "height": "1.2"}


def asked(*boards: dict[str, str], **more: str) -> dict[str, str]:
    query = {f"{number}-{name}": value for number, board in enumerate(boards) for name, value in board.items()}
    return {"boards": str(len(boards)), **query, **more}


def amounts(answer: Any) -> list[int]:
    """All amounts of the page in fils, in order."""
    return [int(text.replace(",", "").replace(".", "")) for text in re.findall(r"KD\u00a0([\d,]+\.\d{3})", answer.content.decode())]


def test_the_total_of_three_boards_is_the_sum_of_their_lines(client: Client) -> None:
    answer = client.get(PAGE, asked(FRONT, BOX, SCREEN))
    context = answer.context
    assert answer.status_code == 200
    assert [form.fee.fils for form in context["forms"]] == [36_000, 12_150, 240_000]
    assert amounts(answer)[-3:] == [272_100, 16_050, 288_150]


def test_a_second_face_doubles_the_line(client: Client) -> None:
    one = client.get(PAGE, asked(BOX | {"faces": "1"})).context["forms"][0].fee
    two = client.get(PAGE, asked(BOX)).context["forms"][0].fee
    assert (one.fee_fils, two.fee_fils) == (4_050, 8_100)


def test_boards_are_added_and_removed_by_buttons_and_keep_what_was_typed(client: Client) -> None:
    more = client.get(PAGE, asked(FRONT, BOX, add="1"))
    assert more.status_code == 200 and len(more.context["forms"]) == 3 and not more.context["is_whole"]
    fewer = client.get(PAGE, asked(FRONT, BOX, SCREEN, remove="1"))
    assert [form["medium"].value() for form in fewer.context["forms"]] == ["fascia", "moving_screen"]
    assert fewer.context["fils"] == 276_000


def test_what_is_counted_asks_for_pieces_and_not_for_a_size(client: Client) -> None:
    bikes = {"board_class": "commercial", "medium": "bike", "pieces": "10", "months": "12"}
    form = client.get(PAGE, asked(bikes)).context["forms"][0]
    assert list(form.fields) == ["board_class", "medium", "pieces", "months"] and form.fee.fils == 400_000


@pytest.mark.parametrize(
    ("change", "field", "sentence"),
    [
        ({"width": ""}, "width", "Enter the width in metres, from"),
        ({"width": "abc"}, "width", "Enter the width in metres, from"),
        ({"width": "NaN"}, "width", "Enter the width in metres, from"),
        ({"height": "0"}, "height", "Enter the height in metres, from"),
        ({"height": "1000"}, "height", "Enter the height in metres, from"),
        ({"faces": "0"}, "faces", "Select a valid choice."),
        ({"months": "13"}, "months", "This board is licensed by whole years: enter 12, 24 or 36 months."),
        ({"months": "48"}, "months", "A board is licensed for at most 36 months."),
        ({"board_class": "seasonal", "medium": "bike"}, "medium", "The table of fees has no such board. Choose another class or medium,"),
        ({"medium": "nothing"}, "medium", "Select a valid choice."),
    ],
)
def test_a_wrong_fact_is_said_and_the_others_are_kept(client: Client, change: dict[str, str], field: str, sentence: str) -> None:
    answer = client.get(PAGE, asked(FRONT | change, BOX, update="1"))
    form = answer.context["forms"][0]
    assert answer.status_code == 400 and form.fee is None and form.errors[field][0].startswith(sentence)
    assert answer.context["fils"] == 12_150 and form["months"].value() == (FRONT | change)["months"]


@pytest.mark.parametrize(
    "query", ["boards=-1", "boards=99999999", "boards=x", "remove=9", "boards=2&remove=٣", "boards=²", "add=1&boards=20"]
)
def test_no_query_fails(client: Client, query: str) -> None:
    answer = client.get(f"{PAGE}?{query}")
    assert answer.status_code in (200, 400) and 1 <= len(answer.context["forms"]) <= 20


def test_the_arabic_page_says_the_formula(client: Client) -> None:
    text = client.get("/ar/boards/costs/", asked(BOX)).content.decode()
    assert "وجهان" in text and "سنة واحدة" in text and "تأمين يُرد" in text and "8.100" in text


def test_the_page_says_what_the_classes_are_and_where_to_apply_until_the_service_opens(client: Client) -> None:
    text = client.get("/en/boards/costs/").content.decode()
    assert 'form="form" formaction="/ar/boards/costs/"' in text  # so that the switch of the language sends what is typed
    assert "Introductory: name and activity of the shop" in text and "The deposit comes back when the board is removed" in text
    assert CATALOGUE["signage"].is_open and "Opens here on" not in text


def test_the_errors_of_all_boards_stand_on_top_once_the_sum_is_asked_for(client: Client) -> None:
    wrong = asked(FRONT | {"width": ""}, BOX | {"months": "0"})
    page = client.get(PAGE, wrong).content.decode()
    assert "data-errors" not in page and "<title>Error:" not in page  # another medium was chosen
    page = client.get(PAGE, wrong | {"update": "1"}).content.decode()
    assert '<a href="#id_0-width">Board <bdi dir="ltr">1</bdi>: Enter the width in metres' in page
    assert '<a href="#id_1-months">Board <bdi dir="ltr">2</bdi>: Enter the number of months' in page
    assert "Error:" in page.partition("</title>")[0]
