"""Limits: a sliding window in the database, atomic."""

from __future__ import annotations

import datetime as dt
import logging
import threading
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import RequestFactory

from municipality.accounts import limits
from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import Throttle
from municipality.kernel import clock


@pytest.mark.django_db
def test_the_window_slides() -> None:
    limit, start = AttemptLimit("testing", 3, 60), clock.now()
    taken = []
    for second in (0, 30, 59, 59, 61, 62, 91):
        with clock.at(start + dt.timedelta(seconds=second)):
            taken.append(limit.take("somebody"))
    assert taken == [True, True, True, False, True, False, True]


@pytest.mark.django_db
def test_subjects_and_limits_are_apart_and_the_subject_is_not_on_file() -> None:
    one, two = AttemptLimit("one", 1, 60), AttemptLimit("two", 1, 60)
    assert [one.take("a"), one.take("a"), one.take("b"), two.take("a")] == [True, False, True, True]
    assert not Throttle.objects.filter(key__contains="a:").exists()
    one.clear("a")
    assert one.take("a") is True


@pytest.mark.django_db
def test_the_client_counts_by_address_of_ipv6_by_network() -> None:
    first = RequestFactory().get("/", REMOTE_ADDR="2001:db8::1")
    neighbour = RequestFactory().get("/", REMOTE_ADDR="2001:db8::2")
    other = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1")
    assert limits.take_attempt(first, "testing", limit=1, seconds=60) is True
    assert limits.take_attempt(neighbour, "testing", limit=1, seconds=60) is False
    assert limits.take_attempt(other, "testing", limit=1, seconds=60) is True


@pytest.mark.django_db
def test_a_forged_forwarding_header_does_not_make_a_new_client(settings: Any) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="198.51.100.1")
    assert limits.address_of(request) == "192.0.2.1"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    behind = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", HTTP_X_FORWARDED_FOR="203.0.113.9, 198.51.100.1")
    assert limits.address_of(behind) == "198.51.100.1"


@pytest.mark.django_db
def test_old_counters_are_forgotten() -> None:
    AttemptLimit("testing", 1, 60).take("somebody")
    assert limits.forget() == 0
    with clock.at(clock.now() + dt.timedelta(days=3)):
        assert limits.forget() == 1


@pytest.mark.django_db
def test_each_refusal_leaves_a_line_that_tells_the_limit_and_nobody(caplog: pytest.LogCaptureFixture) -> None:
    request, reads = RequestFactory().get("/", REMOTE_ADDR="192.0.2.77"), f"reads {uuid4()}"  # another run counts in the same cache
    with caplog.at_level(logging.INFO):
        taken = [limits.take_attempt(request, "testing", limit=2, seconds=60) for _ in range(20)]
        read = [limits.allow_read(request, reads, limit=2, seconds=3600) for _ in range(3)]
    assert (taken, read) == ([True] * 2 + [False] * 18, [True, True, False])
    told = [(line.levelname, line.getMessage()) for line in caplog.records if line.name == limits.__name__]
    assert told == [("WARNING", "the limit testing was reached: 2 in 60 s")] * 18 + [
        ("WARNING", f"the limit {reads} was reached: 2 in 3600 s")
    ]
    assert "192.0.2" not in caplog.text


@pytest.mark.skipif("connection.vendor == 'sqlite'", reason="a memory database has one connection")
def test_fifty_tries_at_once_take_exactly_the_limit(django_db_setup: None, django_db_blocker: Any) -> None:
    """Outside a transaction, since fifty connections must see the same row; the row is taken away by hand."""
    limit, gate = AttemptLimit("at once", 5, 60), threading.Barrier(50)
    taken: list[bool] = []

    def take() -> None:
        gate.wait()
        taken.append(limit.take("somebody"))
        connection.close()

    with django_db_blocker.unblock():
        try:
            threads = [threading.Thread(target=take) for _ in range(50)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert (len(taken), taken.count(True)) == (50, 5)
        finally:
            Throttle.objects.all().delete()
            connection.close()
