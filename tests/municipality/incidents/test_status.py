"""The public status page and its form for machines: in both languages, from the database alone, with few queries."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client

from municipality.incidents import queries, services
from municipality.incidents.models import Incident, MovedDeadline, PartCheck, PortalPart
from municipality.kernel import clock
from tests.conftest import NOON, Clock
from tests.factories.accounts import StaffFactory
from tests.factories.incidents import IncidentFactory

pytestmark = pytest.mark.django_db
LANGUAGES = pytest.mark.parametrize("language", ["ar", "en"])


@pytest.fixture
def past(rules: None) -> Incident:
    """A portal with one closed incident, and payment that is out."""
    for part in (PortalPart.PORTAL, PortalPart.PAYMENT):
        PartCheck.objects.create(part=part, checked_at=clock.now())
    IncidentFactory(ended_at=NOON - dt.timedelta(days=91), part=PortalPart.DOCUMENTS)
    withheld = IncidentFactory(ended_at=NOON - dt.timedelta(days=3), part=PortalPart.SIGN_IN)
    services.withhold(incident=withheld, reason="A test of the line, no outage", by=StaffFactory(login="operator"))
    IncidentFactory(ended_at=None, started_at=NOON - dt.timedelta(minutes=10), part=PortalPart.PAYMENT)
    return IncidentFactory(ended_at=NOON - dt.timedelta(days=20))


@LANGUAGES
def test_the_page_says_what_works_and_what_did_not(
    past: Incident, client: Client, language: str, django_assert_max_num_queries: Any, settings: Any
) -> None:
    # A broker and a cache that do not answer.
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:9/0"
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:9/0"}
    settings.CACHES = {**settings.CACHES, "default": redis}
    with django_assert_max_num_queries(12):
        page = client.get(f"/{language}/status/")
    text = page.content.decode()
    assert page.status_code == 200
    words = {"en": ["Does not work", "1 hour and 15 minutes", "Payment"], "ar": ["متوقف", "السداد"]}
    assert all(word in text for word in words[language])
    assert text.count('role="rowheader"') == 1  # not the one of staff's finding, nor the old one


@pytest.mark.parametrize(("part", "moves"), [(PortalPart.SIGN_IN, True), (PortalPart.TEXTS, False), (PortalPart.DOCUMENTS, False)])
def test_deadlines_move_only_for_a_part_without_which_nobody_can_act(rules: None, client: Client, part: PortalPart, moves: bool) -> None:
    PartCheck.objects.create(part=PortalPart.PORTAL, checked_at=clock.now())
    IncidentFactory(ended_at=None, started_at=NOON - dt.timedelta(minutes=10), part=part)
    text = client.get("/en/status/").content.decode()
    assert "Requests that were sent are kept" in text and ("deadlines move as said below" in text) is moves
    assert "These days stay as they are" in text


def test_a_day_is_said_to_have_moved_only_where_one_did(rules: None, client: Client) -> None:
    rows = [IncidentFactory(ended_at=NOON - dt.timedelta(days=days)) for days in (20, 21)]
    day = clock.today()
    facts = {"kind": "licensing.health", "subject": "shop:x", "reference": "x", "before": day, "after": day + dt.timedelta(days=1)}
    MovedDeadline.objects.create(incident=rows[0], thing=1, at=NOON, **facts)
    Incident.objects.update(relieved_at=NOON)
    assert client.get("/en/status/").content.decode().count("Moved to a later day") == 1


def test_a_page_asks_for_what_moved_only_where_something_can_have(rules: None, settings: Any, django_assert_num_queries: Any) -> None:
    settings.NAMED_LISTS_SECONDS = 60
    day, facts = clock.today(), {"kind": "licensing.health", "reference": "x", "before": clock.today(), "at": NOON}
    row = IncidentFactory()
    for number in range(3):
        after = day + dt.timedelta(days=1)
        MovedDeadline.objects.create(incident=row, thing=number, subject=f"shop:{number}", after=after, **facts)
    queries.last_moved_day.cache_clear()
    with django_assert_num_queries(2):
        assert [moved.thing for moved in queries.moved_about(["shop:1"], day)] == [1]
    with django_assert_num_queries(1):
        assert queries.moved_about(["shop:3"]) == []
    with django_assert_num_queries(0):
        assert queries.moved_about(["shop:1"], day + dt.timedelta(days=2)) == []
    queries.last_moved_day.cache_clear()


def test_a_quiet_portal(rules: None, client: Client) -> None:
    text = client.get("/en/status/").content.decode()
    assert "There was no incident." in text and "Not known yet" in text


def test_while_no_check_runs_the_portal_is_out(past: Incident, client: Client, frozen_clock: Clock) -> None:
    frozen_clock.move(minutes=6)
    told = client.get("/api/v1/status/").json()
    assert told["parts"][0] == {"part": "portal", "state": "fails", "since": "2026-11-24T12:00:00+03:00"}
    assert [(row["part"], row["minutes"]) for row in told["incidents"]] == [("payment", 16), ("portal", 75)]


def test_before_the_rules_are_published_the_page_is_there(db: None, client: Client) -> None:
    assert client.get("/en/status/").status_code == 200
