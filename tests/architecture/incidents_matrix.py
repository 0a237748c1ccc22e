"""Incidents: who gets what at their pages, and the pages in each state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.architecture.incidents_data import REASON
from tests.architecture.page_responses import Visit

PAGE, NO = "200 200 200 200 200 200", "403 403 403 403 403 403"
READ = "200 200 405 405 405 405"
LIST = "/admin/incidents/incident/"
WITHHOLD = f"{LIST}{{s.incidents.of_texts.pk}}/withhold/"


def rows(table: Callable[..., list[Any]], staff: Callable[..., Any], everybody: Callable[..., Any]) -> list[Any]:
    """The rows of the access matrix; the functions make those of one table or page."""
    return [
        everybody("/{lang}/status/", READ),
        everybody("/api/v1/status/", READ),
        *table("incidents/incident", "{s.incidents.of_texts.pk}", auditor=PAGE),
        staff(WITHHOLD, NO, NO, operator="200 200 422 200 200 200", publisher=NO, maker=NO),
    ]


VISITS = [
    Visit("/{lang}/status/"),
    Visit(LIST, "operator"),
    *(Visit(f"{LIST}{{s.incidents.{row}.pk}}/change/", "operator", note=row) for row in ("relieved", "withheld", "of_texts")),
    Visit(WITHHOLD, "operator"),
    Visit(WITHHOLD, "operator", post={"reason": "short"}, status=422, note="without a reason"),
    Visit(WITHHOLD, "operator", post={"reason": REASON}, note="found to be none"),
]
