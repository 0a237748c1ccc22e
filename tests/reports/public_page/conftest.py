"""Places, rules and an inspector who is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.places import seeds as places
from tests.factories.inspections import inspector
from tests.factories.rulebook import publish_rulebook


@pytest.fixture(autouse=True)
def drawn(db: None) -> Any:
    """The inspector of every report of these tests."""
    places.load_places()
    publish_rulebook()
    return inspector("drawn", "HA", scope=["CLN", "SHP"])
