"""XML and JSON are one document, in both languages; every error is one too, whoever makes it."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree

import pytest
from django.core.cache import cache
from django.middleware.csrf import CsrfViewMiddleware
from django.test import Client, RequestFactory
from django.urls import resolve

from municipality.kernel import clock
from municipality.ui import errors
from reports.models import Report
from reports.open311 import formats, views
from tests.factories import inspections, reports
from tests.reports.open311.conftest import Other

pytestmark = pytest.mark.django_db
# Read as GeoReport says, not from the code: elements that are lists, and the types of values.
LISTS = {"attributes", "values", "notes", "media_urls", "endpoints", "formats", "services", "service_requests", "service_request_updates"}
NUMBERS, WHOLE, TRUTHS = {"lat", "long"}, {"order", "me_too"}, {"metadata", "variable", "required", "is_overdue"}


def spark(element: ElementTree.Element) -> Any:
    """The JSON of an element by the Spark convention."""
    if element.tag in LISTS:
        assert len({child.tag for child in element}) <= 1
        return [spark(child) for child in element]
    if len(element):
        return {child.tag: spark(child) for child in element}
    text = element.text
    if text is None:
        return None
    if element.tag in NUMBERS:
        return float(text)
    if element.tag in WHOLE:
        return int(text)
    return text == "true" if element.tag in TRUTHS else text


@pytest.fixture
def seen(other: Other) -> Report:
    """A report that everybody reads, with an inspector."""
    inspections.inspector("mine", "HA")
    report = reports.assigned(words="أنقاض <b>&\r\nحجارة 🏗")
    Report.objects.filter(pk=report.pk).update(words_shown_at=clock.now())
    return report


@pytest.mark.parametrize("locale", ["ar", "en", "fi_FI", ""])
def test_json_is_the_spark_transform_of_the_xml(other: Other, seen: Report, locale: str) -> None:
    paths = ["services", "services/waste", "services/shop", "requests", f"requests/{seen.number}", f"tokens/{seen.number}"]
    for path in [*paths, "servicerequestupdates", "discovery"]:
        for query in ({}, {"jurisdiction_id": "baladia.gov.kw"}, {"extensions": "true"}):
            with clock.at(clock.now()):
                asked = {**query, "locale": locale}
                assert spark(other.xml(path, **asked)) == other.get(path, **asked), path


def test_the_transform_sees_a_difference(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "clean", lambda text: text.upper())
    whole = ElementTree.fromstring(formats.render("xml", "services", [{"service_code": "a"}]))
    monkeypatch.undo()
    assert spark(whole) != json.loads(formats.render("json", "services", [{"service_code": "a"}]))


def test_characters_survive_or_are_left_out() -> None:
    text = "أ&<>\"'\r\n\t\U0001f3d7" + "\x00\x08\x0b\x1f\ufffe\uffff\ud800"
    whole = formats.render("xml", "discovery", {"contact": text})
    assert ElementTree.fromstring(whole)[0].text == text[:10]
    assert json.loads(formats.render("json", "discovery", {"contact": text})) == {"contact": text[:10]}


def test_the_language_is_that_of_locale_then_of_the_client(other: Other) -> None:
    def name(locale: str, accepted: str) -> str:
        answer: Any = Client().get("/open311/v2/services.json", {"locale": locale}, headers={"accept-language": accepted})
        assert answer["Content-Language"] in ("ar", "en") and not answer.cookies
        return str(answer.json()[0]["service_name"])

    arabic, english = "نفايات أو أنقاض متروكة", "Waste or rubble left behind"
    assert [name("ar", "en"), name("", ""), name("xx", "fr")] == [arabic] * 3
    assert [name("en", "ar"), name("en_GB", ""), name("", "en-GB")] == [english] * 3


def test_services_and_definitions(other: Other) -> None:
    services = {service["service_code"]: service for service in other.get("services")}
    waste = services["waste"]
    assert (waste["metadata"], services["shop"]["metadata"], waste["type"]) == (True, False, "realtime")
    assert "قمامة" in waste["keywords"] and waste["group"] == "Cleanliness" and "48 hours" in waste["description"]
    (question,) = other.get("services/waste")["attributes"]
    assert (question["code"], question["required"], question["datatype"]) == ("blocks_road", False, "singlevaluelist")
    assert [value["key"] for value in question["values"]] == ["yes", "no"] and question["order"] == 1
    assert "112" in other.get("services/hazard")["attributes"][0]["datatype_description"]
    assert other.get("services/shop") == {"service_code": "shop", "attributes": []}


def test_discovery_names_the_edition(other: Other) -> None:
    found = other.get("discovery")
    assert found["changeset"] == "2016-08-01T00:00:00+03:00" and "139" in found["key_service"]
    (endpoint,) = found["endpoints"]
    assert endpoint["url"] == "http://testserver/open311/v2" and endpoint["formats"] == ["text/xml", "application/json"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "v2/services/none", 404),
        ("get", "v2/requests/EYE-0000-0000-0", 404),
        ("get", "v2/requests/%00", 400),
        ("get", "v2/tokens/x", 404),
        ("get", "v2/nothing", 404),
        ("get", "nothing", 404),
        ("get", "v2/requests.json?jurisdiction_id=elsewhere&x=", 404),
        ("get", "v2/requests.json?start_date=yesterday&x=", 400),
        ("post", "v2/services", 405),
        ("put", "v2/requests", 405),
        ("delete", "v2/requests/x", 405),
        ("post", "v2/requests", 403),
        ("get", "discovery/x", 404),
    ],
)
@pytest.mark.parametrize("form", ["xml", "json"])
def test_errors_come_in_the_asked_format(other: Other, method: str, path: str, status: int, form: str) -> None:
    address = path.replace(".json?", f".{form}?") if "?" in path else f"{path}.{form}"
    answer: Any = getattr(other.client, method)(f"/open311/{address}")
    assert answer.status_code == status and answer["Content-Type"] == formats.TYPES[form]
    assert answer["Access-Control-Allow-Origin"] == "*" and "no-store" in answer["Cache-Control"]
    found = json.loads(answer.content) if form == "json" else [spark(one) for one in ElementTree.fromstring(answer.content)]
    assert found and all(error["code"] == str(status) and len(error["description"]) > 10 for error in found)


def test_an_unknown_format_is_answered_in_xml(other: Other) -> None:
    for path in ("services", "services.html", "services.json.txt", "requests/1"):
        answer: Any = other.client.get(f"/open311/v2/{path}")
        assert answer.status_code == 404 and answer["Content-Type"] == formats.TYPES["xml"], path


def test_our_own_errors_and_a_forged_form_are_documents(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.open311.service_list.services", lambda: 1 / 0)
    answer: Any = other.client.get("/open311/v2/services.json")
    assert answer.status_code == 500 and json.loads(answer.content)[0]["code"] == "500"
    request = RequestFactory().get("/open311/v2/requests.xml")
    assert errors.csrf_failure(request)["Content-Type"] == formats.TYPES["xml"]
    # Where a key is the proof, no token is asked for.
    middleware = CsrfViewMiddleware(lambda _: None)  # type: ignore[arg-type]
    posted = RequestFactory(enforce_csrf_checks=True).post("/open311/v2/requests.xml")
    assert middleware.process_view(posted, resolve("/open311/v2/requests.xml").func, (), {}) is None


def test_too_many_reads_are_told_when_to_go_on(other: Other, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "READS", 1)
    cache.clear()
    assert other.client.get("/open311/v2/services.xml").status_code == 200
    answer: Any = other.client.get("/open311/v2/services.xml")
    assert answer.status_code == 429 and int(answer["Retry-After"]) >= 1 and b"<errors><error>" in answer.content


def test_lists_are_not_sent_twice(other: Other) -> None:
    first: Any = other.client.get("/open311/v2/services.json")
    assert first["Access-Control-Allow-Origin"] == "*" and "max-age" in first["Cache-Control"]
    again: Any = other.client.get("/open311/v2/services.json", headers={"if-none-match": first["ETag"]})
    assert again.status_code == 304 and again["Access-Control-Allow-Origin"] == "*"
    asked: Any = other.client.options("/open311/v2/requests.json")
    assert asked.status_code == 204 and "POST" in asked["Access-Control-Allow-Methods"]
    assert other.client.head("/open311/v2/requests.json").status_code == 200
