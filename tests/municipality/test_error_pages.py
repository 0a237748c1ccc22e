"""Answers that Django would leave bare are pages of the house, and problem details for programs."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
BROWSER = {"accept": "text/html,application/xhtml+xml"}


@pytest.mark.parametrize(("language", "words"), [("en", "This page is not opened in this way"), ("ar", "لا تُفتح هذه الصفحة بهذه الطريقة")])
@pytest.mark.parametrize("page", ["", "privacy/", "track/"])
def test_a_method_that_a_page_does_not_take_is_told_as_a_page(client: Client, language: str, words: str, page: str) -> None:
    answer = client.put(f"/{language}/{page}", headers=BROWSER)
    body = answer.content.decode()
    assert (answer.status_code, answer["Content-Type"]) == (405, "text/html; charset=utf-8")
    assert "GET" in answer["Allow"]
    assert body.count("<h1>") == 1
    assert words in body
    assert f'<html lang="{language}"' in body


def test_without_the_middleware_the_page_is_empty(client: Client, settings: Any) -> None:
    """The red control."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.endswith("RefusalMiddleware")]
    assert client.put("/en/", headers=BROWSER).content == b""


@pytest.mark.parametrize("path", ["/pay/knet/response", "/healthz"])
def test_a_machine_gets_the_bare_answer(client: Client, path: str) -> None:
    answer = client.put(path)
    assert (answer.status_code, answer.content) == (405, b"")


@pytest.mark.parametrize("path", ["/api/v1/services/", "/api/v1/verify/X/", "/api/schema/"])
def test_a_program_gets_problem_details(client: Client, path: str) -> None:
    answer = client.post(path, data="{}", content_type="application/json")
    if answer.status_code == 404:  # an address without its last stroke
        answer = client.post(path.rstrip("/"), data="{}", content_type="application/json")
    assert (answer.status_code, answer["Content-Type"]) == (405, "application/problem+json")
    assert answer.json()["status"] == 405
    assert answer.json()["title"]


@pytest.mark.parametrize(("language", "words"), [("en", "One form takes at most one megabyte."), ("ar", "ميغابايت واحداً على الأكثر")])
def test_a_form_that_is_too_long_is_told_as_a_page(client: Client, language: str, words: str) -> None:
    answer = client.post(f"/{language}/track/", {"reference": "x" * 1_100_000})
    assert answer.status_code == 413
    assert words in answer.content.decode()


def test_a_broken_form_is_told_as_a_page(client: Client) -> None:
    answer = client.post("/en/track/", data=b"no boundary", content_type="multipart/form-data; boundary=")
    assert answer.status_code == 400
    assert "The request could not be read" in answer.content.decode()
