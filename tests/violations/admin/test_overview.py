"""Map and list of violation reports: the same content twice, within the reach of whoever looks, whatever was typed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from lxml import html

from municipality.kernel import clock
from municipality.places.models import Area
from municipality.rulebook.models import Activity
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.serving import warm
from violations.models import Violation
from violations.services import notices, terms

pytestmark = pytest.mark.django_db
MAP, ROUND = "/admin/office/map/", "/admin/field/map/"


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


@pytest.fixture
def supervisor(rules: None) -> Any:
    return StaffFactory(groups=["supervisor"], branch_id="HA")


@pytest.fixture
def auditor(rules: None) -> Any:
    return StaffFactory(groups=["auditor"])


def page(user: Any, query: str = "", path: str = MAP, status: int = 200) -> Any:
    answer = signed_in(user).get(f"{path}?{query}")
    assert answer.status_code == status
    return html.fromstring(answer.content.decode())


def entries(found: Any, name: str = "minutes") -> list[Any]:
    return found.xpath(f"//ul[@id='{name}']/li")


def test_the_areas_of_the_map_stand_in_its_list_with_their_numbers(write: Callable[..., Violation], supervisor: Any) -> None:
    for offence in ("CLN-03", "CLN-01", "SHP-04"):
        write(offence)
    found = page(supervisor)
    (one,) = entries(found)
    area = Violation.objects.all()[0].area
    assert one.get("data-count") == "3"
    assert (one.get("data-lat"), one.get("data-lon")) == ("29.33000", "48.02000")
    assert one.xpath("string(a)") == area.name_ar
    assert found.xpath("//*[@data-map]/@data-map") == ["minutes"]
    assert one.xpath("a/@href")[0].count(f"area={area.pk}") == 1
    assert len(entries(page(supervisor, one.xpath("a/@href")[0].lstrip("?")))) == 3


def test_the_minutes_of_another_branch_are_on_nobody_elses_map(write: Callable[..., Violation], supervisor: Any, auditor: Any) -> None:
    row = write()
    elsewhere = StaffFactory(groups=["supervisor"], login="ja", branch_id="JA")
    nowhere = StaffFactory(groups=["supervisor"], login="none")
    assert row.reference in html.tostring(page(supervisor, "singly=1")).decode()
    assert row.reference in html.tostring(page(auditor, "singly=1")).decode()
    for user in (elsewhere, nowhere):
        assert entries(page(user, "singly=1")) == []
    assert signed_in(StaffFactory(groups=["officer"])).get(MAP).status_code == 403


def test_no_name_of_a_party_or_shop_stands_on_the_map(write: Callable[..., Violation], supervisor: Any, owner: Any) -> None:
    row = write()
    text = html.tostring(page(supervisor, "singly=1"), encoding="unicode")
    assert row.shop is not None
    for name in (owner.name_ar, owner.name_en, row.shop.name_ar, row.shop.name_en):
        assert name not in text


def test_each_filter_keeps_what_fits_and_only_that(
    write: Callable[..., Violation], supervisor: Any, owner: Any, frozen_clock: Clock, inspector: Any
) -> None:
    old = write("CLN-01")
    notices.record_opening(violation=old, person=owner)
    frozen_clock.move(days=40)
    terms.lapse_due()
    new, warned = write("CLN-03"), write("SHP-04")
    other = Area.objects.filter(governorate="HA").order_by("pk")[1]
    moved = write("CLN-06", area=other)

    def shown(query: str) -> set[str]:
        return {entry.xpath("string(small/bdi)") for entry in entries(page(supervisor, f"singly=1&{query}"))}

    today, past = clock.today().isoformat(), (clock.today() - dt.timedelta(days=30)).isoformat()
    assert shown("") == {row.reference for row in (old, new, warned, moved)}
    assert shown(f"first={past}") == {row.reference for row in (new, warned, moved)}
    assert shown(f"first={today.translate(str.maketrans('0123456789', '٠١٢٣٤٥٦٧٨٩'))}") == {row.reference for row in (new, warned, moved)}
    assert shown("state=overdue") == {old.reference}
    assert shown("state=warned") == {warned.reference}
    assert shown("offence=CLN-03") == {new.reference}
    assert shown(f"area={other.pk}") == {moved.reference}
    assert shown("figure=warned") == {warned.reference}
    assert shown("team=HA-M") == {row.reference for row in (old, new, warned, moved)}


BAD = (
    *("first=31/03/2026", "first=2026-05-01&last=2026-04-01", "first=2001-01-01", "first=0001-01-01&last=0001-01-02", "last=9999-12-31"),
    *("state=gone", "area=x", "area=99999999999999999999", "area=999999", "offence=' OR 1=1", "team=XX", "figure=x"),
)


@pytest.mark.parametrize("query", BAD)
def test_a_bad_choice_is_told_kept_and_shows_nothing(write: Callable[..., Violation], supervisor: Any, query: str) -> None:
    write()
    for path in (MAP, "/admin/office/figures/"):
        found = page(supervisor, query, path, status=400)
        assert found.xpath("//*[@role='alert']")
        assert entries(found) == []
    if query == "first=31/03/2026":
        assert found.xpath("//input[@name='first']/@value") == ["31/03/2026"]


def test_pages_go_on_where_the_last_one_ended(write: Callable[..., Violation], supervisor: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("violations.admin.overview.PAGE_SIZE", 2)
    rows = [write(offence).reference for offence in ("CLN-01", "CLN-03", "CLN-06")]
    first = page(supervisor, "singly=1")
    older = first.xpath("//main//a[contains(@href, 'before=')]/@href")
    second = page(supervisor, older[0].lstrip("?"))
    seen = [entry.xpath("string(small/bdi)") for found in (first, second) for entry in entries(found)]
    assert seen == rows[::-1]
    assert not second.xpath("//main//a[contains(@href, 'before=')]")


def test_a_report_without_a_point_stands_in_the_list_and_says_so(write: Callable[..., Violation], supervisor: Any) -> None:
    bare = Area.objects.filter(governorate="HA", latitude__isnull=True).order_by("pk")[0]
    known = Area.objects.filter(governorate="HA", latitude__isnull=False).order_by("pk")[0]
    write("CLN-01", area=bare, latitude=None, longitude=None)
    write("CLN-03", area=known, latitude=None, longitude=None)
    by_area, without = entries(page(supervisor, "singly=1"))
    assert by_area.get("data-lat") == f"{known.latitude:.5f}"
    assert "موضعها بحسب المنطقة" in by_area.text_content() or "placed by its area" in by_area.text_content()
    assert without.get("data-lat") is None
    assert "ليست على الخريطة" in without.text_content() or "not on the map" in without.text_content()


def test_the_map_asks_the_same_whatever_the_number(
    write: Callable[..., Violation], supervisor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    warm(monkeypatch)
    client = signed_in(supervisor)

    def asked(query: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"{MAP}?{query}").status_code == 200
        return len(queries)

    write("CLN-01")
    asked("")
    few = [asked(query) for query in ("", "singly=1")]
    for offence in ("CLN-03", "CLN-06", "SHP-04"):
        write(offence)
    assert [asked(query) for query in ("", "singly=1")] == few
    assert max(few) <= 6


def test_the_round_shows_an_inspector_their_own_and_what_is_to_be_seen_again(
    write: Callable[..., Violation], make_inspector: Callable[..., Any], inspector: Any, frozen_clock: Clock
) -> None:
    colleague, stranger = make_inspector("colleague"), make_inspector("away", "JA")
    warned, own = write("SHP-04"), write("CLN-03")
    assert {entry.xpath("string(small/bdi)") for entry in entries(page(inspector, path=ROUND), "round")} == {
        warned.reference,
        own.reference,
    }
    assert entries(page(colleague, path=ROUND), "round") == []
    frozen_clock.move(days=10)
    again = entries(page(colleague, path=ROUND), "round")
    assert [entry.xpath("string(small/bdi)") for entry in again] == [warned.reference]
    assert again[0].xpath("a/@href") == [f"/admin/field/{warned.public_id}/"]
    assert entries(page(stranger, path=ROUND), "round") == []


def test_womens_premises_stay_off_the_round_of_other_teams(
    write: Callable[..., Violation], make_inspector: Callable[..., Any], make_shop: Callable[..., Any], frozen_clock: Clock
) -> None:
    women, men = make_inspector("women", womens=True), make_inspector("men")
    shop = make_shop(activity_id=Activity.objects.filter(is_womens=True)[0].pk)
    row = write("SHP-04", by=women, shop=shop)
    frozen_clock.move(days=10)  # to be seen again, by whoever of the branch may enter
    assert [entry.xpath("string(small/bdi)") for entry in entries(page(women, path=ROUND), "round")] == [row.reference]
    assert entries(page(men, path=ROUND), "round") == []


def test_the_party_sees_the_place_on_a_map_and_in_words(write: Callable[..., Violation], owner: Any) -> None:
    row, bare = write("CLN-03"), write("CLN-01", latitude=None, longitude=None)
    for violation in (row, bare):
        notices.record_opening(violation=violation, person=owner)
    for language in ("ar", "en"):
        client = signed_in(owner)
        found = html.fromstring(client.get(f"/{language}/violations/{row.public_id}/").content.decode())
        words = found.xpath("//*[@id='place']//*[@data-lat='29.33000'][@data-lon='48.02000']")
        assert found.xpath("//*[@data-map]/@data-map") == ["place"]
        assert (row.area.name_ar if language == "ar" else row.area.name_en) in words[0].text_content()
        none = client.get(f"/{language}/violations/{bare.public_id}/").content.decode()
        assert "data-map" not in none
        assert not re.search(r"leaflet|js/map", none), "a page without a map does not carry its weight"


@pytest.mark.parametrize("language", ["ar", "en"])
def test_names_are_those_of_the_language_of_the_page(write: Callable[..., Violation], supervisor: Any, language: str) -> None:
    row = write("CLN-01")
    client = signed_in(supervisor)
    client.get(f"{MAP}?_language={language}")
    area, branch = (getattr(found, f"name_{language}") for found in (row.area, row.branch))
    for query in ("", "singly=1"):
        (entry,) = entries(html.fromstring(client.get(f"{MAP}?{query}").content.decode()))
        assert area in entry.text_content()
    listed = html.fromstring(client.get("/admin/accounts/user/").content.decode())
    assert branch in listed.xpath("string(//table[@id='result_list'])")
