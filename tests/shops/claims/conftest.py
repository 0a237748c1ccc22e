"""Claims are tried on shops with a health licence, which a dispute stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shops.models import Shop


@pytest.fixture
def make_shop(make_licensed_shop: Callable[..., Shop]) -> Callable[..., Shop]:
    return make_licensed_shop
