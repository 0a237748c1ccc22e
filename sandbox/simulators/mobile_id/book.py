"""Authentication requests and their answers."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..storage import Book as Storage
from ..storage import now
from .people import Person

SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    request_id TEXT PRIMARY KEY, civil_id TEXT NOT NULL, qr TEXT UNIQUE, texts TEXT NOT NULL, callback_url TEXT NOT NULL,
    created_at REAL NOT NULL, expires_at REAL NOT NULL, decision TEXT, decided_at REAL, person TEXT,
    callback_status INTEGER, callback_error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS requests_of ON requests (civil_id) WHERE decision IS NULL;
"""
TEXTS = ("service_id", "service_ar", "service_en", "reason_ar", "reason_en", "number_match")
# After the decision or the expiry.
READABLE_SECONDS = 300


class NotDecidable(Exception):
    """Unknown, expired, decided before, or addressed to somebody else."""


class Book(Storage):
    """Every request with its answer."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def ask(self, civil_id: str, texts: dict[str, str], callback_url: str, seconds: float) -> dict[str, Any]:
        """Write a request down; an empty `civil_id` means that whoever scans the code may answer. Open for `seconds`."""
        instant = now()
        request_id, qr = os.urandom(16).hex(), None if civil_id else f"MIDSIM1.{os.urandom(16).hex()}"
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO requests (request_id, civil_id, qr, texts, callback_url, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (request_id, civil_id, qr, json.dumps(texts), callback_url, instant, instant + seconds),
            )
        return self._get(request_id)

    def _get(self, request_id: str) -> dict[str, Any]:
        row = self.find(request_id)
        if row is None:
            raise LookupError(request_id)
        return row

    def find(self, request_id: str) -> dict[str, Any] | None:
        """A request with its `status` as of now, or None; also None once the answer may no longer be read."""
        row = self.row("SELECT * FROM requests WHERE request_id = ?", request_id)
        return None if row is None else self._as_of_now(row)

    def by_code(self, qr: str) -> dict[str, Any] | None:
        """The request behind a scanned code, or None."""
        row = self.row("SELECT * FROM requests WHERE qr = ?", qr)
        return None if row is None else self._as_of_now(row)

    @staticmethod
    def _as_of_now(row: dict[str, Any]) -> dict[str, Any] | None:
        instant = now()
        ended = row["decided_at"] or row["expires_at"]
        if instant > ended + READABLE_SECONDS:
            return None
        row["status"] = row["decision"] or ("expired" if instant >= row["expires_at"] else "pending")
        row["texts"] = json.loads(row["texts"])
        return row

    def pending(self, person: Person) -> list[dict[str, Any]]:
        """The open requests addressed to a person, newest first."""
        rows = self.rows(
            "SELECT * FROM requests WHERE civil_id = ? AND decision IS NULL AND expires_at > ? ORDER BY created_at DESC",
            person.civil_id,
            now(),
        )
        return [row for row in map(self._as_of_now, rows) if row]

    def decide(self, request_id: str, approved: bool, person: Person | None) -> dict[str, Any]:
        """The person's answer, taken once. A decline without a person is the network's. Raises NotDecidable."""
        shared = json.dumps(person.shared(), ensure_ascii=False) if person and approved else None
        with self.transaction() as connection:
            changed = connection.execute(
                "UPDATE requests SET decision = ?, decided_at = ?, person = ? "
                "WHERE request_id = ? AND decision IS NULL AND expires_at > ? AND civil_id IN ('', ?)",
                (
                    "approved" if approved else "declined",
                    now(),
                    shared,
                    request_id,
                    now(),
                    person.civil_id if person else self._addressee(request_id, approved),
                ),
            ).rowcount
        if changed != 1:
            raise NotDecidable
        return self._get(request_id)

    def _addressee(self, request_id: str, approved: bool) -> str:
        row = None if approved else self.row("SELECT civil_id FROM requests WHERE request_id = ?", request_id)
        return row["civil_id"] if row else "nobody"

    def expire(self, request_id: str) -> None:
        """Let a request's time run out now."""
        with self.transaction() as connection:
            connection.execute("UPDATE requests SET expires_at = ? WHERE request_id = ? AND decision IS NULL", (now(), request_id))

    def record_callback(self, request_id: str, status: int, error: str) -> None:
        """What the portal said to the callback."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE requests SET callback_status = ?, callback_error = ? WHERE request_id = ?", (status, error, request_id)
            )
