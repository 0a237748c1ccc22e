"""The licences of the simulated register, with the position (`place`) of their last change."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ..storage import Book as Storage
from ..storage import now

SCHEMA = """
CREATE TABLE IF NOT EXISTS licences (
    number TEXT PRIMARY KEY, version INTEGER NOT NULL, place INTEGER NOT NULL UNIQUE, facts TEXT NOT NULL, before TEXT NOT NULL DEFAULT ''
);
"""


class Book(Storage):
    """A change moves its licence to the end of the order, with the next version."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def seed(self, licences: list[dict[str, Any]]) -> None:
        """Fill an empty book; the facts of each licence with its number under `licence`."""
        with self.transaction() as connection:
            if self.row("SELECT 1 FROM licences LIMIT 1") is None:
                rows = [
                    (facts["licence"], 1, place, json.dumps(facts, ensure_ascii=False)) for place, facts in enumerate(licences, start=1)
                ]
                connection.executemany("INSERT OR IGNORE INTO licences (number, version, place, facts) VALUES (?, ?, ?, ?)", rows)
                self.set_setting("epoch", int(now()))

    def licence(self, number: str) -> dict[str, Any] | None:
        """One licence as it is delivered, or None."""
        row = self.row("SELECT * FROM licences WHERE number = ?", number)
        return None if row is None else _delivered(row)

    def write(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Write the facts of one licence, new or changed; as it is delivered."""
        number = facts["licence"]
        with self.transaction() as connection:
            existing = self.row("SELECT * FROM licences WHERE number = ?", number)
            last = self.row("SELECT COALESCE(MAX(place), 0) AS place FROM licences")
            place = max(int((last or {"place": 0})["place"]), int(self.setting("last", 0))) + 1
            self.set_setting("last", place)
            facts_json = json.dumps({**facts, "changed_at": _now()}, ensure_ascii=False)
            connection.execute(
                "INSERT INTO licences (number, version, place, facts) VALUES (?, 1, ?, ?)"
                " ON CONFLICT (number) DO UPDATE SET version = version + 1, place = excluded.place, before = facts, facts = excluded.facts",
                (number, place, facts_json),
            )
            if existing is None and not self.setting("epoch", 0):
                self.set_setting("epoch", int(now()))
        return self.licence(number) or {}

    def forget(self, number: str) -> bool:
        """Delete a licence without a change."""
        with self.transaction() as connection:
            return connection.execute("DELETE FROM licences WHERE number = ?", (number,)).rowcount == 1

    def after(self, place: int, limit: int) -> list[tuple[int, dict[str, Any], dict[str, Any] | None]]:
        """Licences changed after a place: place, licence, and its previous version, if any."""
        rows = self.rows("SELECT * FROM licences WHERE place > ? ORDER BY place LIMIT ?", place, limit)
        return [(row["place"], _delivered(row), _before(row)) for row in rows]

    def newest(self, limit: int = 30) -> list[dict[str, Any]]:
        """The last changes, newest first."""
        return [_delivered(row) for row in self.rows("SELECT * FROM licences ORDER BY place DESC LIMIT ?", limit)]

    def last_place(self) -> int:
        """The place of the last change."""
        return int((self.row("SELECT COALESCE(MAX(place), 0) AS place FROM licences") or {"place": 0})["place"])

    def count(self) -> int:
        """How many licences there are."""
        return int((self.row("SELECT COUNT(*) AS many FROM licences") or {"many": 0})["many"])


def _delivered(row: dict[str, Any]) -> dict[str, Any]:
    return {**json.loads(row["facts"]), "version": row["version"]}


def _before(row: dict[str, Any]) -> dict[str, Any] | None:
    return {**json.loads(row["before"]), "version": row["version"] - 1} if row["before"] else None


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now()))
