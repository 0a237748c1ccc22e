"""The people of the layers."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.places.seeds import load_places
from tests.factories.accounts import StaffFactory
from tests.zoning.imports.conftest import Office


@pytest.fixture
def office(db: Any) -> Office:
    load_places()
    return Office(
        *(StaffFactory(groups=[group], login=login) for group, login in (("plot_clerk", "c"), ("planner", "p"), ("planner", "q")))
    )
