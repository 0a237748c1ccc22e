"""A portal with rules and places that keeps files in a folder of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from municipality.places import seeds as places
from tests.factories.rulebook import publish_rulebook


@pytest.fixture(autouse=True)
def _portal(db: None, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    places.load_places()
    publish_rulebook()
