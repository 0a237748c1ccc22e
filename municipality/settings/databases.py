"""Database settings for each engine, with timeouts."""

from __future__ import annotations

import sys
from typing import Any

import environ

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",  # without it writers get "database is locked" under load
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
# Migrations and a rebuilt search create indexes of large tables, which takes longer than a page may; their lock timeout is that of pages.
STATEMENT_MS = 0 if sys.argv[1:2] in (["migrate"], ["search_rebuild"]) else 15_000
POSTGRES_OPTIONS = {
    "options": f"-c statement_timeout={STATEMENT_MS} -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000",
    "connect_timeout": 3,
}


def from_url(url: str) -> dict[str, Any]:
    """An entry of DATABASES for a URL (postgres:// or sqlite:///)."""
    database: dict[str, Any] = dict(environ.Env.db_url_config(url))
    is_sqlite = database["ENGINE"].endswith("sqlite3")
    database["OPTIONS"] = {**(SQLITE_OPTIONS if is_sqlite else POSTGRES_OPTIONS), **database.get("OPTIONS", {})}
    database["CONN_MAX_AGE"] = 60
    database["CONN_HEALTH_CHECKS"] = True
    return database
