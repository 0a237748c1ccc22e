"""What a report leads to: a violation report that began from it, and an inspection of its shop."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from municipality.accounts.models import User
from municipality.fieldwork.services import SentVisit
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from reports.intake.services import ReportPlace
from reports.models import Consequence, Report
from reports.results import OTHER_SHOP, lacking_measures
from reports.triage import services
from reports.triage.services.results import FoundResult
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories import report_steps, reports
from tests.factories.accounts import StaffFactory
from violations.models import Violation
from violations.services import violation_reports, writer_annulments
from violations.services.assessments import Findings

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(make_shop: Callable[..., Any], store: Path) -> Shop:
    made: Shop = make_shop(activity_id="BARB")
    return made


@pytest.fixture
def about_shop(shop: Shop, inspectors: list[User], told: Any) -> Report:
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=shop.area, shop=shop)
    return reports.assigned(category="shop", place=place)


def findings(row: Report, **facts: Any) -> Findings:
    assert row.area is not None
    given: dict[str, Any] = {"client_key": str(uuid4()), "offence": "CLN-01", "seen_at": clock.now(), "area": row.area, "shop": row.shop}
    return Findings(**(given | {"place_note": "أمام المدخل", "origin": row.subject_key} | facts))


def test_a_violation_report_is_tied_to_the_report_it_began_from(about_shop: Report) -> None:
    made, is_new = violation_reports.record(inspector=about_shop.inspector, findings=findings(about_shop))
    assert is_new and Consequence.objects.get().violation == made
    page = signed_in(about_shop.inspector).get(f"/admin/eye/{about_shop.public_id}/").content.decode()
    assert f"/admin/field/{made.public_id}/" in page or made.reference in page


@pytest.mark.parametrize("facts", [{"origin": ""}, {"origin": "report:nothing"}, {"origin": "x"}, {"shop": None}])
def test_a_violation_of_something_else_is_not_tied(about_shop: Report, facts: dict[str, Any]) -> None:
    violation_reports.record(inspector=about_shop.inspector, findings=findings(about_shop, **facts))
    assert Violation.objects.count() == 1 and not Consequence.objects.exists()


def test_a_violation_of_the_neighbour_is_tied_to_a_part_that_is_not_about_the_shop(about_shop: Report, make_shop: Any) -> None:
    client, url = signed_in(about_shop.inspector), f"/admin/eye/{about_shop.public_id}/"
    page = client.get(url).content.decode()
    assert str(OTHER_SHOP) in page and 'href="?step=split#step-split"' in page and 'id="step-split" open' not in page
    assert 'id="step-split" open' in client.get(f"{url}?step=split").content.decode()
    told = FoundResult(SentVisit(str(uuid4()), clock.now()), "violation", "", None, None, asks_signature=True)
    with pytest.raises(Refused, match="no_measure") as refused:
        services.close(report=about_shop, inspector=about_shop.inspector, found=told)
    assert str(OTHER_SHOP) in str(refused.value.sentence)
    parts = {"category_1": "shop", "words_1": "لا شيء", "category_2": "waste", "words_2": "لوحة الجار", "is_other_2": "on"}
    assert client.post(url, {"step": "split", **parts}).status_code == 302
    own, other = about_shop.parts.order_by("pk")
    assert (own.shop_id, other.shop_id, other.board_id) == (about_shop.shop_id, None, None)
    services.assign(other)
    other.refresh_from_db()
    neighbour = make_shop(activity_id="BARB")
    violation_reports.record(inspector=other.inspector, findings=findings(other, shop=neighbour))
    assert Consequence.objects.get().report == other


def test_the_form_begins_with_shop_or_place_and_the_offence(about_shop: Report, row: Report) -> None:
    client = signed_in(about_shop.inspector)
    page = client.get(f"/admin/field/new/?origin={about_shop.subject_key}").content.decode()
    assert f'value="{about_shop.subject_key}"' in page and about_shop.shop is not None
    assert about_shop.shop.commercial_license_no in page
    other = signed_in(row.inspector).get(f"/admin/field/new/?origin={row.subject_key}").content.decode()
    assert f'value="{row.subject_key}"' in other
    assert client.get("/admin/field/new/?origin=report:nothing").status_code == 200


def test_a_report_that_led_to_a_measure_is_not_joined_with_one_that_did_not(about_shop: Report) -> None:
    """Else the other one lacks the measure, and its inspector would have to write a second violation report against the shop."""
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=about_shop.area, shop=about_shop.shop)
    other = reports.assigned(category="shop", place=place)
    violation_reports.record(inspector=about_shop.inspector, findings=findings(about_shop))
    with pytest.raises(Refused, match="led_to"):
        services.merge(report=about_shop, into=other, inspector=about_shop.inspector, why="x")
    assert "violation" in lacking_measures(other) and "violation" not in lacking_measures(about_shop)
    services.merge(report=other, into=about_shop, inspector=other.inspector, why="x")


def test_a_violation_report_that_is_sent_after_a_join_is_tied_to_the_report_that_goes_on(about_shop: Report) -> None:
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=about_shop.area, shop=about_shop.shop)
    other = reports.assigned(category="shop", place=place)
    begun = findings(about_shop)
    services.merge(report=about_shop, into=other, inspector=about_shop.inspector, why="x")
    violation_reports.record(inspector=about_shop.inspector, findings=begun)
    assert Consequence.objects.get().report == other and "violation" not in lacking_measures(other)


def test_nor_is_it_tied_to_the_one_that_goes_on_where_that_is_about_another_shop(row: Report, make_shop: Any) -> None:
    shop, neighbour = make_shop(activity_id="BARB"), make_shop(activity_id="BARB")
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=shop.area, shop=shop)
    other = reports.assigned(place=place)
    begun = findings(row, shop=neighbour)
    services.merge(report=row, into=other, inspector=row.inspector, why="x")
    violation_reports.record(inspector=row.inspector, findings=begun)
    assert Violation.objects.count() == 1 and not Consequence.objects.exists()


def test_an_annulled_violation_is_no_measure_and_the_one_in_its_place_is_tied(about_shop: Report) -> None:
    inspector = about_shop.inspector
    made, _new = violation_reports.record(inspector=inspector, findings=findings(about_shop))
    assert lacking_measures(about_shop) == {"warned"}
    writer_annulments.annul(violation=made, inspector=inspector, code="writer_wrong_facts", note_ar="الوقت")
    assert lacking_measures(about_shop) == {"warned", "violation"}
    page = signed_in(inspector).get(f"/admin/field/new/?again={made.public_id}").content.decode()
    assert f'value="{about_shop.subject_key}"' in page
    again, _new = violation_reports.record(inspector=inspector, findings=findings(about_shop))
    assert set(Consequence.objects.values_list("violation", flat=True)) == {made.pk, again.pk}
    assert lacking_measures(about_shop) == {"warned"}


def test_a_result_whose_violation_was_annulled_meanwhile_is_not_signed(about_shop: Report) -> None:
    inspector = about_shop.inspector
    made, _new = violation_reports.record(inspector=inspector, findings=findings(about_shop))
    report_steps.proposed(about_shop, code="violation")
    writer_annulments.annul(violation=made, inspector=inspector, code="writer_wrong_facts", note_ar="الوقت")
    with pytest.raises(Refused, match="no_measure"):
        services.countersign(report=about_shop, supervisor=StaffFactory(supervisor=True, login="head", branch=inspector.branch))
    about_shop.refresh_from_db()
    assert about_shop.state == "countersign"


def test_an_inspection_is_ordered_and_tied(about_shop: Report, row: Report) -> None:
    made = services.order_inspection(report=about_shop, inspector=about_shop.inspector, reason="شكوى من النظافة")
    assert Consequence.objects.get().inspection == made and made.shop == about_shop.shop
    with pytest.raises(Refused, match="open_already"):
        services.order_inspection(report=about_shop, inspector=about_shop.inspector, reason="مرة أخرى")
    with pytest.raises(Refused, match="no_shop"):
        services.order_inspection(report=row, inspector=row.inspector, reason="x")
    other = User.objects.filter(groups__name="inspector").exclude(pk=about_shop.inspector_id)[0]
    with pytest.raises(NotPermitted, match="not_drawn"):
        services.order_inspection(report=about_shop, inspector=other, reason="x")
    report_steps.closed(about_shop)
    with pytest.raises(Refused, match="not_assigned"):
        services.order_inspection(report=about_shop, inspector=about_shop.inspector, reason="x")
