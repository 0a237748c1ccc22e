"""The staff door: password and second factor, and what each office finds behind it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.journeys.staff import enter, password, sign_out, to_the_code
from tests.journeys.visitor import PATIENCE, Visitor
from tools.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]

OWNER = "Reem Al-Arfaj"
# Work that a dead job left undone: a receipt of a past payment has no file yet.
BURY = """
import datetime as dt
from django.db import transaction
from municipality.jobs import services
from municipality.jobs.models import Job
from municipality.kernel import clock
from payments.models import Receipt
receipt = Receipt.objects.filter(document__isnull=True, allocation__attempt__state="paid").first()
with transaction.atomic():
    later = clock.now() + dt.timedelta(hours=1)
    services.enqueue("payments.receipt_document", key="again", due_at=later, receipt_id=receipt.pk)
job = Job.objects.get(kind="payments.receipt_document", key="again")
services.mark_dead(Job.objects.filter(pk=job.pk), job, "the signer stood still")
"""


def test_an_officer_enters_with_both_factors_and_reads_arabic(visit: Callable[..., Visitor]) -> None:
    officer = visit("ar")
    page = officer.go("/admin/")
    assert officer.here() == "/staff/sign-in/"
    to_the_code(officer, "officer.ha")
    page.goto(f"{officer.stack.base_url}/admin/")
    assert officer.here() == "/staff/sign-in/code/", "a password alone opens nothing"
    shown = page.locator("main tbody bdi").last.inner_text().strip()
    wrong = f"{(int(shown) + 1) % 1_000_000:06d}"
    page.fill("#id_code", wrong)
    page.click("#form button.kp-btn--fill")
    page.wait_for_selector(".kp-errors:focus")
    page.fill("#id_code", page.locator("main tbody bdi").last.inner_text().strip())
    page.click("#form button.kp-btn--fill")
    officer.arrive("^/admin/$")
    expect(page.locator("html[lang=ar][dir=rtl]")).to_have_count(1)
    assert page.evaluate("getComputedStyle(document.body).direction") == "rtl"
    assert officer.foreign_requests() == []

    officer.go("/admin/cases/case/")
    assert "لا تُعرض الطلبات هنا" in page.locator("#content").inner_text()
    expect(page.locator("#result_list tbody tr")).to_have_count(0)
    assert officer.wrongs() == []
    sign_out(officer)
    officer.arrive("^/staff/sign-in/$")
    page.goto(f"{officer.stack.base_url}/admin/cases/case/")
    assert officer.here() == "/staff/sign-in/"


def test_the_admins_own_login_is_closed(stack: Stack, visit: Callable[..., Visitor]) -> None:
    somebody = visit("en")
    somebody.go("/admin/login/?next=/admin/")
    assert somebody.here() == "/staff/sign-in/"
    token = somebody.page.locator("#form input[name=csrfmiddlewaretoken]").input_value()
    answer = somebody.context.request.post(
        f"{stack.base_url}/admin/login/",
        form={"csrfmiddlewaretoken": token, "username": "auditor", "password": password(somebody, "auditor"), "next": "/admin/"},
        headers={"Referer": somebody.page.url},
    )
    assert urlsplit(answer.url).path == "/staff/sign-in/"
    somebody.go("/admin/")
    assert somebody.here() == "/staff/sign-in/"


def test_an_auditor_reads_record_and_cases_and_the_person_sees_it(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], object]
) -> None:
    auditor = visit("ar")
    enter(auditor, "auditor")
    page = auditor.go("/admin/audit/auditevent/")
    rows = page.locator("#result_list tbody tr")
    assert rows.count() > 20
    rows.first.locator("th a").click()
    auditor.arrive("^/admin/audit/auditevent/[0-9]+/change/$")
    assert page.locator("#content .readonly").count() > 3
    expect(page.locator("#content input[type=submit], #content input[type=text], #content select")).to_have_count(0)
    auditor.go("/admin/cases/case/")
    assert page.locator("#result_list tbody tr").count() > 10
    ((number, public_id),) = stack.sql(
        "SELECT c.id, c.public_id FROM cases_case c JOIN accounts_user u ON u.id = c.applicant_id WHERE u.name_en = %s AND c.is_open = %s",
        OWNER, True,
    )  # fmt: skip
    page = auditor.go(f"/admin/cases/case/{number}/change/")
    page.check("input[value='purpose.audit']")
    page.click("form[action='/admin/purpose/'] button")
    page.wait_for_selector("#content .readonly")
    assert auditor.pages_with_status[page.url] == 200
    assert auditor.wrongs() == []
    owner = visit("en", storage_state=signed_in(OWNER))
    owner.go(f"cases/{public_id}/")
    assert "Auditor: audit" in owner.main()


@pytest.mark.parametrize("width", [1280, 390, 320])
def test_lists_never_scroll_sideways_and_narrow_ones_are_cards(visit: Callable[..., Visitor], width: int) -> None:
    auditor = visit("ar", viewport={"width": width, "height": 800})
    enter(auditor, "auditor")
    for path in ("cases/case/", "audit/auditevent/", "jobs/job/?state=all", "notifications/delivery/?state=all", "accounts/user/"):
        page = auditor.go(f"/admin/{path}")
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        box, cell = page.locator(".kp-rows"), page.locator("#result_list tbody td").first
        assert box.evaluate("e => e.scrollWidth - e.clientWidth") <= 0, path
        assert cell.is_visible() and page.locator("#result_list tbody tr").first.locator("td").last.is_visible()
        if width < 500:
            assert cell.evaluate("e => getComputedStyle(e, '::before').content") == f'"{cell.get_attribute("data-label")}"', path
        if path == "audit/auditevent/":  # keys and codes are long
            with page.expect_navigation():  # until the style sheets are there
                page.locator("#result_list tbody th a").first.click()
            assert page.locator("#content .readonly").count()
            assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, page.url
    assert auditor.wrongs() == []


@pytest.mark.parametrize("width", [1280, 320])
def test_the_menu_is_reached_by_the_keyboard_alone(visit: Callable[..., Visitor], width: int) -> None:
    """It stands beside a list on a wide screen, and behind its button on a phone and on the desk."""
    officer = visit("ar", viewport={"width": width, "height": 800})
    enter(officer, "supervisor")
    for path, stands in (("/admin/rulebook/ruleset/", width > 1000), ("/admin/desk/sign/", False)):
        page = officer.go(path)
        assert page.locator("#menu").is_visible() is stands, path
        if not stands:
            page.locator(".kp-bar__menu").focus()
            page.keyboard.press("Enter")
            assert page.locator("#menu").is_visible()
            page.keyboard.press("Escape")
            assert not page.locator("#menu").is_visible()
    assert officer.wrongs() == []


def test_an_operator_sees_a_dead_job_and_lets_it_run_again(stack: Stack, visit: Callable[..., Visitor]) -> None:
    stack.run_code(BURY)
    operator = visit("en")
    enter(operator, "operator")
    page = operator.go("/admin/jobs/job/")
    page.locator("#result_list tbody tr", has_text="Render a receipt").first.locator("th a").click()
    operator.arrive("^/admin/jobs/job/[0-9]+/change/$")
    assert "the signer stood still" in page.locator("#content").inner_text()
    page.click("a[href$='/retry/']")
    operator.arrive("/retry/$")
    page.click("form[method=post] .submit-row input[type=submit]")
    operator.arrive("/change/$")
    page.wait_for_selector(".messagelist li")
    wait_until(
        lambda: stack.sql("SELECT state FROM jobs_job WHERE kind = %s AND key = %s", "payments.receipt_document", "again") == [("done",)],
        PATIENCE,
        "the job to run",
    )
    page.reload()
    expect(page.locator("a[href$='/retry/']")).to_have_count(0)
    assert operator.wrongs() == []


def test_a_person_is_told_no_at_the_staff_door(visit: Callable[..., Visitor], signed_in: Callable[[str], object]) -> None:
    person = visit("en", storage_state=signed_in("Rajiv Menhas"))
    person.go("/admin/")
    assert person.pages_with_status[person.page.url] == 403
    expect(person.page.locator("#menu, #me, #content-main .module")).to_have_count(0)
