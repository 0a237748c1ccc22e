"""What a process knows that has served pages before."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings

from licensing.measures import queries as measures
from municipality.incidents import queries as incidents
from municipality.kernel.ttl_cache import TTLCache
from municipality.rulebook import queries as rulebook
from shops.register import name_lists
from shops.search import trades
from tests.published_rules import read_editions
from zoning.answer import forms


def warm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published editions are in memory: no transaction of a test may put them there."""
    monkeypatch.setattr(rulebook, "_editions", read_editions())
    cache_names(monkeypatch)


def cache_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process reads once a minute (names of areas and activities, who licenses what, …) is cached, for this test alone."""
    monkeypatch.setattr(settings, "NAMED_LISTS_SECONDS", 60)
    lists: list[TTLCache[Any]] = [name_lists.cached_lists, trades.in_force, rulebook.authorities, rulebook.recently_published]
    for cached in (*lists, incidents.last_moved_day, measures.has_ended_lately, *forms._NAMES.values()):
        monkeypatch.setattr(cached, "_entry", None)
        cached()
