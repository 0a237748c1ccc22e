"""For tests whose transactions really commit."""

from __future__ import annotations

import pytest
from django.db import connection

from municipality.kernel import guards


@pytest.fixture
def open_db(transactional_db: None) -> None:
    """A database with commits, its guards in place; they come back with the flush that follows (post_migrate)."""
    assert guards.installed(connection) == guards.expected(connection)


def on_postgres() -> bool:
    return bool(connection.vendor == "postgresql")
