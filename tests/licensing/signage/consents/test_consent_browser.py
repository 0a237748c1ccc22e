"""A signature under boards in a real browser: asked for, passed on, read in the other language, refused or given."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import transaction

from licensing.models import BoardConsent, ConsentRole
from municipality.accounts.models import User
from municipality.drafts.models import Draft
from shops.models import Shop
from tests import desk_acts
from tests.factories import boards
from tests.factories.accounts import PersonFactory
from tests.factories.board_consents import agreed, asked
from tests.factories.drawings import drawn
from tests.licensing.signage.browsing import Open, look

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
BOTH = pytest.mark.parametrize("language", ["ar", "en"])


@pytest.fixture
def shop(make_shop: Callable[..., Shop], store: Path) -> Shop:
    with transaction.atomic():
        return make_shop()


@pytest.fixture
def signer() -> User:
    return PersonFactory(noura=True)


@BOTH
def test_the_link_is_passed_on_and_answered(visit: Open, shop: Shop, owner: User, signer: User, language: str) -> None:
    draft = drawn(boards.begun(shop, owner, boards.FRONT, boards.BOX))
    page = visit(f"/{language}/boards/new/{shop.public_id}/send/", owner, language=language)
    page.click("#signatures > summary")
    page.click("button[name=ask][value=landlord]")
    page.wait_for_url("**/consents/")
    look(page, f"consent-link-{language}")
    link = page.locator("#link").input_value()
    page.click(".kp-lang")
    assert page.locator("#link").input_value() == link and page.locator("html").get_attribute("lang") != language
    path = f"/{language}/boards/consents/{link.rstrip('/').rpartition('/')[2]}/"
    signed = visit(path, signer, language=language)
    assert signed.locator("main img").evaluate("image => image.naturalWidth") > 100
    look(signed, f"consent-sign-{language}")
    signed.check("[value=refused]")
    signed.click("#form button.kp-btn--fill")
    signed.wait_for_selector(".kp-errors")
    look(signed, f"consent-error-{language}")
    signed.fill("[name=reason]", "x")
    signed.check("[value=agreed]")
    signed.click("#form button.kp-btn--fill")
    signed.wait_for_selector("#form", state="detached")
    look(signed, f"consent-done-{language}")
    assert BoardConsent.objects.get(draft=draft).signer == signer
    look(visit(path, signer, language=language), f"consent-used-{language}")


@BOTH
def test_the_signatures_are_shown_where_boards_are_sent_and_studied(
    visit: Open, shop: Shop, owner: User, signer: User, officer: User, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.accounts.services.sessions.is_fresh", lambda _request: True)
    draft = boards.begun(shop, owner)
    agreed(draft, signer)
    asked(draft, ConsentRole.TRADEMARK_OWNER)
    page = visit(f"/{language}/boards/new/{shop.public_id}/send/", owner, language=language)
    look(page, f"consent-send-{language}")
    page.click("button[name=withdraw][value=trademark_owner]")
    page.wait_for_selector("button[name=ask][value=trademark_owner]")
    request = boards.sent_of(shop, owner, Draft.objects.get(pk=draft.pk))
    desk_acts.assigned(officer)
    case = visit(f"/{language}/cases/{request.case.public_id}/", owner, language=language)
    look(case, f"consent-case-{language}")
    desk = visit(f"/admin/desk/{request.case.public_id}/", officer, language=language)
    look(desk, f"consent-desk-{language}")
    names = (signer.name_ar, signer.name_en)
    assert any(name in case.content() for name in names) and not any(name in desk.content() for name in names)
