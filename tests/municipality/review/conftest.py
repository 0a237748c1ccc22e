"""A branch with its people, and a service whose cases they decide."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import Clock
from tests.municipality.review import permits


@pytest.fixture
def office(db: None, frozen_clock: Clock) -> Iterator[permits.Office]:
    with permits.offered():
        furnished = permits.furnish()
        frozen_clock.move(minutes=1)  # a field of work counts from the instant after it was given
        yield furnished
