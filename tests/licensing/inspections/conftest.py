"""A licensed shop, two inspectors of its branch and one of a team of women."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from licensing.models import Inspection
from municipality.accounts.models import User
from municipality.kernel import clock
from shops.models import Shop
from tests.factories import inspections


@pytest.fixture
def shop(make_shop: Callable[..., Any], store: Path) -> Shop:
    row: Shop = make_shop(activity_id="BARB")
    return row


@pytest.fixture
def inspectors(shop: Shop) -> list[User]:
    return [inspections.inspector(login, shop.branch_id) for login in ("inspector", "colleague")]


@pytest.fixture
def women(shop: Shop) -> User:
    return inspections.inspector("inspector-w", shop.branch_id, womens=True)


@pytest.fixture
def row(shop: Shop, inspectors: list[User], frozen_clock: Any) -> Inspection:
    """An inspection on its day."""
    row = inspections.appointed(inspections.ordered(shop))
    assert row.day is not None
    frozen_clock.move(days=(row.day - clock.today()).days)
    return row
