"""The SMS gateway: each key once, the bad days, the page."""

from __future__ import annotations

import time
from typing import Any

import pytest
import requests

from .conftest import Counter

MESSAGE = {"to": "+96550000001", "text": "الترخيص جاهز · Licence ready", "idempotency_key": "case:1:ready"}


def kept(sms: Counter, to: str = "") -> list[dict[str, Any]]:
    return list(sms.get("/messages", params={"to": to} if to else {}).json()["messages"])


def test_the_same_key_gets_the_same_id_and_is_stored_once(sms: Counter) -> None:
    first, second = (sms.post("/messages", json=MESSAGE) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert len(kept(sms)) == 1
    assert sms.post("/messages", json=MESSAGE | {"idempotency_key": "other"}).json() != first.json()  # control
    assert len(kept(sms)) == 2


def test_a_key_used_for_another_message_is_refused(sms: Counter) -> None:
    sms.post("/messages", json=MESSAGE)
    assert sms.post("/messages", json=MESSAGE | {"text": "other"}).status_code == 409


def test_messages_are_listed_by_number(sms: Counter) -> None:
    sms.post("/messages", json=MESSAGE)
    sms.post("/messages", json=MESSAGE | {"to": "+96550000002", "idempotency_key": "b"})
    assert [message["text"] for message in kept(sms, MESSAGE["to"])] == [MESSAGE["text"]]
    assert len(sms.get("/messages?to=+96550000002").json()["messages"]) == 1


@pytest.mark.parametrize(
    "changed", [{"to": "50000001"}, {"to": ""}, {"text": ""}, {"text": "x" * 1001}, {"idempotency_key": ""}, {"text": 5}]
)
def test_a_message_that_lacks_something_is_refused(sms: Counter, changed: dict[str, Any]) -> None:
    assert sms.post("/messages", json=MESSAGE | changed).status_code == 400
    assert kept(sms) == []


def test_when_down_nothing_is_taken_and_when_slow_it_takes_long(sms: Counter) -> None:
    sms.post("/control/mode", json={"mode": "down"})
    assert sms.post("/messages", json=MESSAGE).status_code == 503
    assert kept(sms) == []
    sms.post("/control/mode", json={"mode": "slow"})
    before = time.monotonic()
    assert sms.post("/messages", json=MESSAGE).status_code == 202
    assert time.monotonic() - before >= 0.3
    assert sms.post("/control/mode", json={"mode": "nonsense"}).status_code == 400


def test_three_attempts_of_ten_fail_and_one_of_them_was_taken(sms: Counter) -> None:
    sms.post("/control/mode", json={"mode": "fail30"})
    outcomes = []
    for number in range(20):
        try:
            outcomes.append(sms.post("/messages", json=MESSAGE | {"idempotency_key": f"k{number}"}).status_code)
        except requests.ConnectionError:
            outcomes.append(0)
    assert (outcomes.count(202), outcomes.count(503), outcomes.count(0)) == (14, 4, 2)
    assert len(kept(sms)) == 16
    sms.post("/control/mode", json={"mode": "ok"})
    for number in range(20):
        assert sms.post("/messages", json=MESSAGE | {"idempotency_key": f"k{number}"}).status_code == 202
    assert len(kept(sms)) == 20


@pytest.mark.parametrize(("language", "heading"), [("ar", "الرسائل القصيرة المرسلة"), ("en", "Text messages sent")])
def test_the_page_shows_the_messages_escaped_and_isolated(sms: Counter, language: str, heading: str) -> None:
    sms.post("/messages", json=MESSAGE | {"text": "<b>x</b>"})
    page = sms.get("/", headers={"Accept-Language": language}).text
    assert f'<html lang="{language}"' in page
    assert heading in page
    assert "<bdi>&lt;b&gt;x&lt;/b&gt;</bdi>" in page
