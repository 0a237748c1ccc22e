"""Reports about an entry of the register that was merged into another one are about that one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.review.models import ConflictOfInterest
from reports.intake.services import ReportPlace
from reports.models import Consequence, Report
from reports.places import metres_between
from reports.queries import limits
from reports.triage import draws, queries, services
from shops.models import Shop
from shops.office.services import merges
from tests.browsers import signed_in
from tests.database_guards import drop_guard
from tests.factories import reports
from tests.factories.accounts import StaffFactory
from tests.factories.shops import ShopFactory
from violations.services import violation_reports
from violations.services.assessments import Findings

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(make_shop: Callable[..., Shop]) -> tuple[Shop, Shop]:
    stays = make_shop(activity_id="BARB", name_en="Kept Entry")
    return ShopFactory(activity_id="BARB", name_en="Old Entry", owner=stays.owner), stays


@pytest.fixture
def about_merged(two: tuple[Shop, Shop], inspectors: list[User], told: Any) -> Report:
    """A report about an entry that was merged afterwards."""
    goes, stays = two
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=goes.area, shop=goes)
    row = reports.assigned(category="shop", place=place)
    clerk, keeper = (StaffFactory(groups=[f"register_{name}"]) for name in ("clerk", "keeper"))
    merges.allow(merge=merges.propose(shop=goes, into=stays, note_ar="الرقم نفسه في المحضر", asked_by=clerk), allowed_by=keeper)
    return Report.objects.select_related("inspector").get(pk=row.pk)


def test_they_stand_on_the_page_of_the_shop_and_of_staff(about_merged: Report, two: tuple[Shop, Shop]) -> None:
    stays = two[1]
    page = Client().get(f"/en/shops/{stays.public_id}/", follow=True).content.decode()
    assert f"/en/reports/{about_merged.public_id}/" in page
    browser = signed_in(about_merged.inspector)
    for url in ("/admin/eye/", f"/admin/eye/{about_merged.public_id}/"):
        shown = browser.get(url).content.decode()
        assert stays.name_ar in shown or stays.name_en in shown, url


def test_a_violation_of_the_shop_is_tied_to_them(about_merged: Report, two: tuple[Shop, Shop]) -> None:
    assert about_merged.area is not None
    form = signed_in(about_merged.inspector).get(f"/admin/field/new/?origin={about_merged.subject_key}").content.decode()
    assert two[1].commercial_license_no in form and two[0].commercial_license_no not in form
    given: dict[str, Any] = {"client_key": str(uuid4()), "offence": "CLN-01", "seen_at": clock.now(), "area": about_merged.area}
    found = Findings(**given, shop=two[1], place_note="أمام المدخل", origin=about_merged.subject_key)
    violation_reports.record(inspector=about_merged.inspector, findings=found)
    assert Consequence.objects.get().report == about_merged


def test_an_inspection_is_of_the_shop(about_merged: Report, two: tuple[Shop, Shop]) -> None:
    made = services.order_inspection(report=about_merged, inspector=about_merged.inspector, reason="شكوى من النظافة")
    assert made.shop == two[1]


def test_who_is_tied_to_the_shop_does_not_act_on_them(about_merged: Report, two: tuple[Shop, Shop], inspectors: list[User]) -> None:
    officer = next(user for user in inspectors if user != about_merged.inspector)
    assert officer in draws.able(about_merged, on=None)
    ConflictOfInterest.objects.create(officer=officer, party_key=two[1].key, kind="relative", declared_by=officer, declared_at=clock.now())
    assert officer not in draws.able(Report.objects.get(pk=about_merged.pk), on=None)
    assert signed_in(officer).get(f"/admin/eye/{about_merged.public_id}/").status_code == 403


@pytest.mark.parametrize("number", [0, 1])
def test_nobody_tied_to_either_entry_is_drawn_and_the_database_refuses_it(
    about_merged: Report, two: tuple[Shop, Shop], inspectors: list[User], number: int
) -> None:
    officer = next(user for user in inspectors if user != about_merged.inspector)
    ConflictOfInterest.objects.create(
        officer=officer, party_key=two[number].key, kind="relative", declared_by=officer, declared_at=clock.now()
    )
    assert officer not in draws.able(about_merged, on=None) and draws.is_tied(officer, about_merged)
    drop_guard("reports_report_drawn", "reports_report")  # it answers first on PostgreSQL
    with pytest.raises(DatabaseError, match="conflict_of_interest"), transaction.atomic():
        Report.objects.filter(pk=about_merged.pk).update(inspector=officer)


def test_a_report_about_the_shop_is_joined_with_one_about_its_merged_entry(about_merged: Report, two: tuple[Shop, Shop]) -> None:
    place = ReportPlace(source="shop", latitude=29.3328, longitude=48.0283, area=two[1].area, shop=two[1])
    other = reports.assigned(category="shop", place=place)
    services.merge(report=about_merged, into=other, inspector=about_merged.inspector, why="x")  # type: ignore[arg-type]
    assert Report.objects.get(pk=about_merged.pk).merged_into == other


def test_they_are_found_beside_a_report_about_the_shop_far_from_their_place(about_merged: Report, two: tuple[Shop, Shop]) -> None:
    """The merged entry stood somewhere else on the map."""
    row, elsewhere = (
        reports.assigned(category="shop", place=ReportPlace(source="shop", latitude=29.3428, longitude=48.0283, area=shop.area, shop=shop))
        for shop in (two[1], ShopFactory(activity_id="BARB", owner=two[1].owner))
    )
    found = queries.similar(row)
    assert [other for other, _metres in found] == [about_merged, elsewhere] and found[0][1] is not None and found[0][1] > 1000
    assert [other for other, _metres in queries.similar(about_merged)] == [row], "and the other way round, not one at another shop"


def test_many_reports_near_it_do_not_hide_the_one_about_its_shop(about_merged: Report, two: tuple[Shop, Shop]) -> None:
    here: dict[str, Any] = {"source": "shop", "latitude": 29.3428, "longitude": 48.0283, "area": two[1].area}
    row = reports.assigned(category="shop", place=ReportPlace(shop=two[1], **here))
    for _ in range(queries.MOST_SIMILAR):
        reports.assigned(category="shop", place=ReportPlace(shop=ShopFactory(activity_id="BARB", owner=two[1].owner), **here))
    found = queries.similar(row)
    assert (found[0][0], len(found)) == (about_merged, queries.MOST_SIMILAR)


def test_by_the_number_of_the_entry_or_the_place_alone_they_are_not_found(about_merged: Report, two: tuple[Shop, Shop]) -> None:
    """Control."""
    place = ReportPlace(source="shop", latitude=29.3428, longitude=48.0283, area=two[1].area, shop=two[1])
    row = reports.assigned(category="shop", place=place)
    assert not Report.objects.filter(shop=row.shop_id).exclude(pk=row.pk).exists()
    assert metres_between((29.3428, 48.0283), (29.3328, 48.0283)) > limits()["similar_metres"]
