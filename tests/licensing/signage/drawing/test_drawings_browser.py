"""Drawing a board on a photo that was sent, in a real browser, and the pages that show it again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction
from playwright.sync_api import expect

from licensing.signage.services import issue, requests
from municipality.accounts.models import User
from municipality.drafts.models import Draft
from shops.models import Shop
from tests import desk_acts
from tests.factories import boards
from tests.factories.drawings import GIVEN, photo, sent_drawn
from tests.factories.uploads import UploadFactory
from tests.licensing.signage.browsing import Open, look

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def shop(make_shop: Callable[..., Shop], store: Path) -> Shop:
    with transaction.atomic():
        return make_shop()


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_board_is_drawn_on_a_sent_photo(visit: Open, shop: Shop, owner: User, language: str) -> None:
    draft = boards.begun(shop, owner, boards.FRONT | {"width": "", "height": ""}, with_files=False)
    UploadFactory(owner=owner, subject=requests.files_key(draft), slot="front", content=photo())
    page = visit(f"/{language}/boards/new/{shop.public_id}/", owner, language=language)
    page.click("button[name=draw]")
    page.wait_for_url("**/draw/1/")
    for frame in ("known", "outline"):
        page.locator(f"[data-corner={frame}]").first.focus()
        page.keyboard.press("ArrowLeft")
    page.locator("[data-draw-width]").fill("0.9")
    page.locator("[data-draw-height]").fill("1.8")
    use = page.locator("[data-draw-use] button")
    expect(use).to_be_visible()
    page.locator("[data-corner=outline]").first.focus()
    page.keyboard.press("Shift+ArrowUp")
    look(page, f"draw-{language}")
    page.wait_for_timeout(300)
    use.click()
    page.wait_for_url("**/boards/new/*/#board-1")
    answers = Draft.objects.get(pk=draft.pk).answers[requests.PAGE]
    assert page.locator("[name='0-width']").input_value() == answers["0-width"] != ""
    expect(page.locator(".kp-draw__photo polygon")).to_have_count(2)
    look(page, f"card-{language}")
    page.click("button[name=draw]")
    page.wait_for_url("**/draw/1/#board-1")  # a redirect keeps the place in the page
    assert page.locator("[name=known_width]").input_value() == "0.9"
    assert page.locator("[name=outline]").input_value() in answers["0-drawing"]


def test_without_scripts_the_photo_is_shown_and_the_numbers_are_typed(visit: Open, shop: Shop, owner: User) -> None:
    draft = boards.begun(shop, owner, boards.FRONT, with_files=False)
    UploadFactory(owner=owner, subject=requests.files_key(draft), slot="front", content=photo())
    page = visit(f"/en/boards/new/{shop.public_id}/draw/1/", owner, language="en", java_script_enabled=False)
    said = page.locator("main").inner_text()
    assert "both ways count alike" in said and "Black frame" not in said and "Door or shutter" not in said
    page.click("main a[href$='#board-1']")
    assert page.locator("[name='0-width']").input_value() == "6"


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_drawing_is_seen_at_the_desk_and_on_the_page_of_the_board(
    visit: Open, shop: Shop, owner: User, officer: User, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.accounts.services.sessions.is_fresh", lambda _request: True)
    request = sent_drawn(shop, owner)
    assignment = desk_acts.assigned(officer)
    page = visit(f"/admin/desk/{assignment.place.case.public_id}/", officer, language=language)
    shown = page.locator("img[src*='/picture/']").first
    shown.scroll_into_view_if_needed()
    expect(shown).to_have_js_property("naturalWidth", 562)
    look(page, f"desk-{language}")
    look(visit(f"/{language}/cases/{request.case.public_id}/", owner, language=language), f"case-{language}")
    monkeypatch.setattr("municipality.documents.signing.sign_pdf", lambda content, **_more: content)  # it needs a loop of its own
    desk_acts.approve(officer)
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=boards.fresh(request.case).case)
    board = request.boards.get()
    look(visit(f"/{language}/boards/{board.public_id}/", language=language), f"board-{language}")
    page = visit(f"/{language}/boards/{board.public_id}/drawing/", officer, language=language)
    assert page.locator("polygon[points]").count() == 2 and GIVEN["known_width"] in page.locator("main").inner_text()
    look(page, f"drawing-{language}")


@pytest.mark.usefixtures("sealed")
@pytest.mark.parametrize("language", ["ar", "en"])
def test_licensed_boards_are_marks_on_the_map(
    visit: Open, shop: Shop, owner: User, officer: User, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.documents.signing.sign_pdf", lambda content, **_more: content)  # it needs a loop of its own
    Shop.objects.update(latitude=29.3, longitude=48.08)
    boards.issued(shop, owner, officer)
    page = visit(f"/{language}/boards/map/", language=language)
    expect(page.locator(".kp-map__mark")).to_have_text("2")
    look(page, f"map-{language}")
    page.click("#boards a")
    expect(page.locator("#boards li")).to_have_count(2)
    expect(page.locator(".kp-map__mark")).to_have_text("2")
    look(page, f"map-area-{language}")
    page.click("#boards a >> nth=0")
    page.wait_for_url("**/boards/*/")
    look(page, f"board-plain-{language}")
    mine = visit(page.url.partition(f"/{language}/")[2].join([f"/{language}/", ""]), owner, language=language)
    expect(mine.locator("a[href$='plate.pdf']")).to_have_count(1)
    look(mine, f"board-mine-{language}")
