"""An inspection in a real browser: the owner's day and self-check, the inspector's phone without a line, the result."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from playwright.sync_api import Page, expect

from licensing.models import Inspection
from municipality.accounts.models import User
from municipality.kernel import clock
from shops.models import Shop
from tests.factories import inspections
from tests.factories.accounts import StaffFactory
from tests.factories.drawings import photo
from tests.licensing.signage.browsing import Open, look

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def shop(make_shop: Callable[..., Shop], store: Path) -> Shop:
    with transaction.atomic():
        return make_shop(activity_id="BARB", latitude=29.33, longitude=48.02)


@pytest.fixture
def inspectors(shop: Shop) -> list[User]:
    return [inspections.inspector(login, shop.branch_id) for login in ("inspector", "colleague")]


def due(row: Inspection) -> None:
    """Its day is today: the clock of the server that the browser asks cannot be moved."""
    Inspection.objects.filter(pk=row.pk).update(day=clock.today())


def filled(page: Page, **values: str) -> None:
    """Fill in the checklist: all well, but for `values` by code; with the photos that are asked for."""
    for name in page.locator("[name^=answer_][value=yes]").evaluate_all("all => all.map((one) => one.name)"):
        page.check(f"[name={name}][value={values.get(name.removeprefix('answer_'), 'yes')}]")
    page.fill("[name=number_area]", values.get("area", "٣٥٫٥"))
    for name in page.locator("[data-inspection-photo]").evaluate_all("all => all.map((one) => one.name)"):
        page.set_input_files(f"[name={name}]", [{"name": "seen.jpg", "mimeType": "image/jpeg", "buffer": photo() + name.encode()}])


@pytest.mark.parametrize("language", ["ar", "en"])
def test_from_the_day_to_the_result(visit: Open, shop: Shop, owner: User, inspectors: list[User], language: str, frozen_clock: Any) -> None:
    head = StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)
    desk = visit("/admin/inspections/order/", head, language=language)
    desk.fill("[name=shop_no]", shop.commercial_license_no)
    desk.fill("[name=reason]", "شكوى من الجيران")
    with desk.expect_navigation():
        desk.click("form.kp-desk-card button")
    look(desk, f"order-{language}")
    row = Inspection.objects.get()
    page = visit(f"/{language}/inspections/{row.public_id}/", owner, language=language)
    with page.expect_navigation():
        page.click("#form button")
    look(page, f"choose-{language}")
    page.locator("[name=time]").nth(1).check()
    with page.expect_navigation():
        page.click("#form button")
    look(page, f"appointed-{language}")
    with page.expect_navigation():
        page.click("section.kp-card a.kp-btn")
    for name in page.locator("[name^=answer_][value=yes]").evaluate_all("all => all.map((one) => one.name)"):
        page.check(f"[name={name}][value=yes]")
    page.fill("[name=number_area]", "35.5")
    look(page, f"self-check-{language}")
    with page.expect_navigation():
        page.click("form.kp-form > p button.kp-btn--fill")
    row.refresh_from_db()
    assert row.day is not None and row.answers.filter(by_owner=True).count() == 12
    due(row)
    phone = visit("/admin/inspections/", row.inspector, language="ar" if language == "ar" else "en")
    look(phone, f"list-{language}")
    phone.click(".kp-field-list a")
    phone.locator("[name=seen_at]").evaluate("(field, at) => { field.value = at; }", clock.now().isoformat())
    look(phone, f"form-{language}")
    filled(phone, fire="no")
    phone.context.set_offline(True)
    phone.click(".kp-field-bar button")
    phone.locator("[data-field-entries] li").wait_for()
    phone.context.set_offline(False)
    phone.locator("[data-field-entries] button").first.wait_for()
    phone.locator("[data-field-entries] button").first.click()
    phone.locator("dialog[open]").wait_for()
    look(phone, f"check-{language}")
    phone.click("[data-field-issue]")
    phone.locator("[data-field-queue]").wait_for(state="hidden")
    row.refresh_from_db()
    assert (row.state, row.visits.get().visit.evidence.count()) == ("failed", 13)
    phone.goto(phone.url)
    look(phone, f"done-{language}")
    page.goto(page.url.replace("/self-check/", "/"))
    look(page, f"failed-{language}")
    public = visit(f"/{language}/shops/{shop.public_id}/", language=language)
    look(public, f"shop-{language}")
    with page.expect_navigation():
        page.click("button[value=again]")
    look(page, f"again-{language}")
    assert Inspection.objects.order_by("-pk")[0].previous == row


def test_without_scripts_the_result_is_shown_and_confirmed_on_the_page(visit: Open, shop: Shop, inspectors: list[User]) -> None:
    row = inspections.appointed(inspections.ordered(shop))
    due(row)
    page = visit(f"/admin/inspections/{row.public_id}/", row.inspector, language="ar", java_script_enabled=False)
    with page.expect_navigation():
        page.click(".kp-field-bar button")
    expect(page.locator("fieldset .kp-desk-bad")).to_have_count(12)
    filled(page)
    with page.expect_navigation():
        page.click(".kp-field-bar button")
    assert page.locator("[name=confirmed]").input_value() and page.locator("p.kp-field-final").count() == 1
    assert not row.visits.exists()
    with page.expect_navigation():
        page.click(".kp-field-bar button")
    expect(page.locator("fieldset .kp-desk-bad"), "photos are chosen once more, with the confirmation").to_have_count(6)
    filled(page)
    with page.expect_navigation():
        page.click(".kp-field-bar button")
    row.refresh_from_db()
    assert (row.state, row.visits.get().visit.evidence.count()) == ("passed", 13)
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/bare.png", full_page=True)


KEEP = """async ([person, inspection]) => {
  const { Store } = await import(new URL("./fieldwork.js", document.querySelector("[data-field-person]").src));
  const seen = new Date().toISOString();
  const fields = [["client_key", crypto.randomUUID()], ["seen_at", seen], ["inspection", inspection], ["found", "nobody"]];
  await new Store("kp-inspections", "visits").keep({ key: person, person, seen, title: person, fields, state: "waiting", sentence: "" });
}"""


def test_a_visit_of_somebody_else_on_the_same_phone_waits_for_them(visit: Open, shop: Shop, inspectors: list[User]) -> None:
    row = inspections.appointed(inspections.ordered(shop))
    due(row)
    assert row.inspector is not None
    phone = visit("/admin/inspections/", row.inspector, language="ar")
    for person in ("staff:other", row.inspector.key):
        phone.evaluate(KEEP, [person, row.public_id])
    phone.reload()
    lines = phone.locator("[data-field-entries] li")
    expect(lines.filter(has_text="staff:other")).to_contain_text("حرّره شخص آخر على هذا الهاتف")
    expect(lines.filter(has_text="staff:other").get_by_text("مراجعة وتأكيد")).to_have_count(0)
    expect(lines.filter(has_text=row.inspector.key)).not_to_contain_text("حرّره شخص آخر")
