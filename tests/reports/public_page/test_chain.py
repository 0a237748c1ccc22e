"""The steps of a violation on the page of the report that led to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from municipality.kernel import clock
from reports.intake.services import ReportPlace
from reports.models import Consequence, Report, ReportPhoto
from reports.public_page.chain import chain
from reports.public_page.queries import PublicReport
from reports.public_page.steps import steps
from tests.conftest import NOON
from tests.factories import report_steps, reports
from tests.factories.accounts import PersonFactory
from tests.factories.shops import ShopFactory
from violations import publication
from violations.models import Violation, ViolationEvent
from violations.rules import CONTESTED, GONE


@pytest.fixture
def shop(db: None) -> Any:
    return ShopFactory(owner=PersonFactory())


def titles(report: Report) -> list[str]:
    return [str(link.title) for link in PublicReport(report).chain()]


def test_a_report_without_a_shop_follows_its_violation(shop: Any) -> None:
    with clock.at(NOON):
        report = reports.assigned()
    with clock.at(NOON + dt.timedelta(hours=2)):
        violation = report_steps.led_to(report, shop).violation
        assert violation is not None
        found = PublicReport(report).chain()
    assert [str(link.title) for link in found][2:] == ["محضر وأمر صلح"]
    assert violation.number not in str(found) and shop.name_ar not in str(found)


def test_of_a_report_at_a_shop_only_what_the_page_of_the_shop_tells_is_told(shop: Any, monkeypatch: Any) -> None:
    place = ReportPlace(source="shop", latitude=29.33, longitude=48.02, area=shop.area, shop=shop)
    with clock.at(NOON):
        report = reports.assigned(place=place)
    with clock.at(NOON + dt.timedelta(hours=2)):
        report_steps.led_to(report, shop)
        assert titles(report)[2:] == ["اتُّخذ إجراء"]
        for status, last in ((CONTESTED, "محضر وأمر صلح"), (GONE, "أُلغيت مخالفة")):
            monkeypatch.setattr(publication, "statuses", lambda rows, said=status: {row.pk: said for row in rows})
            assert titles(report)[2:] == [last]


def test_a_result_that_is_a_measure_at_a_shop_is_told_once_it_is_public(shop: Any, monkeypatch: Any) -> None:
    place = ReportPlace(source="shop", latitude=29.33, longitude=48.02, area=shop.area, shop=shop)
    with clock.at(NOON):
        report = reports.assigned(place=place)
        report_steps.led_to(report, shop)
        report_steps.closed(report, code="violation", text_en="A warning was given.")
        pages = [f"/en/reports/{report.public_id}/", f"/open311/v2/requests/{report.number}.json?extensions=true&locale=en"]
        pages += ["/open311/v2/servicerequestupdates.json?locale=en"]
        for status, is_told in (("", False), (CONTESTED, True)):
            monkeypatch.setattr(publication, "statuses", lambda rows, said=status: {row.pk: said for row in rows})
            for page in pages:
                content = Client().get(page).content.decode()
                assert ("A warning was given." in content, "told on the page of the report once it is final" in content) == (
                    is_told,
                    not is_told,
                ), page


@pytest.mark.parametrize(("state", "shown"), [("paid", True), ("ordered", False)])
def test_a_payment_that_the_bank_took_back_is_not_shown(state: str, shown: bool) -> None:
    report = reports.received()
    violation = Violation(pk=1, state=state)
    act = ViolationEvent(subject=violation, move="settle", at=clock.now())
    found = chain(report, steps(report, [], [], []), [Consequence(violation=violation)], [act], [], [], 1)
    assert (len(found) == 2) is shown


def test_a_photo_from_before_the_report_tells_of_no_visit() -> None:
    report = reports.received()
    for hours, is_visit in ((-1, False), (1, True)):
        photo = ReportPhoto(kind="after", captured_at=report.received_at + dt.timedelta(hours=hours))
        found = chain(report, steps(report, [], [], []), [], [], [photo], [], 1)
        assert ("visit" in {link.code for link in found}) is is_visit
