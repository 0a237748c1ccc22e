"""Database settings for each engine, with the limits that keep a page from waiting for ever."""

from __future__ import annotations

from typing import Any

import environ

SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",  # without it writers meet "database is locked" under load
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
POSTGRES_OPTIONS = {
    "options": "-c statement_timeout=15000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000",
    "connect_timeout": 3,
}


def from_url(url: str) -> dict[str, Any]:
    """Django's database dict for a URL; postgres:// or sqlite:///."""
    database: dict[str, Any] = dict(environ.Env.db_url_config(url))
    is_sqlite = database["ENGINE"].endswith("sqlite3")
    database["OPTIONS"] = {**(SQLITE_OPTIONS if is_sqlite else POSTGRES_OPTIONS), **database.get("OPTIONS", {})}
    database["CONN_MAX_AGE"] = 60
    database["CONN_HEALTH_CHECKS"] = True
    return database
