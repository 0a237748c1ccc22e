"""How many statements the pages of an opinion ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import serving
from tests.browsers import signed_in
from tests.factories.opinions import begun
from zoning.models import Opinion, Plot

pytestmark = pytest.mark.django_db


def asked_by(visit: Callable[[], Any]) -> int:
    """How many statements a page asks the second time."""
    assert visit().status_code == 200
    with CaptureQueriesContext(connection) as asked:
        assert visit().status_code == 200
    return len([one for one in asked.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])


def test_the_order_page_asks_twelve_times(plot: Plot, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = begun(plot, owner)
    serving.warm(monkeypatch)
    client = signed_in(owner)
    assert asked_by(lambda: client.get(f"/en/opinions/{draft.public_id}/")) <= 12


def test_the_case_page_of_a_person_asks_eighteen_times(heard: Opinion, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve without the course of the queue, messages, and who opened the request, which stand on the page of every service."""
    serving.warm(monkeypatch)
    client = signed_in(owner)
    assert asked_by(lambda: client.get(f"/en/cases/{heard.case.public_id}/")) <= 18


def test_the_bodies_are_read_once_for_blocks_and_course(heard: Opinion, owner: Any) -> None:
    with CaptureQueriesContext(connection) as asked:
        signed_in(owner).get(f"/en/cases/{heard.case.public_id}/")
    assert len([one for one in asked.captured_queries if 'FROM "zoning_consultation"' in one["sql"]]) == 1
