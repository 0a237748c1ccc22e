"""A portal with rules and places that keeps files in a folder of the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.published_rules import publish_rules


@pytest.fixture(autouse=True)
def _portal(db: None, settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    publish_rules()
