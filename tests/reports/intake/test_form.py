"""The form of a report: one page without scripts, checked, then sent exactly once, with everything typed kept."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from municipality.accounts.backends import path_for
from municipality.jobs.models import Job
from municipality.places.models import Area
from reports import queries
from reports.models import HeldPhoto, Report, ReportPhoto
from reports.models.reporter import Reporter
from reports.views import intake
from tests.browsers import signed_in
from tests.factories import report_photos
from tests.factories.accounts import UserFactory
from tests.factories.shops import ShopFactory
from tests.published_rules import publish_rules

pytestmark = pytest.mark.django_db
PAGE = "/en/report/"
HERE = "29.3328, 48.0283"


@pytest.fixture(autouse=True)
def _rules(db: None, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    publish_rules()


def fields_of(client: Client, address: str = PAGE) -> dict[str, str]:
    """The hidden fields of the opened form."""
    page = client.get(address).content.decode()
    return dict(re.findall(r'<input type="hidden" name="(key|opened|shop|board)" value="([^"]*)"', page))


def filled(client: Client, address: str = PAGE, **typed: Any) -> dict[str, Any]:
    return {**fields_of(client, address), "position": HERE, "category": "waste", "who": "nobody", "words": "Rubble", **typed}


def test_a_report_is_checked_and_then_sent(client: Client) -> None:
    typed = filled(client)
    page = client.post(PAGE, {**typed, "check": "1"}, follow=True)
    assert page.redirect_chain == [(f"{PAGE}?check=1", 302)] and not Report.objects.exists()
    assert "Check the report" in page.content.decode() and "Rubble" in page.content.decode()
    form = page.content.decode().partition('id="form"')[2]
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form))
    done = client.post(PAGE, {**kept, "send": "1"})
    report = Report.objects.get()
    assert done.status_code == 302 and done.url.startswith(f"/en/report/sent/{report.public_id}/?s=")
    page = client.get(done.url, follow=True)
    shown = page.content.decode()
    assert page.redirect_chain == [(f"/en/report/sent/{report.public_id}/", 302)]  # without the secret
    link = re.search(r"<bdi[^>]*>(http[^<]+/mine/\?s=\w+)</bdi>", shown)  # to be kept: opening it takes the secret out of the address
    assert report.number in shown and link is not None
    assert report.number in Client().get(link[1], follow=True).content.decode()  # on another device
    assert (report.category, report.language, report.place_source, report.words) == ("waste", "en", "pin", "Rubble")
    assert Reporter.objects.get().person is None


def test_sent_twice_back_reloaded_it_is_one_report(client: Client) -> None:
    first = filled(client)
    answers = [client.post(PAGE, {**first, "send": "1"}).url for _ in range(3)]
    answers += [client.post(PAGE, {**first, "check": "1"}).url]
    assert len(set(answers)) == 1 and Report.objects.count() == 1 == Job.objects.filter(kind="reports.assign").count()
    assert fields_of(client)["key"] != first["key"]


@pytest.mark.parametrize("other", [{"category": "shop"}, {"words": "A sofa"}, {"position": "29.34, 48.03"}])
def test_another_report_in_another_tab_is_not_taken_for_the_one_that_was_sent(client: Client, other: dict[str, str]) -> None:
    first, second = filled(client), filled(client, **other)
    assert first["key"] == second["key"]
    client.post(PAGE, {**first, "send": "1"})
    page = client.post(PAGE, {**second, "photos": [report_photos.file()], "send": "1"})
    shown = page.content.decode()
    assert page.status_code == 409 and "Another report was sent on this device" in shown and second["words"] in shown
    kept = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', shown.partition('id="form"')[2]))
    assert kept["key"] != first["key"] and client.post(PAGE, {**kept, "send": "1"}).status_code == 302
    old, new = Report.objects.order_by("pk")
    assert (old.photos.count(), new.photos.count()) == (0, 1) and new.category == second["category"]


def test_the_page_of_what_was_sent_needs_its_secret(client: Client) -> None:
    url = client.post(PAGE, {**filled(client), "send": "1"}).url
    path, secret = urlsplit(url).path, parse_qs(urlsplit(url).query)["s"][0]
    assert Client().get(path, {"s": secret}, follow=True).status_code == 200
    assert {Client().get(path, query).status_code for query in ({}, {"s": "x"}, {"s": ""})} == {404}


@pytest.mark.parametrize(
    ("position", "said"),
    [
        ("48.0283, 29.3328", "29.3328, 48.0283"),
        ("51.5, -0.12", "not in Kuwait"),
        ("here", "comma between"),
        ("29.3", "comma between"),
        ("", "choose the area"),
        ("nan, 48", "comma between"),
    ],
)
def test_a_wrong_position_says_what_to_do_and_keeps_what_was_typed(client: Client, position: str, said: str) -> None:
    page = client.post(PAGE, filled(client, position=position, words="Sofa by the wall"))
    shown = page.content.decode()
    assert page.status_code == 400 and said in shown and "Sofa by the wall" in shown and not Report.objects.exists()


@pytest.mark.parametrize("position", ["٢٩٫٣٣٢٨، ٤٨٫٠٢٨٣", "29.3328 48.0283", " 29.3328,48.0283 "])
def test_a_position_is_read_in_any_digits(client: Client, position: str) -> None:
    client.post(PAGE, {**filled(client, position=position), "send": "1"})
    report = Report.objects.get()
    assert (report.latitude, report.longitude) == (29.3328, 48.0283)
    assert report.area is not None and report.branch_id == "HA"


def test_the_phone_says_how_exact_its_place_is(client: Client) -> None:
    client.post(PAGE, {**filled(client, source="device", accuracy="12.6"), "send": "1"})
    report = Report.objects.get()
    assert (report.place_source, report.accuracy_m) == ("device", 12)


def test_an_address_suffices(client: Client) -> None:
    area = Area.objects.get(name_en="Hawalli")
    typed = filled(client, position="", area=area.pk, street_block="٤", street="Tunis Street", place_note="By the bakery")
    client.post(PAGE, {**typed, "send": "1"})
    report = Report.objects.get()
    assert (report.place_source, report.area, report.block, report.street) == ("address", area, "4", "Tunis Street")
    assert report.latitude is None and report.place_note == "By the bakery"


def test_a_position_elsewhere_than_the_typed_area_is_refused(client: Client) -> None:
    far, here = Area.objects.get(name_en="Jahra"), Area.objects.get(name_en="Hawalli")
    page = client.post(PAGE, {**filled(client, area=far.pk, source="device", accuracy="8"), "send": "1"})
    assert page.status_code == 400 and "not in the chosen area" in page.content.decode() and not Report.objects.exists()
    client.post(PAGE, {**filled(client, area=here.pk), "send": "1"})
    assert Report.objects.get().area == here


def test_a_report_at_a_shop_has_its_place(client: Client) -> None:
    shop = ShopFactory(owner=UserFactory(), latitude=29.34, longitude=48.03)
    typed = filled(client, f"{PAGE}?shop={shop.public_id}", position="", category="occupation")
    assert typed["shop"] == shop.public_id
    client.post(PAGE, {**typed, "send": "1"})
    report = Report.objects.get()
    assert (report.shop, report.place_source, report.area, report.latitude) == (shop, "shop", shop.area, 29.34)
    for nothing in ("x", "0" * 26, "x" * 200):
        assert client.get(f"{PAGE}?shop={nothing}&board={nothing}").status_code == 200


def test_a_link_to_another_shop_begins_a_new_report(client: Client) -> None:
    one, other = (ShopFactory(owner=UserFactory()) for _ in range(2))
    first = filled(client)
    client.post(PAGE, {**first, "check": "1"})  # typed, and not sent
    second = filled(client, f"{PAGE}?shop={one.public_id}")
    assert second["shop"] == one.public_id and second["key"] != first["key"]
    client.post(PAGE, {**second, "check": "1"})
    again = fields_of(client, f"{PAGE}?shop={one.public_id}")
    assert (again["shop"], again["key"]) == (one.public_id, second["key"])
    third = fields_of(client, f"{PAGE}?shop={other.public_id}")
    assert third["shop"] == other.public_id and third["key"] != second["key"]


@pytest.mark.parametrize("typed", [{"category": "emergency"}, {"category": "hazard", "hazard-fire_or_gas": "yes"}])
def test_an_emergency_stops_with_a_call_and_stores_nothing(client: Client, typed: dict[str, str]) -> None:
    given = filled(client)
    client.post(PAGE, {**given, "photos": [report_photos.file()], "check": "1"})
    assert HeldPhoto.objects.exists() and "Rubble" in client.get(PAGE).content.decode()
    page = client.post(PAGE, {**given, **typed, "photos": [report_photos.file()], "send": "1"}).content.decode()
    assert 'href="tel:112"' in page and "No report was made" in page
    assert "Rubble" not in client.get(PAGE).content.decode()
    assert not Report.objects.exists() and not HeldPhoto.objects.exists()


def test_a_photo_that_is_kept_can_be_removed(client: Client) -> None:
    given = filled(client)
    client.post(PAGE, {**given, "photos": [report_photos.file(report_photos.camera(seed)) for seed in (1, 2)], "check": "1"})
    offered = re.findall(r'name="remove" value="(\w+)"', client.get(PAGE).content.decode())
    assert len(offered) == 2
    client.post(PAGE, {**given, "remove": [offered[0], "x" * 300], "check": "1"})
    assert [row.upload.public_id for row in HeldPhoto.objects.all()] == [offered[1]]


def test_photos_of_the_form_are_counted_like_those_of_a_phone(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "PHOTOS", 1)
    page = client.post(
        PAGE, {**filled(client), "photos": [report_photos.file(report_photos.camera(seed)) for seed in (1, 2)], "check": "1"}
    )
    assert page.status_code == 400 and "within an hour" in page.content.decode() and HeldPhoto.objects.count() == 1


def test_a_required_question_is_asked_for(client: Client) -> None:
    page = client.post(PAGE, filled(client, category="hazard"))
    assert page.status_code == 400 and "Answer this question" in page.content.decode()
    page = client.post(PAGE, filled(client, category="hazard", **{"hazard-fire_or_gas": "perhaps"}))
    assert page.status_code == 400


def test_words_suggest_a_category(client: Client) -> None:
    shown = client.post(PAGE, filled(client, category="", words="سيارة مهملة أمام البيت")).content.decode()
    assert "Abandoned vehicle or boat" in shown.partition("kp-report__sos")[0]
    assert "from the list" in client.post(PAGE, filled(client, category="", words="")).content.decode()
    assert client.post(PAGE, filled(client, category="other", words="")).status_code == 400


def test_photos_are_kept_when_the_form_comes_back_and_tell_the_place(client: Client) -> None:
    page = client.post(PAGE, {**filled(client, category=""), "photos": [report_photos.file(), report_photos.file(report_photos.camera(2))]})
    assert page.status_code == 400 and "kept already" in page.content.decode() and HeldPhoto.objects.count() == 2
    client.post(PAGE, {**filled(client, position=""), "send": "1"})
    report = Report.objects.get()
    assert (report.place_source, round(report.latitude or 0, 4)) == ("photo", 29.3328)
    assert ReportPhoto.objects.filter(report=report).count() == 2 and not HeldPhoto.objects.exists()


def test_a_file_that_is_no_photo_is_told_and_the_rest_is_kept(client: Client) -> None:
    typed = filled(client)
    wrong = SimpleUploadedFile("a.pdf", b"%PDF-1.4 x", "application/pdf")
    page = client.post(PAGE, {**typed, "camera": [wrong], "photos": [report_photos.file()]})
    assert page.status_code == 400 and "Rubble" in page.content.decode() and HeldPhoto.objects.count() == 1
    assert 'href="#id_photos"' in page.content.decode()


@pytest.mark.parametrize(("content", "said"), [(b"\0\0\0\x20ftypheic a phone", "HEIC"), (b"\xff\xd8\xff cut on the way", "cannot be read")])
def test_a_photo_that_nobody_could_see_is_told_before_the_report_is_sent(
    client: Client, outbox: Callable[..., int], content: bytes, said: str
) -> None:
    """It would not come with the report, and its reporter would not learn of it. Control: the photo beside it stays."""
    typed = filled(client)
    first = client.post(PAGE, {**typed, "photos": [report_photos.file(content), report_photos.file()], "check": "1"})
    outbox("uploads.inspect")  # of some nobody knows before they are decoded
    told = first if first.status_code == 400 else client.post(PAGE, {**typed, "send": "1"})
    assert told.status_code == 400 and said in told.content.decode() and 'href="#id_photos"' in told.content.decode()
    assert not Report.objects.exists() and HeldPhoto.objects.count() == 1
    assert client.post(PAGE, {**typed, "send": "1"}).status_code == 302 and Report.objects.get().photos.count() == 1


def test_a_report_with_a_name_signs_in_and_comes_back(client: Client) -> None:
    typed = filled(client, who="person")
    away = client.post(PAGE, {**typed, "check": "1"})
    assert away.status_code == 302 and "/sign-in/" in away.url and "next=%2Fen%2Freport%2F%3Fcheck%3D1" in away.url
    person = UserFactory()
    client.force_login(person, backend=path_for(person))
    back = client.get(f"{PAGE}?check=1").content.decode()
    assert "Check the report" in back and typed["key"] in back
    client.post(PAGE, {**typed, "send": "1"})
    assert Reporter.objects.get().person == person
    assert "Check the report" not in client.get(f"{PAGE}?check=1").content.decode()


def test_who_is_signed_in_may_still_report_without_a_name() -> None:
    client = signed_in(UserFactory())
    client.post(PAGE, {**filled(client, who="nobody"), "send": "1"})
    assert Reporter.objects.get().person is None


def test_too_many_reports_are_slowed_with_a_time_and_everything_kept(client: Client) -> None:
    statuses = []
    for number in range(11):
        place = f"29.3{number:02}0, 48.0283"
        answer = client.post(PAGE, {**filled(client, position=place, words=f"Bag {number}"), "send": "1"})
        statuses.append(answer.status_code)
    shown = answer.content.decode()
    assert statuses == [302] * 10 + [429] and Report.objects.count() == 10
    assert "works again within" in shown and "Bag 10" in shown and int(answer["Retry-After"]) <= 3600
    assert "signed in or with a confirmed phone number" in shown and "Change something" in shown, "how more can be sent"


def test_a_key_that_is_none_and_a_strange_time_do_no_harm(client: Client) -> None:
    assert client.post(PAGE, filled(client, key="x")).status_code == 400
    client.post(PAGE, {**filled(client, opened="9999-99-99"), "send": "1"})
    assert Report.objects.get().captured_at <= Report.objects.get().received_at


def test_a_page_that_was_open_for_long_is_as_old_as_a_device_may_be(client: Client) -> None:
    client.post(PAGE, {**filled(client, opened="0001-01-01T00:00:00Z"), "send": "1"})
    report = Report.objects.get()
    assert report.received_at - report.captured_at == dt.timedelta(days=7)


def test_the_language_switch_keeps_the_form(client: Client) -> None:
    page = client.post("/ar/report/", {**filled(client), "_language": "ar"}).content.decode()
    assert "Rubble" in page and HERE in page and "kp-errors" not in page


def test_without_a_script_the_search_names_the_kinds_and_puts_them_first(client: Client) -> None:
    page = client.post(PAGE, {**filled(client, category="", words=""), "find": "dog street", "check": "1"})
    shown = page.content.decode()
    assert page.status_code == 400 and "By your words it may be: A danger in a public place" in shown
    kinds = re.findall(r'data-report-kind="([a-z_]+)"', shown)
    assert kinds[0] == "hazard" and len(kinds) == len(set(kinds)) == len(queries.rules().categories)
    assert 'value="dog street"' in shown
