"""The messages that would have been sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..storage import Book as Storage
from ..storage import now

SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id TEXT PRIMARY KEY, recipient TEXT NOT NULL, text TEXT NOT NULL, idempotency_key TEXT NOT NULL UNIQUE, stored_at REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_to ON messages (recipient);
"""


class KeyUsed(Exception):
    """The same idempotency key came before with another message."""


class Book(Storage):
    """Messages, each key once."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def save(self, to: str, text: str, key: str) -> str:
        """The id of the message; a known key gives the first id and stores nothing. Raises KeyUsed."""
        with self.transaction() as connection:
            known = self.row("SELECT * FROM messages WHERE idempotency_key = ?", key)
            if known:
                if (known["recipient"], known["text"]) != (to, text):
                    raise KeyUsed
                return str(known["id"])
            number = os.urandom(12).hex()
            connection.execute("INSERT INTO messages VALUES (?, ?, ?, ?, ?)", (number, to, text, key, now()))
            return number

    def messages(self, to: str = "", limit: int = 200) -> list[dict[str, Any]]:
        """The newest messages, newest first; all or those to one number."""
        return self.rows(
            'SELECT id, recipient AS "to", text, idempotency_key, stored_at FROM messages '
            "WHERE ? IN ('', recipient) ORDER BY stored_at DESC, rowid DESC LIMIT ?",
            to,
            limit,
        )

    def count_attempt(self) -> int:
        """The number of this attempt, from nought."""
        with self.transaction():
            attempt = int(self.setting("attempts", 0))
            self.set_setting("attempts", attempt + 1)
            return attempt
