"""Places, rules and an inspector who is drawn."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.inspections import inspector
from tests.published_rules import publish_rules


@pytest.fixture(autouse=True)
def drawn(db: None) -> Any:
    """The inspector of every report of these tests."""
    publish_rules()
    return inspector("drawn", "HA", scope=["CLN", "SHP"])
