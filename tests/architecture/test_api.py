"""The public interface: a valid OpenAPI 3.1 document that tells the truth, problem details, limits in headers."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jsonschema
import pytest
import yaml
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import resolve
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from municipality.accounts.access import public
from tests.architecture.sample_data import Sample, built_sample, one_sample  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture
def schema(sample: Sample) -> dict[str, Any]:
    answer = sample.client("nobody").get("/api/schema/")
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("application/vnd.oai.openapi")
    return dict(yaml.safe_load(answer.content))


def test_the_schema_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")
    validate_schema(schema)
    for path in schema["paths"]:
        assert path.startswith("/api/v1/")


def test_a_schema_with_a_mistake_is_found(schema: dict[str, Any]) -> None:
    operation = schema["paths"]["/api/v1/services/"]["get"]
    operation["responses"] = ["200"]
    with pytest.raises(jsonschema.ValidationError):
        validate_schema(schema)


def test_every_operation_is_described_and_named_once(schema: dict[str, Any]) -> None:
    operations = [operation for path in schema["paths"].values() for verb, operation in path.items() if verb != "parameters"]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names)) >= 2
    assert all(operation.get("description") or operation.get("summary") for operation in operations)


def test_the_schema_is_made_without_a_warning(sample: Sample, capsys: pytest.CaptureFixture[str]) -> None:
    SchemaGenerator().get_schema(request=None, public=True)
    assert capsys.readouterr().err == ""


def test_two_threads_never_draw_the_schema_at_once(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two at once after a start were an error of ours: drf-spectacular loads its extensions without a lock."""
    inside, most = [0], [0]

    def slowly(*_: Any, **__: Any) -> dict[str, Any]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.2)
        inside[0] -= 1
        return {}

    monkeypatch.setattr(SchemaGenerator, "get_schema", slowly)
    request = RequestFactory().get("/api/schema/")
    request.user = AnonymousUser()
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: resolve("/api/schema/").func(request), range(3)))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert most == [1]


def answer_fits(schema: dict[str, Any], path: str, status: int, body: Any) -> None:
    """Raise jsonschema.ValidationError unless the body is what the schema says of this answer."""
    response = schema["paths"][path]["get"]["responses"][str(status)]
    content = next(iter(response["content"].values()))["schema"]
    jsonschema.validate(body, {**content, "components": schema["components"]}, cls=jsonschema.Draft202012Validator)


def test_answers_are_what_the_schema_says(schema: dict[str, Any], sample: Sample) -> None:
    client = sample.client("nobody")
    services = client.get("/api/v1/services/").json()
    assert len(services) == 7
    answer_fits(schema, "/api/v1/services/", 200, services)
    for code in (sample.owner.licence.document.code, sample.organisation_shop_document.code):
        answer_fits(schema, "/api/v1/verify/{code}", 200, client.get(f"/api/v1/verify/{code}").json())
    answer_fits(schema, "/api/v1/verify/{code}", 404, client.get("/api/v1/verify/none").json())
    with pytest.raises(jsonschema.ValidationError):
        answer_fits(schema, "/api/v1/verify/{code}", 200, {"number": 1})


def test_problems_are_told_as_their_media_type_in_the_schema(schema: dict[str, Any]) -> None:
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    told = [
        (one["operationId"], status, list(told["content"]))
        for one in operations
        for status, told in one["responses"].items()
        if status >= "4"
    ]
    assert len(told) >= len(operations) and [one for one in told if one[2] != ["application/problem+json"]] == []


def problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = json.loads(answer.content)
    assert body["status"] == status and body["title"] and body["type"]
    return body


@pytest.mark.parametrize("language", ["ar", "en"])
def test_every_error_is_a_problem_with_a_sentence(language: str, sample: Sample) -> None:
    client = sample.client("nobody", raise_request_exception=False)
    headers = {"accept-language": language}
    assert problem(client.get("/api/v1/verify/none", headers=headers), 404)["code"] == "not_found"
    problem(client.get("/api/v1/nothing-here/", headers=headers), 404)
    problem(client.post("/api/v1/services/", headers=headers), 405)
    problem(client.delete("/api/v1/verify/x", headers=headers), 405)
    problem(client.get("/api/v1/services/", headers={**headers, "accept": "text/csv"}), 406)


def test_a_broken_view_is_a_problem_that_tells_nothing(sample: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("SELECT secret FROM /var/lib")

    monkeypatch.setattr("municipality.cases.queries.figures", broken)
    answer = sample.client("nobody", raise_request_exception=False).get("/api/v1/services/")
    problem(answer, 500)
    assert b"secret" not in answer.content and b"RuntimeError" not in answer.content


def test_checks_are_limited_and_the_answer_says_until_when(sample: Sample) -> None:
    client = sample.client("nobody")
    address = f"/api/v1/verify/{sample.owner.licence.document.code}"
    statuses = [client.get(address).status_code for _ in range(30)]
    assert statuses == [200] * 30
    refused = client.get(address)
    assert problem(refused, 429)["code"] == "too_often"
    assert 0 < int(refused["Retry-After"]) <= 60
    assert client.get(f"/verify/{sample.owner.licence.document.code}").status_code == 429, "the page shares the limit"


def test_a_check_tells_no_personal_data(sample: Sample) -> None:
    text = sample.client("nobody").get(f"/api/v1/verify/{sample.owner.licence.document.code}").content.decode()
    person = sample.owner.person
    for secret in (
        person.name_ar,
        person.name_en,
        person.civil_id_masked,
        person.phone,
        person.email,
        person.public_id,
        sample.owner.issued.reference,
    ):
        assert secret not in text
    assert sample.owner.licence.document.number in text


def test_nothing_of_the_api_reads_the_session() -> None:
    """Every view names no authentication at all, so that no cookie can make it act for somebody."""
    from municipality import api

    assert {pattern.name for pattern in api.urlpatterns} >= {"api_services", "api_verify"}
    for pattern in api.urlpatterns:
        given = pattern.callback.initkwargs.get("authentication_classes", pattern.callback.cls.authentication_classes)
        assert list(given) == [], pattern
        assert pattern.callback.portal_access == public(lambda: None).portal_access
