"""What a request and a process remember, and when they forget it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest
from django.db import transaction

from municipality.kernel import request_cache
from municipality.kernel.ttl_cache import ttl_cache
from tests.conftest import Clock

pytestmark = pytest.mark.django_db


@pytest.fixture
def read() -> Callable[[], int]:
    """Returns 1, 2, 3, …: how often it was called."""
    return count(1).__next__


def test_a_request_reads_once_for_each_key(read: Callable[[], int]) -> None:
    with request_cache.activate():
        assert [request_cache.get_or_set(key, read) for key in ("a", "a", "b", "a")] == [1, 1, 2, 1]
    with request_cache.activate():
        assert request_cache.get_or_set("a", read) == 3


def test_none_is_an_answer_too(read: Callable[[], int]) -> None:
    with request_cache.activate():
        assert request_cache.get_or_set("a", lambda: None) is request_cache.get_or_set("a", lambda: None) is None
        assert request_cache.get_or_set("a", read) is None


def test_outside_a_request_nothing_is_cached(read: Callable[[], int]) -> None:
    assert [request_cache.get_or_set("a", read) for _ in range(2)] == [1, 2]
    request_cache.clear()


def test_inside_a_transaction_everything_is_read_again(read: Callable[[], int]) -> None:
    with request_cache.activate():
        assert request_cache.get_or_set("a", read) == 1
        with transaction.atomic():
            assert [request_cache.get_or_set("a", read) for _ in range(2)] == [2, 3]
        assert request_cache.get_or_set("a", read) == 1


def test_a_page_that_is_built_again_reads_again(read: Callable[[], int]) -> None:
    with request_cache.activate():
        request_cache.get_or_set("a", read)
        request_cache.clear()
        assert request_cache.get_or_set("a", read) == 2


def test_a_lifetime_ends_and_the_cache_can_be_cleared(read: Callable[[], int], frozen_clock: Clock) -> None:
    cached = ttl_cache(lambda: 60)(read)
    assert [cached(), cached()] == [1, 1]
    frozen_clock.move(seconds=59)
    assert cached() == 1
    frozen_clock.move(seconds=1)
    assert cached() == 2
    cached.cache_clear()
    assert cached() == 3
    frozen_clock.move(seconds=-30)  # a clock that was put back does not lengthen it
    assert cached() == 4


def test_with_a_lifetime_of_nothing_everything_is_read_again(read: Callable[[], int]) -> None:
    cached = ttl_cache(lambda: 0)(read)
    assert [cached(), cached()] == [1, 2]
