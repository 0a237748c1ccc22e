"""Somebody who sends from the field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories.accounts import StaffFactory


@pytest.fixture
def sender(db: None) -> Any:
    return StaffFactory(login="sender")
