"""A transfer on an Arabic phone: from the page of the present holder to the licence of the new one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction

from licensing.models import HealthLicence, LicenceTransfer
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.documents import seal
from shops.models import Shop
from tests import desk_acts
from tests.factories.accounts import PersonFactory
from tests.factories.review import OfficerFactory
from tests.licensing.signage.browsing import Open, look

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NUMBER = "290010100046"


@pytest.fixture
def shop(make_shop: Any, store: Path) -> Shop:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    with transaction.atomic():
        row: Shop = make_shop(ends_in=200)
    return row


def test_a_licence_passes_from_one_phone_to_another(
    visit: Open, shop: Shop, owner: User, pay_and_issue: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("municipality.accounts.services.sessions.is_fresh", lambda _request: True)
    noura = PersonFactory(name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi", civil_id=NUMBER)
    monkeypatch.setattr("municipality.documents.signing.sign_pdf", lambda content, **_facts: content)  # it begins a loop, as Playwright did
    officer = OfficerFactory(login="reader", branch_id=shop.branch_id, skills=["health"])
    old = HealthLicence.objects.select_related("document").get(shop=shop).document
    page = visit(f"/ar/health-licence/{shop.public_id}/", owner, language="ar")
    look(page, "transfer-licence")
    page.click("main a[href$='/transfer/']")
    look(page, "transfer-ask")
    page.fill("#id_civil_id", NUMBER)
    page.check("#id_understood")
    page.click("#form button.kp-btn--fill")
    page.wait_for_selector("button[name=checked]")
    look(page, "transfer-check")
    page.click("button[name=checked]")
    page.wait_for_selector("button[name=take_back]")
    look(page, "transfer-waits")
    row = LicenceTransfer.objects.get()
    taker = visit("/ar/", noura, language="ar")
    look(taker, "transfer-home")
    taker.click(f"main a[href$='/transfers/{row.public_id}/']")
    taker.click("#form button.kp-btn--fill")
    taker.wait_for_selector(".kp-errors")
    look(taker, "transfer-answer")
    taker.check("[name=answer][value=agreed]")
    taker.check("#id_declared")
    taker.click("#form button.kp-btn--fill")
    taker.wait_for_url("**/cases/*/")
    look(taker, "transfer-case")
    look(visit(f"/ar/health-licence/{shop.public_id}/transfer/", owner, language="ar"), "transfer-agreed")
    case = Case.objects.get(service="licensing.transfer")
    desk_acts.assigned(officer)
    desk = visit(f"/admin/desk/{case.public_id}/", officer, language="ar")
    look(desk, "transfer-desk")
    desk_acts.approve(officer)
    new = pay_and_issue(case)
    taker.goto(taker.url)
    look(taker, "transfer-issued")
    assert new.document.number in taker.content()
    check = visit(f"/verify/{old.code}", owner, language="ar")
    assert new.document.number in check.content()
    look(check, "transfer-replaced")
