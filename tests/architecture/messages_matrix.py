"""Messages: who gets what at their pages, and the pages in each state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.architecture.page_responses import Visit

NO = "403 403 403 403 403 403"
READ = "200 200 405 405 405 405"
PAGE = "200 200 200 200 200 200"
ASKS = "200 200 302 405 405 405"
DELIVERY, CALLS = "/admin/notifications/delivery/", "/admin/notifications/notreached/"
LETTERS, LETTER = "/admin/letters/", "/admin/letters/{s.letter.public_id}/"
CALL = f"{CALLS}{{s.not_reached.pk}}/call/"


def tables(table: Callable[..., list[Any]]) -> list[Any]:
    """The rows of the tables; `table` makes those of one."""
    calls = table("notifications/notreached", "{s.not_reached.pk}", auditor=PAGE, readers=("counter",))
    return [*table("notifications/delivery", "{s.delivery.pk}", auditor=PAGE), *calls]


def acts(staff: Callable[..., Any], own: Callable[..., Any]) -> list[Any]:
    """The rows of the other pages; `staff` and `own` make one."""
    return [
        staff(f"{DELIVERY}{{s.delivery.pk}}/retry/", NO, NO, operator="200 200 302 200 200 200", publisher=NO, maker=NO),
        staff(CALL, NO, NO, supervisor=NO, operator=NO, counter=PAGE),
        staff(LETTERS, "403 403 405 405 405 405", READ, operator=READ, planner="403 403 405 405 405 405"),
        staff(LETTER, "404 404 404 405 405 405", "200 200 403 405 405 405", operator="200 200 409 405 405 405"),
        own("/{lang}/messages/channels/", ASKS, ASKS),
    ]


VISITS = [
    *(Visit("/{lang}/messages/channels/", who) for who in ("owner", "newcomer")),
    Visit("/{lang}/messages/channels/", "owner", post={"sms": "on"}, note="chosen"),
    *(Visit("/{lang}/messages/check/", who) for who in ("owner", "operator")),
    Visit("/{lang}/messages/check/", "owner", post={"text": "https://pay.example/1"}, note="not from us"),
    Visit(f"{DELIVERY}{{s.failed_delivery.pk}}/change/", "operator", note="failed"),
    Visit(f"{DELIVERY}{{s.failed_delivery.pk}}/retry/", "operator"),
    Visit(f"{DELIVERY}{{s.failed_delivery.pk}}/retry/", "operator", post={}, note="tried again"),
    Visit(f"{DELIVERY}{{s.delivery.pk}}/retry/", "operator", post={}, note="nothing failed"),
    *(Visit(page, who) for page in (LETTERS, LETTER) for who in ("operator", "auditor")),
    Visit(LETTER, "operator", post={}, status=409, note="no address"),
    *(Visit(page, "counter") for page in (CALLS, f"{CALLS}{{s.not_reached.pk}}/change/", CALL)),
    Visit(CALL, "counter", post={"step": "show"}, note="the number"),
    Visit(CALL, "counter", post={"step": "record", "outcome": "spoken"}, note="called"),
]
