"""Cases of several services are found from one another by their plot: shops, zoning opinions with objections, and new licences."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from licensing.health.services import submit_renewal
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import open_case
from municipality.kernel.actors import system
from municipality.places.models import Area
from municipality.review import linked
from municipality.review.registry import ON_PLOT
from tests.factories import new_licences, opinions
from tests.factories.accounts import UserFactory
from tests.factories.review import OfficerFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.models import Plot, PlotAddress
from zoning.objections.states import OBJECTION

pytestmark = pytest.mark.django_db
THERE = {"block": "3", "plot": "12", "building": ""}


@pytest.fixture
def officer(rules: None) -> User:
    return OfficerFactory()


@pytest.fixture
def plot(rules: None, store: Any, make_shop: Any) -> Plot:
    """Plot 12 of block 3 in the area of the shops."""
    around = SQUARE.buffer(0.02)
    make_layer("land_use", ("COMMERCIAL", around), kind="land_use", covers=around)
    return PlotFactory(area=Area.objects.filter(governorate="HA").order_by("pk")[0], block="3", number="12")


def shop_case(make_shop: Any, **address: str) -> Case:
    person = UserFactory()
    return submit_renewal(shop=make_shop(owner=person, **address), applicant=person)


def objection_to(case: Case) -> Case:
    """The case of an objection to an opinion, as far as the desk reads it."""
    return open_case(
        service=OBJECTION,
        subject=case.subject,
        title_ar=case.title_ar,
        title_en=case.title_en,
        applicant=case.applicant,
        branch=case.branch,
        series="OPO",
        editions=[],
        actor=system("tests"),
    )


def commons(user: User, case: Case) -> dict[str, str]:
    with CaptureQueriesContext(connection) as asked:
        lines = linked.first_of(user, case).lines
    assert len(asked) == 1
    return {line.case.reference: str(line.common) for line in lines}


@pytest.fixture
def on_it(plot: Plot, make_shop: Any) -> dict[str, Case]:
    """Cases of different people about one plot."""
    opinion = opinions.paid(plot, UserFactory()).case
    return {
        "shop": shop_case(make_shop, **THERE),
        "opinion": opinion,
        "objection": objection_to(opinion),
        "new": new_licences.sent(UserFactory(), **THERE).case,
    }


@pytest.mark.parametrize("about", ["shop", "opinion", "objection", "new"])
def test_each_case_of_a_plot_leads_to_all_others(about: str, on_it: dict[str, Case], officer: User) -> None:
    case = on_it[about]
    others = {row.reference for name, row in on_it.items() if name != about}
    found = commons(officer, case)
    assert set(found) == others
    assert {found[row.reference] for row in on_it.values() if row.applicant_id != case.applicant_id} == {"القسيمة نفسها"}


def test_cases_of_another_plot_area_or_block_are_not_found(on_it: dict[str, Case], plot: Plot, make_shop: Any, officer: User) -> None:
    other = PlotFactory(area=plot.area, block="3", number="13")
    far = [
        opinions.paid(other, UserFactory()).case,
        new_licences.sent(UserFactory(), **THERE | {"block": "9"}, paci_number="20220999").case,
        shop_case(make_shop, **THERE | {"plot": "14"}),
    ]
    for case in on_it.values():
        assert not {row.reference for row in far} & set(commons(officer, case))


def test_a_shop_in_a_building_is_found_by_the_address_number_of_its_plot(plot: Plot, make_shop: Any, officer: User) -> None:
    opinion = opinions.paid(plot, UserFactory()).case
    renewal = shop_case(make_shop, block="3", plot="", building="30", paci_number="10990001")
    assert commons(officer, opinion) == {} == commons(officer, renewal), "nothing says yet that the building stands on the plot"
    PlotAddress.objects.create(plot=plot, paci_number="10990001")
    assert set(commons(officer, opinion)) == {renewal.reference}
    assert set(commons(officer, renewal)) == {opinion.reference}


@pytest.mark.parametrize("kind", ["plot_opinion", "new_shop"])
def test_what_is_not_registered_is_not_found(kind: str, on_it: dict[str, Case], officer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = {row.reference for row in on_it.values() if row.subject.startswith(f"{kind}:")}
    assert gone <= set(commons(officer, on_it["shop"]))
    monkeypatch.delitem(ON_PLOT, kind)
    assert not gone & set(commons(officer, on_it["shop"]))
