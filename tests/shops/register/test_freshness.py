"""A page of the register says by itself how old it may be."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from municipality.jobs import services as jobs
from municipality.jobs.models import Heartbeat, Job
from shops import tasks
from shops.models import Shop
from shops.register import freshness
from tests.conftest import NOON, Clock

pytestmark = pytest.mark.django_db
WARNING = "This page may be out of date"


@pytest.fixture(autouse=True)
def _counted_anew(frozen_clock: Clock) -> None:
    cache.clear()


def work(outbox: Callable[..., int]) -> None:
    jobs.enqueue_periodic()
    assert outbox(*freshness.INDEX_JOBS) == 2


def seen(client: Client, shop: Shop) -> tuple[bool, Any, bool]:
    """Whether the page warns, and what the interface says."""
    page = client.get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    body = client.get("/api/v1/shops/", {"q": "mouj"}).json()
    return WARNING in page, body["as_of"], body["stale"]


def test_page_and_interface_say_as_of_when(
    client: Client, make_shop: Callable[..., Shop], outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    shop = make_shop()
    work(outbox)
    frozen_clock.move(minutes=5)
    warns, as_of, stale = seen(client, shop)
    assert (warns, stale) == (False, False) and as_of.startswith("2026-11-24T09:00:00")
    page = client.get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert "Information as of" in page and "12:05" in page.partition("Information as of")[2][:200], (
        "the page is read anew, the search is not"
    )


def test_a_night_without_the_job_makes_the_page_warn_without_a_deploy(
    client: Client, make_shop: Callable[..., Shop], outbox: Callable[..., int], frozen_clock: Clock
) -> None:
    """The control: an hour before, and once the job ran again, nothing warns."""
    shop = make_shop()
    work(outbox)
    frozen_clock.move(hours=26)
    assert seen(client, shop)[0::2] == (False, False)
    frozen_clock.move(minutes=1)
    warns, as_of, stale = seen(client, shop)
    assert (warns, stale) == (True, True) and as_of.startswith("2026-11-24T09:00:00")
    work(outbox)
    assert seen(client, shop)[0::2] == (False, False)


def test_a_run_that_fails_does_not_count_as_work_done(
    client: Client, make_shop: Callable[..., Shop], outbox: Callable[..., int], frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    work(outbox)
    frozen_clock.move(hours=26, minutes=1)

    def fails() -> int:
        raise RuntimeError("planted")

    monkeypatch.setattr(tasks.index, "note_ended_licences", fails)
    jobs.enqueue_periodic()
    outbox(*freshness.INDEX_JOBS)
    assert Job.objects.filter(kind="shops.note_ended_licences", last_error__contains="planted").exists()
    assert seen(client, shop)[0::2] == (True, True)


def test_what_never_ran_is_not_called_fresh(client: Client, make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    assert seen(client, shop) == (True, None, True)
    freshness.note_success(freshness.INDEX_JOBS[0])
    assert freshness.freshness().is_stale, "one of two is not enough"


def test_the_limit_is_a_setting(settings: Any, frozen_clock: Clock) -> None:
    Heartbeat.objects.bulk_create(Heartbeat(part=part, at=NOON) for part in freshness.INDEX_JOBS)
    frozen_clock.move(hours=3)
    settings.REGISTER_STALE_HOURS = 2
    assert freshness.freshness().is_stale
    settings.REGISTER_STALE_HOURS = 4
    assert not freshness.freshness().is_stale


def test_what_was_read_is_cached_for_seconds_while_hours_go_on(settings: Any, frozen_clock: Clock, django_assert_num_queries: Any) -> None:
    settings.REGISTER_FRESHNESS_SECONDS = 5
    freshness.as_of.cache_clear()
    Heartbeat.objects.bulk_create(Heartbeat(part=part, at=NOON) for part in freshness.INDEX_JOBS)
    first = freshness.freshness()
    Heartbeat.objects.update(at=NOON - dt.timedelta(days=3))
    with django_assert_num_queries(0):
        assert freshness.freshness() == first and not first.is_stale
    frozen_clock.move(seconds=5)
    assert freshness.freshness().is_stale, "kept too long"
    freshness.as_of.cache_clear()
