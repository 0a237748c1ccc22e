"""For tests whose transactions really commit: rows that may not be deleted would stop the flush that follows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection

from municipality.kernel import guards


@pytest.fixture
def open_db(transactional_db: None) -> Iterator[None]:
    """A database with commits; its guards stand during the test and come back with the flush (post_migrate)."""
    assert guards.installed(connection) == guards.expected(connection)
    yield
    guards.remove(connection)


def on_postgres() -> bool:
    return bool(connection.vendor == "postgresql")
