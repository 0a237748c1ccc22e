"""Somebody who sends from the field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.municipality.people import staff


@pytest.fixture
def sender(db: None) -> Any:
    return staff(login="sender")
