"""Every test of zoning counts its reads from nothing: they share an address, and their clock stands still."""

from __future__ import annotations

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def reads_counted_anew() -> None:
    cache.clear()
