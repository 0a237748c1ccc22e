"""Areas, without which there are no plots."""

from __future__ import annotations

import pytest

from municipality.places.seeds import load_places


@pytest.fixture
def places(db: None) -> None:
    load_places()
