"""Hostile query strings get an answer, and never the portal's own error. Their time is judged by `script/bench hostile`."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from tests.shops.open_data.conftest import Register
from tests.shops.open_data.hostile import VALUES, queries

pytestmark = pytest.mark.django_db
MANY = 120


def answered(count: int) -> list[tuple[str, str, int, str]]:
    """Kind, address, status and media type of each answer."""
    client: Any = Client(raise_request_exception=False)
    found = []
    for number, (kind, address) in enumerate(queries(count)):
        if number % 50 == 0:
            cache.clear()  # the limits have tests of their own
        path, _, query = address.partition("?")
        # As a server hands it over: the query in bytes as they were sent.
        answer = client.get(path, QUERY_STRING=query.encode("latin-1", "replace").decode("latin-1"))
        found.append((kind, address[:200], answer.status_code, answer["Content-Type"]))
    return found


def failed(found: list[tuple[str, str, int, str]]) -> list[tuple[str, str, int, str]]:
    return [one for one in found if one[2] >= 500 and one[2] != 503]


def test_hostile_queries_never_meet_an_error_of_ours(register: Register) -> None:
    found = answered(MANY)
    assert {kind for kind, *_ in found} >= set(VALUES)
    assert failed(found) == []
    assert {status for _, _, status, _ in found} <= {200, 302, 400}
    for _, address, status, kind in found:
        if status == 400 and address.startswith("/api/"):
            assert kind == "application/problem+json", address


def test_the_same_seed_gives_the_same_queries_and_another_gives_others() -> None:
    assert list(queries(50)) == list(queries(50)) != list(queries(50, seed=1))


def test_an_error_page_that_reads_an_unreadable_query_again_is_found(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("municipality.ui.errors.SuspiciousOperation", ZeroDivisionError)
    assert {kind for kind, *_ in failed(answered(MANY))} == {"thousands of parameters"}
