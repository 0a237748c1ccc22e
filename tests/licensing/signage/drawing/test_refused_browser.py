"""A board is drawn on a phone, in Arabic, refused by a rule, corrected, paid and licensed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import expect

from licensing.models import Board
from licensing.signage import queries
from licensing.signage.services import issue, requests
from municipality.accounts.models import User
from municipality.drafts.models import Draft
from shops.models import Shop
from tests import desk_acts
from tests.factories import boards
from tests.factories.drawings import photo
from tests.factories.uploads import UploadFactory
from tests.licensing.signage.browsing import Open, look

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.usefixtures("sealed")]
HIGH = boards.STANDING | {"width": "", "height": "", "top": "5.01"}


@pytest.fixture
def shop(make_shop: Callable[..., Shop], store: Path) -> Shop:
    with transaction.atomic():
        return make_shop()


def add_files(draft: Draft, owner: User) -> None:
    """The files that the request needs beside the photo of the front."""
    for slot, least in queries.slots(queries.rules()[2]).items():
        if slot != "front":
            for _number in range(least):
                UploadFactory(owner=owner, subject=requests.files_key(draft), slot=slot)


def test_a_board_is_drawn_refused_by_a_rule_corrected_and_licensed(
    visit: Open, shop: Shop, owner: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.documents.signing.sign_pdf", lambda content, **_more: content)  # it needs a loop of its own
    draft = boards.begun(shop, owner, HIGH, with_files=False)
    UploadFactory(owner=owner, subject=requests.files_key(draft), slot="front", content=photo())
    page = visit(f"/ar/boards/new/{shop.public_id}/", owner, language="ar")
    page.click("button[name=draw]")
    page.wait_for_url("**/draw/1/")
    for frame in ("known", "outline"):
        page.locator(f"[data-corner={frame}]").first.focus()
        page.keyboard.press("ArrowLeft")
    page.locator("[data-draw-width]").fill("0.9")
    page.locator("[data-draw-height]").fill("1.8")
    use = page.locator("[data-draw-use] button")
    expect(use).to_be_visible()
    use.click()
    page.wait_for_url("**/boards/new/*/#board-1")
    width = page.locator("[name='0-width']")
    expect(width).not_to_have_value("")
    drawn = width.input_value()

    page.click("button[name=continue]")
    alert = page.locator("[role=alert]").first
    expect(alert).to_contain_text("ارتفاع اللوحة 1 مع قاعدتها 5.01 م. المسموح: 5.00 م على الأكثر")
    expect(page.locator("[name='0-top']")).to_have_value("5.01")
    expect(page.locator("[name='0-width']")).to_have_value(drawn)
    look(page, "refused")

    page.fill("[name='0-top']", "4.80")
    page.click("button[name=continue]")
    page.wait_for_url("**/send/**")  # a redirect keeps the place in the page
    with transaction.atomic():
        add_files(draft, owner)
    page.click("main form#form button.kp-btn--fill")
    page.wait_for_url("**/cases/**")

    request: Any = boards.fresh(desk_acts.approve(officer))
    boards.paid_of(request.case)
    issue.issue_licence(case=request.case)
    board = Board.objects.select_related("request__document").get()
    assert (board.top_cm, str(board.width_cm)) == (480, f"{float(drawn) * 100:.0f}") and board.number
    page.goto(f"{page.url.partition('/ar/')[0]}/ar/boards/{board.public_id}/")
    expect(page.locator("main")).to_contain_text(board.number)
    expect(page.locator("a[href$='plate.pdf']")).to_have_count(1)
    look(page, "licensed")
