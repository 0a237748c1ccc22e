"""A planner creates a layer on its page; it has no effect until another person puts its first version in force."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from tests.browsers import signed_in
from tests.database_guards import drop_guard
from tests.factories.accounts import StaffFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer, repeal_layer
from tests.zoning.imports.conftest import Office
from tests.zoning.layers.files import loaded, surfaces
from zoning.answer import queries as answers
from zoning.answer import survey
from zoning.answer.queries import ActivityQuestion
from zoning.layers import queries, services
from zoning.models import Layer, LayerVersion, Plot

AROUND = SQUARE.buffer(0.02)
PAGE = "/admin/plots/new-layer/"
HERITAGE = surfaces(("", AROUND), ("heritage", SQUARE))
TYPED = {
    "name_ar": "مناطق التراث",
    "name_en": "Heritage areas",
    "kind": "restriction",
    "code": "heritage",
    "office_ar": "إدارة التراث",
    "office_en": "Heritage department",
    "instrument_ar": "قرار 9/2026",
    "instrument_en": "Decision 9/2026",
    "article_ar": "المادة 3",
    "article_en": "Article 3",
    "absence_ar": "لا تراث محمي هنا",
    "absence_en": "No protected heritage here",
}


def new_layer(by: Any, **more: str) -> Layer:
    return services.create(layer=Layer(**TYPED | more), created_by=by)


def outcome(activity: str) -> str:
    """What the pages and the survey answer for the one plot; both say the same."""
    question, today, shape = ActivityQuestion(activity, 0), clock.today(), Plot.objects.get().shapes.get().shape
    findings = queries.findings(shape, today, queries.catalogue())
    one = answers.ask(shape, findings, answers.rules_on(today), question, today).answer.outcome
    assert [one] == [row.outcome for row in survey.of_area(Plot.objects.get().area, question, today)]
    return one


def test_a_planner_creates_a_layer_and_another_person_puts_its_first_version_in_force(office: Office) -> None:
    plot = PlotFactory()
    planner, second = signed_in(office.planner), signed_in(office.second)
    assert f'href="{PAGE}"' in planner.get("/admin/plots/layers/").content.decode()
    created = planner.post(PAGE, TYPED)
    assert created.status_code == 302 and created["Location"] == "/admin/plots/layers/heritage/"
    layer = Layer.objects.get()
    assert layer.created_by == office.planner and {name: getattr(layer, name) for name in TYPED} == TYPED
    event = AuditEvent.objects.get(action="layers.created")
    assert (event.subject, event.data["instrument_ar"]) == ("layer:heritage", "قرار 9/2026")
    page = planner.get("/admin/plots/layers/heritage/").content.decode()
    assert "so the layer has no effect" in page or "فلا أثر للطبقة" in page
    assert 'value="قرار 9/2026"' in page, "the first version begins with the legal text of the layer"
    version = loaded("heritage", HERITAGE, clock.today(), office.clerk)
    shown = f"/en/plots/{plot.public_id}/"
    assert "Heritage areas" not in planner.get(shown).content.decode()
    mine = f"/admin/plots/layers/heritage/{version.number}/"
    assert 'value="in_force"' not in planner.get(mine).content.decode()
    assert planner.post(mine, {"step": "in_force"}).status_code == 409
    assert second.post(mine, {"step": "in_force"}).status_code == 302
    assert "Heritage areas" in planner.get(shown).content.decode()


def test_whoever_created_a_layer_puts_later_versions_in_force(office: Office) -> None:
    new_layer(office.planner)
    yesterday = clock.today().replace(year=clock.today().year - 1)
    services.put_in_force(version=loaded("heritage", HERITAGE, yesterday, office.clerk), by=office.second)
    services.put_in_force(version=loaded("heritage", surfaces(("", AROUND)), clock.today(), office.clerk), by=office.planner)
    assert LayerVersion.objects.get(number=2).status == "in_force"


def test_where_it_does_not_apply_the_page_of_a_plot_says_what_that_means(office: Office) -> None:
    plot = PlotFactory()
    new_layer(office.planner)
    services.put_in_force(version=loaded("heritage", surfaces(("", AROUND)), clock.today(), office.clerk), by=office.second)
    client = signed_in(office.clerk)
    for language in ("ar", "en"):
        assert TYPED[f"absence_{language}"] in client.get(f"/{language}/plots/{plot.public_id}/").content.decode()


def test_nobody_but_a_planner_creates_a_layer(office: Office) -> None:
    for person in (office.clerk, StaffFactory(groups=["auditor"], login="a"), StaffFactory(groups=["officer"], login="o")):
        client = signed_in(person)
        assert {client.get(PAGE).status_code, client.post(PAGE, TYPED).status_code} == {403}
        with pytest.raises(NotPermitted, match="not_your_role"):
            new_layer(person)
    assert f'href="{PAGE}"' not in signed_in(office.clerk).get("/admin/plots/layers/").content.decode()
    assert not Layer.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"code": "تراث"}, {"en": "small Latin letters", "ar": "حروف لاتينية صغيرة"}),
        ({"code": "schools"}, {"en": "Another layer has this code", "ar": "لطبقة أخرى هذا الرمز"}),
        ({"kind": "land_use"}, {"en": "a layer of land use already", "ar": "توجد طبقة لاستعمال الأرض"}),
        ({"absence_en": " "}, {"en": "This field is required", "ar": "هذا الحقل مطلوب"}),
    ],
)
def test_an_error_stands_beside_its_field_in_both_languages_and_what_was_typed_stays(
    office: Office, wrong: dict[str, str], said: dict[str, str]
) -> None:
    make_layer("schools", kind="objects")
    make_layer("land_use", kind="land_use")
    client = signed_in(office.planner)
    for language, sentence in said.items():
        client.cookies["staff_language"] = language
        answer = client.post(PAGE, TYPED | wrong)
        text = answer.content.decode()
        assert answer.status_code == 400 and sentence in text and 'value="مناطق التراث"' in text
    assert client.post(PAGE, {}).status_code == 400
    assert Layer.objects.count() == 2


def test_two_planners_at_once_create_one_layer(office: Office) -> None:
    new_layer(office.planner)
    with pytest.raises(Refused, match="taken"):
        new_layer(office.second)
    new_layer(office.planner, kind="land_use", code="land")
    with pytest.raises(Refused, match="taken"):
        new_layer(office.second, kind="land_use", code="land_2")
    assert Layer.objects.count() == AuditEvent.objects.filter(action="layers.created").count() == 2


def test_an_empty_new_layer_never_makes_an_answer_permitted_nor_any_other(office: Office, rules: None) -> None:
    """A layer of objects that nobody surveyed has no data, with and without its row; so has land without land use in force."""
    PlotFactory()
    make_layer("land_use", ("COMMERCIAL", AROUND), kind="land_use", covers=AROUND)
    assert (outcome("LAUN"), outcome("WSAL")) == ("permitted", "no_data")
    new_layer(office.planner, code="schools", kind="objects")
    new_layer(office.planner)
    assert (outcome("LAUN"), outcome("WSAL")) == ("permitted", "no_data")
    loaded("schools", surfaces(("", AROUND)), clock.today(), office.clerk)
    assert outcome("WSAL") == "no_data", "a version that waits says nothing"
    services.put_in_force(version=LayerVersion.objects.get(layer="schools"), by=office.second)
    assert outcome("WSAL") == "permitted", "the control: surveyed, and no school near"
    repeal_layer("land_use", clock.today())
    assert outcome("LAUN") == "no_data"


def test_an_empty_new_layer_of_land_use_is_no_data(office: Office, rules: None) -> None:
    PlotFactory()
    assert outcome("LAUN") == "no_data"
    new_layer(office.planner, code="land_use", kind="land_use")
    assert outcome("LAUN") == "no_data"


@pytest.mark.guards
def test_the_database_refuses_a_first_version_by_the_creator_of_the_layer(office: Office) -> None:
    layer = new_layer(office.planner)
    version = loaded("heritage", HERITAGE, clock.today(), office.clerk)
    ImportFile.objects.filter(pk=version.load_id).update(released_by=office.planner, released_at=clock.now())
    alone = LayerVersion.objects.filter(pk=version.pk)
    with pytest.raises(IntegrityError, match="not_by_its_creator"), transaction.atomic():
        alone.update(status="in_force")
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Layer.objects.filter(pk=layer.pk).update(created_by=office.second)
    drop_guard("zoning_layerversion_first_by_another", "zoning_layerversion")
    assert alone.update(status="in_force"), "the control: without the guard the creator puts it in force"
