"""A reporter says on a phone, in Arabic, that a report is not solved: another inspector gets it, and another supervisor signs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, expect

from municipality.accounts.models import User
from municipality.places.models import Branch
from municipality.ui.language import STAFF_COOKIE
from reports.models import Report
from reports.reporters.services import Sender
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories import report_steps, reports
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.inspections import inspector
from tests.journeys.measurements import axe, overhang
from tests.published_rules import publish_rules

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
Visit = Callable[[User, str], Page]


@pytest.fixture
def visit(browser: Browser, live_server: Any) -> Iterator[Visit]:
    """A page on the phone of somebody who signed in."""
    opened: list[Any] = []

    def open_page(user: User, path: str) -> Page:
        context = browser.new_context(viewport={"width": 390, "height": 844}, base_url=live_server.url)
        opened.append(context)
        cookies = {settings.SESSION_COOKIE_NAME: signed_in(user).cookies[settings.SESSION_COOKIE_NAME].value, STAFF_COOKIE: "ar"}
        context.add_cookies([{"name": name, "value": value, "url": live_server.url} for name, value in cookies.items()])
        page: Page = context.new_page()
        page.goto(path)
        return page

    yield open_page
    for context in opened:
        context.close()


def test_a_no_leads_to_another_inspector_and_another_supervisor(visit: Visit, transactional_db: None, store: Any) -> None:
    publish_rules()
    person, first, second = PersonFactory(), inspector("first", "HA"), inspector("second", "HA")
    report = report_steps.closed(reports.assigned(Sender(person=person)))
    closer, signer = report.closures.get().closed_by, report.closures.get().signed_by
    User.objects.filter(pk=signer.pk).update(branch=Branch.objects.get(pk="HA"))

    page = visit(person, f"/ar/reports/{report.public_id}/mine/")
    expect(page.locator("#solved")).to_be_visible()
    assert axe(page) == [] and overhang(page) == 0
    page.click("button[name=solved][value=no]")  # without a word of what is still there
    expect(page.locator("[role=alert]").first).to_be_visible()
    page.fill("[name=words]", "ما زالت الأنقاض عند المدخل")
    page.click("button[name=solved][value=no]")
    expect(page.locator("#solved")).to_have_count(0)
    expect(page.locator("main")).to_contain_text("فُتح البلاغ من جديد")
    assert axe(page) == [] and overhang(page) == 0

    run_due(("reports.assign",))
    again = Report.objects.get(pk=report.pk)
    assert (again.state, again.inspector) == ("assigned", second if closer == first else first)
    mine = visit(again.inspector, f"/admin/eye/{report.public_id}/")
    expect(mine.locator("main")).to_contain_text("ما زالت الأنقاض عند المدخل")
    expect(mine.locator("#close_photo")).to_have_count(1)
    assert axe(mine) == [] and overhang(mine) == 0
    his = visit(closer, f"/admin/eye/{report.public_id}/")
    expect(his.locator("main")).to_contain_text(report.number)
    expect(his.locator("#close_photo")).to_have_count(0)

    report_steps.proposed(again)
    other = StaffFactory(groups=["supervisor"], login="other", branch=Branch.objects.get(pk="HA"))
    barred = visit(signer, f"/admin/eye/{report.public_id}/")
    expect(barred.locator("main")).to_contain_text(report.number)
    expect(barred.locator("[value=countersign]")).to_have_count(0)
    assert Report.objects.get(pk=report.pk).state == "countersign"
    sign = visit(other, f"/admin/eye/{report.public_id}/")
    sign.keyboard.press("1")
    sign.click("details[open] button.kp-desk-main")
    expect(sign.locator(".messagelist .success")).to_be_visible()
    assert Report.objects.get(pk=report.pk).state == "closed"
