"""The pages of layers for clerks of plots and planners."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from municipality.kernel import clock
from tests.browsers import signed_in
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from tests.zoning.imports.conftest import Office
from tests.zoning.layers.files import surfaces, texts
from zoning.models import LayerVersion

AROUND = SQUARE.buffer(0.02)
PAGE = "/admin/plots/layers/land_use/"


def typed(content: bytes, **more: Any) -> dict[str, Any]:
    first = texts(clock.today().isoformat(), **more)
    return {key: value for key, value in first.items() if value is not False} | {"file": SimpleUploadedFile("l.geojson", content)}


@pytest.fixture
def land(office: Office) -> LayerVersion:
    return make_layer("land_use", ("PRIVATE", AROUND), kind="land_use", covers=AROUND)


def test_a_version_goes_from_a_file_into_force_on_its_pages(office: Office, land: LayerVersion) -> None:
    PlotFactory()
    clerk, planner = signed_in(office.clerk), signed_in(office.planner)
    assert f'href="{PAGE}1/"' in clerk.get("/admin/plots/layers/").content.decode()
    bad = clerk.post(PAGE, typed(surfaces(("COMMERCIAL", SQUARE), ("PRIVATE", None)), article_ar="المادة 77"))
    text = bad.content.decode()
    assert bad.status_code == 409 and 'value="المادة 77"' in text and '<th scope="row" role="rowheader"><bdi dir="ltr">2</bdi></th>' in text
    assert clerk.post(PAGE, typed(b"?")).status_code == 409
    assert clerk.post(PAGE, {"valid_from": "31/31/2026"}).status_code == 400
    good = clerk.post(PAGE, typed(surfaces(("COMMERCIAL", AROUND), ("NEW_CODE", AROUND), ("", AROUND)), is_assumption="on"))
    assert good.status_code == 302 and good["Location"] == f"{PAGE}2/"
    own = clerk.get(f"{PAGE}2/").content.decode()
    assert 'value="in_force"' not in own and 'value="refuse"' in own and "NEW_CODE" in own
    assert clerk.post(f"{PAGE}2/", {"step": "in_force"}).status_code == 409
    seen = planner.get(f"{PAGE}2/", {"difference": "1"}).content.decode()
    assert '><bdi dir="ltr">1</bdi></td>' in seen and "COMMERCIAL" in seen
    assert planner.post(f"{PAGE}2/", {"step": "in_force"}).status_code == 302
    assert planner.post(f"{PAGE}2/", {"step": "in_force"}).status_code == 409
    assert LayerVersion.objects.get(number=2).status == "in_force"


def test_a_repeal_goes_by_two_people_on_its_page_and_what_was_typed_stays(office: Office, land: LayerVersion) -> None:
    clerk, planner = signed_in(office.clerk), signed_in(office.planner)
    page = f"{PAGE}1/"
    ask = {"step": "ask", "instrument_ar": "قرار إلغاء", "instrument_en": "Decision", "ends_on": "x"}
    bad = clerk.post(page, ask)
    assert bad.status_code == 400 and "قرار إلغاء" in bad.content.decode()
    assert clerk.post(page, {**ask, "ends_on": dt.date(2000, 1, 1).isoformat()}).status_code == 409
    assert clerk.post(page, {**ask, "ends_on": clock.today().isoformat()}).status_code == 302
    assert 'value="allow"' not in clerk.get(page).content.decode()
    assert clerk.post(page, {"step": "allow"}).status_code == 409
    assert planner.post(page, {"step": "allow"}).status_code == 302
    assert planner.post(page, {"step": "?"}).status_code == 409
    assert LayerVersion.objects.get().status == "repealed"


def test_what_waits_stands_on_the_first_page_of_a_planner(office: Office, land: LayerVersion) -> None:
    planner = signed_in(office.planner)
    assert f"{PAGE}2/" not in planner.get("/admin/").content.decode()
    signed_in(office.clerk).post(PAGE, typed(surfaces(("COMMERCIAL", AROUND), ("", AROUND))))
    assert f"{PAGE}2/" in planner.get("/admin/").content.decode()


def test_others_of_the_staff_see_no_page_of_layers(office: Office, land: LayerVersion) -> None:
    from tests.factories.accounts import StaffFactory

    other = signed_in(StaffFactory(groups=["auditor"], login="a"))
    assert {other.get(page).status_code for page in ("/admin/plots/layers/", PAGE, f"{PAGE}1/")} == {403}
