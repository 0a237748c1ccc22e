"""Payments with their decisions and refunds."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from ..storage import Book as Storage
from ..storage import now

SCHEMA = """
CREATE TABLE IF NOT EXISTS payments (
    reference TEXT PRIMARY KEY, amount INTEGER NOT NULL CHECK (amount > 0), language TEXT NOT NULL, bill TEXT NOT NULL,
    return_url TEXT NOT NULL, notify_url TEXT NOT NULL, status TEXT NOT NULL DEFAULT 'PENDING', tran TEXT NOT NULL UNIQUE,
    refunded INTEGER NOT NULL DEFAULT 0, behaviours TEXT NOT NULL DEFAULT '[]', notices INTEGER NOT NULL DEFAULT 0, at REAL NOT NULL
);
"""


class Book(Storage):
    """One row a payment. Amounts in fils."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)

    def open(self, fields: dict[str, str], amount: int) -> dict[str, Any]:
        """The payment of an order, new or as it stands."""
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR IGNORE INTO payments (reference, amount, language, bill, return_url, notify_url, tran, behaviours, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    *(fields["reference"], amount, fields["language"], fields["bill"], fields["return"], fields["notify"]),
                    *(f"TSD{int.from_bytes(os.urandom(7), 'big'):017d}", json.dumps(self.setting("next", [])), now()),
                ),
            )
            self.set_setting("next", [])
            return self.payment(fields["reference"]) or {}

    def payment(self, reference: str) -> dict[str, Any] | None:
        """The payment, or None."""
        row = self.row("SELECT * FROM payments WHERE reference = ?", reference)
        return row and row | {"behaviours": json.loads(row["behaviours"])}

    def decide(self, reference: str, status: str) -> bool:
        """The customer's decision, once."""
        with self.transaction() as connection:
            changed = connection.execute("UPDATE payments SET status = ? WHERE reference = ? AND status = 'PENDING'", (status, reference))
            return changed.rowcount == 1

    def set_behaviours(self, reference: str, behaviours: list[str]) -> None:
        """Set the behaviours of a payment, or of the next one."""
        with self.transaction() as connection:
            if reference:
                connection.execute("UPDATE payments SET behaviours = ? WHERE reference = ?", (json.dumps(behaviours), reference))
            else:
                self.set_setting("next", behaviours)

    def refund(self, reference: str, amount: int) -> bool:
        """Refund an amount, if so much remains."""
        with self.transaction() as connection:
            changed = connection.execute(
                "UPDATE payments SET refunded = refunded + ? WHERE reference = ? AND status = 'PAID' AND refunded + ? <= amount",
                (amount, reference, amount),
            )
            return changed.rowcount == 1

    def count_notice(self, reference: str) -> None:
        """Count a notice that was sent."""
        with self.transaction() as connection:
            connection.execute("UPDATE payments SET notices = notices + 1 WHERE reference = ?", (reference,))
