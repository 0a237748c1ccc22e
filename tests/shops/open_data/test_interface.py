"""What all operations have in common: limits in headers, entity tags, the language of problems, parameters that are none, paging."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from municipality.interface import READS
from municipality.places.models import Area
from tests.shops.open_data.conftest import Register

pytestmark = pytest.mark.django_db
PLAIN = ("/api/v1/governorates/", "/api/v1/areas/", "/api/v1/activities/", "/api/v1/changes/", "/api/v1/open-data/", "/api/v1/catalog/")


def get(path: str, **headers: str) -> Any:
    return Client(raise_request_exception=False).get(path, headers={"accept-language": "en", **headers})


@pytest.mark.parametrize("path", [*PLAIN, "/api/v1/shops/?q=Sea"])
def test_an_answer_that_is_known_already_is_not_sent_again(path: str, register: Register) -> None:
    first = get(path)
    assert first.status_code == 200, first.content
    assert first["ETag"] and first["Cache-Control"].startswith("public, max-age=")
    again = get(path, **{"if-none-match": first["ETag"]})
    assert again.status_code == 304 and not again.content
    assert again["RateLimit"] and again["ETag"] == first["ETag"]
    assert get(path, **{"if-none-match": '"another"'}).status_code == 200


def test_a_change_gives_another_entity_tag(register: Register) -> None:
    path = f"/api/v1/shops/{register.with_events.public_id}/"
    before = get(path)["ETag"]
    type(register.with_events).objects.filter(pk=register.with_events.pk).update(street="77")
    assert get(path, **{"if-none-match": before}).status_code == 200


def test_how_a_client_stands_against_its_limit_is_in_every_answer(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("municipality.interface.READS", 3)
    left = []
    for _ in range(3):
        answer = get("/api/v1/areas/")
        assert answer["RateLimit-Policy"] == '"api";q=3;w=60'
        left.append(answer["RateLimit"].split(";")[1])
    assert left == ["r=2", "r=1", "r=0"]
    refused = get("/api/v1/areas/")
    assert refused.status_code == 429 and refused["Content-Type"] == "application/problem+json"
    assert 0 < int(refused["Retry-After"]) <= 60 and refused.json()["retry_after"] == int(refused["Retry-After"])
    assert refused["RateLimit"].startswith('"api";r=0;t=') and refused["Cache-Control"] == "no-store"
    assert READS > 100


@pytest.mark.parametrize(("language", "word"), [("en", "no such parameter"), ("ar", "لا يوجد معامل"), ("ar-KW,en;q=0.5", "لا يوجد معامل")])
def test_a_parameter_that_is_none_is_named_in_the_asked_language(language: str, word: str, register: Register) -> None:
    answer = get("/api/v1/areas/?goverorate=HA&after=x", **{"accept-language": language})
    assert answer.status_code == 400 and answer["Content-Language"] == language[:2] and "Accept-Language" in answer["Vary"]
    said = {one["parameter"]: one["detail"] for one in answer.json()["errors"]}
    assert word in said["goverorate"] and "governorate, after" in said["goverorate"]


def test_a_cookie_does_not_change_the_language_of_an_answer(register: Register) -> None:
    client = Client()
    client.cookies["django_language"] = "ar"
    answer = client.get("/api/v1/areas/?x=1", headers={"accept-language": "en"})
    assert answer["Content-Language"] == "en" and "Cookie" not in answer["Vary"]


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("after=a", "after"),
        ("after=1&after=2", "after"),
        ("governorate=", "governorate"),
        ("governorate=ZZ", "governorate"),
        ("_language=en", "_language"),
        ("format=json", "format"),
    ],
)
def test_a_bad_value_is_refused_with_the_name_of_its_parameter(query: str, parameter: str, register: Register) -> None:
    answer = get(f"/api/v1/areas/?{query}")
    assert answer.status_code == 400
    assert [one["parameter"] for one in answer.json()["errors"]] == [parameter]


def test_other_refusals_are_problems_too(register: Register) -> None:
    client = Client(raise_request_exception=False)
    for answer, status in (
        (client.post("/api/v1/areas/"), 405),
        (get("/api/v1/areas/", accept="text/csv"), 406),
        (get("/api/v1/shops/00000000000000000000000000/"), 404),
        (get("/api/v1/nothing/"), 404),
        (get("/api/v1/areas/?" + "&".join(f"a{n}=1" for n in range(1500))), 400),
        (get("/api/v1/changes/?since=forged"), 400),
    ):
        assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
        body = answer.json()
        assert body["status"] == status and body["title"] and body["detail"]
        assert answer["Content-Language"] in ("ar", "en")
    assert "GET" in client.post("/api/v1/areas/")["Allow"]


def test_pages_of_codes_hold_every_code_once(register: Register) -> None:
    path, seen = "/api/v1/areas/", []
    while path:
        page = get(path).json()
        seen += [one["code"] for one in page["results"]]
        path = (page["next"] or "").removeprefix("https://portal.example.test")
    assert len(seen) == len(set(seen)) == Area.objects.count() > 100
    inside = get("/api/v1/areas/?governorate=HA").json()["results"]
    assert {one["governorate"] for one in inside} == {"HA"}


def test_one_shop_has_its_timeline_and_not_its_holder(register: Register) -> None:
    answer = get(f"/api/v1/shops/{register.with_events.public_id}/")
    body = answer.json()
    assert [one["type"] for one in body["events"]] == ["suspended", "moved", "renamed", "opened"]
    assert body["former_names"][0]["name_ar"] == "صالون الموج 0" and body["state"] == "suspended"
    assert body["page_ar"].startswith("https://portal.example.test/ar/shops/") and "/en/" in body["page_en"]
    assert "Interface Company" not in answer.content.decode() and "88101" not in answer.content.decode()
