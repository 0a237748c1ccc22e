"""The plate of a licensed board: for its holder only, while the board is licensed."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pikepdf
import pytest
from django.test import Client

from licensing.models import Board
from municipality.accounts.models import User
from municipality.documents.rendering import RendererMissing
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.accounts import PersonFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealed")]


@pytest.fixture
def board(shop: Shop, owner: User, officer: User) -> Board:
    return boards.issued(shop, owner, officer).boards.order_by("line")[1]


def test_a_plate_has_number_code_days_and_the_address_of_the_board(owner: User, board: Board) -> None:
    client = signed_in(owner)
    page = client.get(f"/en/boards/{board.public_id}/").content.decode()
    assert f"/en/boards/{board.public_id}/plate.pdf" in page and f"/en/boards/{board.public_id}/plate.svg" in page
    answer = client.get(f"/en/boards/{board.public_id}/plate.svg")
    assert answer["Content-Type"] == "image/svg+xml" and board.number.replace("/", "-") in answer["Content-Disposition"]
    drawing = ElementTree.fromstring(answer.content)
    texts = {text.strip() for text in drawing.itertext()}
    document = board.request.document
    assert document is not None
    assert {board.number, "24 November 2026", "23 November 2028", "24 نوفمبر 2026"} <= texts
    assert document.code in "".join(texts).replace(" ", "")
    assert any(text.endswith(f"/boards/{board.public_id}/") for text in texts), "where the QR code leads"


def test_the_pdf_is_one_page_of_the_size_of_the_plate(owner: User, board: Board) -> None:
    content = signed_in(owner).get(f"/ar/boards/{board.public_id}/plate.pdf").content
    with pikepdf.open(BytesIO(content)) as pdf:
        (page,) = pdf.pages
        assert [round(float(side) * 25.4 / 72) for side in page.mediabox[2:]] == [148, 105]


def test_nobody_else_gets_the_plate(client: Client, officer: User, board: Board) -> None:
    plate = f"/en/boards/{board.public_id}/plate.pdf"
    assert client.get(plate).status_code == 302
    assert signed_in(PersonFactory(noura=True)).get(plate).status_code == 404
    assert signed_in(officer).get(plate).status_code == 403
    assert "plate.pdf" not in client.get(f"/en/boards/{board.public_id}/").content.decode()


def test_a_board_whose_licence_ended_has_no_plate(owner: User, board: Board, frozen_clock: Any) -> None:
    frozen_clock.move(days=731)
    client = signed_in(owner)
    assert client.get(f"/en/boards/{board.public_id}/plate.pdf").status_code == 404
    page = client.get(f"/en/boards/{board.public_id}/").content.decode()
    assert "plate.pdf" not in page and "Ended" in page


@pytest.mark.parametrize(("language", "said"), [("en", "cannot be made as a PDF"), ("ar", "يتعذر الآن")])
def test_without_the_renderer_the_page_says_so(
    owner: User, board: Board, monkeypatch: pytest.MonkeyPatch, language: str, said: str
) -> None:
    def missing(*_given: Any, **_more: Any) -> bytes:
        raise RendererMissing("no Pango")

    monkeypatch.setattr("licensing.signage.plates.rendering.render", missing)
    page = signed_in(owner).get(f"/{language}/boards/{board.public_id}/plate.pdf", follow=True)
    assert page.status_code == 200 and said in page.content.decode()
