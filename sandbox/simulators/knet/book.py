"""The storage of the gateway: transactions, jobs, behaviours and refunds."""

from __future__ import annotations

import datetime as dt
import json
import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..storage import Book as Storage
from ..storage import now
from .protocol import PAID, Order

KUWAIT = dt.timezone(dt.timedelta(hours=3))
SCHEMA = """
CREATE TABLE IF NOT EXISTS transactions (
    paymentid TEXT PRIMARY KEY, trackid TEXT NOT NULL UNIQUE, amt INTEGER NOT NULL CHECK (amt > 0), language TEXT NOT NULL,
    response_url TEXT NOT NULL, error_url TEXT NOT NULL, udfs TEXT NOT NULL, trandata TEXT NOT NULL,
    result TEXT, tranid TEXT NOT NULL DEFAULT '', ref TEXT NOT NULL DEFAULT '', auth TEXT NOT NULL DEFAULT '',
    postdate TEXT NOT NULL DEFAULT '', resp_code TEXT NOT NULL DEFAULT '',
    dead INTEGER NOT NULL DEFAULT 0, voided INTEGER NOT NULL DEFAULT 0, refunded INTEGER NOT NULL DEFAULT 0,
    redirect_url TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL, decided_at REAL
);
CREATE UNIQUE INDEX IF NOT EXISTS one_tranid ON transactions (tranid) WHERE tranid != '';
CREATE UNIQUE INDEX IF NOT EXISTS one_ref ON transactions (ref) WHERE ref != '';
CREATE TABLE IF NOT EXISTS jobs (
    id INTEGER PRIMARY KEY, paymentid TEXT NOT NULL, kind TEXT NOT NULL, due_at REAL NOT NULL, claimed INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0, body BLOB NOT NULL DEFAULT '', trandata TEXT NOT NULL DEFAULT '', binding INTEGER NOT NULL DEFAULT 0,
    sent_at REAL, status INTEGER, acknowledged INTEGER NOT NULL DEFAULT 0, error TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS open_jobs ON jobs (due_at) WHERE done = 0;
CREATE INDEX IF NOT EXISTS jobs_of ON jobs (paymentid);
CREATE TABLE IF NOT EXISTS behaviours (
    trackid TEXT NOT NULL, name TEXT NOT NULL, number REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (trackid, name)
);
CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY, paymentid TEXT NOT NULL, amt INTEGER NOT NULL CHECK (amt > 0), tranid TEXT NOT NULL UNIQUE, ref TEXT NOT NULL,
    made_at REAL NOT NULL
);
"""


# What a file of earlier payments says of each.
SEEDED = ("paymentid", "trackid", "amt", "language", "tranid", "ref", "auth", "postdate", "resp_code", "created_at", "decided_at")


class TrackIdUsed(Exception):
    """The track id was used before; `open`: that payment still waits for its customer."""

    def __init__(self, is_open: bool) -> None:
        super().__init__("track id used")
        self.open = is_open


class AlreadyDecided(Exception):
    """The payment is decided or its page is dead."""


def _number(digits: int) -> str:
    return f"{int.from_bytes(os.urandom(8), 'big') % 10**digits:0{digits}d}"


def _day() -> str:
    return dt.datetime.fromtimestamp(now(), KUWAIT).strftime("%Y%j")


def new_paymentid() -> str:
    """Eighteen digits that look like the gateway's: 100, year, day of the year, eight more."""
    return f"100{_day()}{_number(8)}"


def new_tranid() -> str:
    """Fifteen digits."""
    return f"{_day()}{_number(8)}"


def new_ref() -> str:
    """Twelve digits as a bank's retrieval reference: last digit of the year, day of the year, eight more."""
    return f"{_day()[3:]}{_number(8)}"


def _until_unique(write: Callable[[], None]) -> None:
    for _ in range(20):
        try:
            write()
        except sqlite3.IntegrityError as error:
            if "trackid" in str(error):
                raise
        else:
            return
    raise RuntimeError("no free number was found")


class Book(Storage):
    """Transactions, the jobs that are due (notifications, reversals, late captures), behaviours and refunds."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, SCHEMA)
        with self.transaction() as connection:  # jobs that a killed process claimed are due again
            connection.execute("UPDATE jobs SET claimed = 0 WHERE done = 0")

    def seed(self, payments: Sequence[dict[str, Any]]) -> None:
        """Write down payments that were captured before, with their refunds; those that stand here already are left alone."""
        udfs = json.dumps({f"udf{n}": "" for n in range(1, 6)})
        with self.transaction() as connection:
            for one in payments:
                values = [one[name] for name in SEEDED]
                refunds = one["refunds"]
                new = connection.execute(
                    f"INSERT OR IGNORE INTO transactions ({', '.join(SEEDED)}, refunded, result, udfs, response_url, error_url, trandata)"  # noqa: S608
                    f" VALUES ({', '.join('?' * len(SEEDED))}, ?, ?, ?, '', '', '')",
                    (*values, sum(refund["amt"] for refund in refunds), PAID, udfs),
                ).rowcount
                for refund in refunds if new else ():
                    connection.execute(
                        "INSERT INTO refunds (paymentid, amt, tranid, ref, made_at) VALUES (?, ?, ?, ?, ?)",
                        (one["paymentid"], refund["amt"], new_tranid(), refund["ref"], refund["made_at"]),
                    )

    def by_paymentid(self, paymentid: str) -> dict[str, Any] | None:
        """The transaction, or None."""
        return self.row("SELECT * FROM transactions WHERE paymentid = ?", paymentid)

    def payment(self, paymentid: str) -> dict[str, Any]:
        """The transaction. Raises LookupError."""
        found = self.by_paymentid(paymentid)
        if found is None:
            raise LookupError(paymentid)
        return found

    def by_trackid(self, trackid: str) -> dict[str, Any] | None:
        """The transaction, or None."""
        return self.row("SELECT * FROM transactions WHERE trackid = ?", trackid)

    def find(self, column: str, value: str) -> dict[str, Any] | None:
        """The transaction by one of the identifiers of an inquiry, or None."""
        if column not in ("trackid", "paymentid", "tranid", "ref"):
            raise ValueError(column)
        return self.row(f"SELECT * FROM transactions WHERE {column} = ? AND {column} != ''", value)  # noqa: S608

    def open(self, order: Order, trandata: str) -> str:
        """Save an order and return its payment id. Raises TrackIdUsed.

        Opening a page a second time kills it, as at the gateway: a new track id is needed then.
        """
        with self.transaction() as connection:
            earlier = self.by_trackid(order.trackid)
            if earlier is None:
                paymentid = ""

                def write() -> None:
                    nonlocal paymentid
                    paymentid = new_paymentid()
                    connection.execute(
                        "INSERT INTO transactions (paymentid, trackid, amt, language, response_url, error_url, udfs, trandata, created_at) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        (
                            paymentid,
                            order.trackid,
                            order.amt,
                            order.language,
                            order.response_url,
                            order.error_url,
                            json.dumps(order.udfs),
                            trandata,
                            now(),
                        ),
                    )

                _until_unique(write)
                self._give_waiting_behaviours(order.trackid)
                return paymentid
            is_open = earlier["result"] is None and earlier["trandata"] == trandata
            if is_open:
                connection.execute("UPDATE transactions SET dead = 1 WHERE trackid = ?", (order.trackid,))
        raise TrackIdUsed(is_open)

    def _give_waiting_behaviours(self, trackid: str) -> None:
        waiting = self.setting("next", [])
        if waiting:
            self.set_behaviours(trackid, waiting[0])
            self.set_setting("next", waiting[1:])
        self.set_behaviours(trackid, self.setting("always", {}), keep=True)

    def set_behaviours(self, trackid: str, chosen: dict[str, float], keep: bool = False) -> None:
        """Set behaviours of a payment, which may not exist yet; `keep` leaves existing ones."""
        with self.transaction() as connection:
            for name, number in chosen.items():
                verb = "IGNORE" if keep else "REPLACE"
                connection.execute(f"INSERT OR {verb} INTO behaviours (trackid, name, number) VALUES (?, ?, ?)", (trackid, name, number))  # noqa: S608

    def clear_behaviours(self, trackid: str) -> None:
        """Delete the behaviours of a payment."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM behaviours WHERE trackid = ?", (trackid,))

    def behaviours(self, trackid: str) -> dict[str, float]:
        """The behaviours of a payment with their numbers."""
        return {row["name"]: row["number"] for row in self.rows("SELECT name, number FROM behaviours WHERE trackid = ?", trackid)}

    def use_behaviour(self, trackid: str, name: str) -> bool:
        """Count a use of a behaviour; False once it is used up."""
        with self.transaction() as connection:
            changed = connection.execute(
                "UPDATE behaviours SET used = used + 1 WHERE trackid = ? AND name = ? AND used < number", (trackid, name)
            ).rowcount
        return changed == 1

    def decide(self, paymentid: str, result: str) -> dict[str, Any]:
        """Save the customer's decision once. Raises AlreadyDecided."""
        reached_bank = result != "CANCELED"
        with self.transaction() as connection:

            def write() -> None:
                changed = connection.execute(
                    "UPDATE transactions SET result = ?, tranid = ?, ref = ?, auth = ?, postdate = ?, resp_code = ?, decided_at = ? "
                    "WHERE paymentid = ? AND result IS NULL AND dead = 0",
                    (
                        result,
                        new_tranid() if reached_bank else "",
                        new_ref() if reached_bank else "",
                        _number(6) if result == PAID else ("000000" if reached_bank else ""),
                        dt.datetime.fromtimestamp(now(), KUWAIT).strftime("%m%d") if reached_bank else "",
                        {PAID: "00", "NOT CAPTURED": "51", "HOST TIMEOUT": "91"}.get(result, ""),
                        now(),
                        paymentid,
                    ),
                ).rowcount
                if changed != 1:
                    raise AlreadyDecided

            _until_unique(write)
            return self.payment(paymentid)

    def capture_late(self, paymentid: str) -> dict[str, Any]:
        """Capture late. Returns the transaction."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE transactions SET result = ?, auth = ?, resp_code = '00', voided = 0 WHERE paymentid = ?",
                (PAID, _number(6), paymentid),
            )
            return self.payment(paymentid)

    def void(self, paymentid: str) -> None:
        """Mark a transaction as reversed."""
        with self.transaction() as connection:
            connection.execute("UPDATE transactions SET voided = 1 WHERE paymentid = ?", (paymentid,))

    def refund(self, paymentid: str, amount: int) -> dict[str, str]:
        """Save a refund of `amount` fils, checked by the caller. Returns its tranid and ref."""
        numbers: dict[str, str] = {}
        with self.transaction() as connection:

            def write() -> None:
                numbers.update(tranid=new_tranid(), ref=new_ref())
                connection.execute(
                    "INSERT INTO refunds (paymentid, amt, tranid, ref, made_at) VALUES (?, ?, ?, ?, ?)",
                    (paymentid, amount, numbers["tranid"], numbers["ref"], now()),
                )

            _until_unique(write)
            connection.execute("UPDATE transactions SET refunded = refunded + ? WHERE paymentid = ?", (amount, paymentid))
        return numbers

    def add_job(
        self,
        paymentid: str,
        kind: str,
        seconds: float = 0,
        body: bytes = b"",
        trandata: str = "",
        binding: bool = False,
        claimed: bool = False,
    ) -> int:
        """Add a job due in `seconds`. `binding`: a bad acknowledgement reverses the payment."""
        with self.transaction() as connection:
            cursor = connection.execute(
                "INSERT INTO jobs (paymentid, kind, due_at, body, trandata, binding, claimed) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (paymentid, kind, now() + seconds, body, trandata, binding, claimed),
            )
            return int(cursor.lastrowid or 0)

    def job(self, number: int) -> dict[str, Any] | None:
        """One job, or None after a reset."""
        return self.row("SELECT * FROM jobs WHERE id = ?", number)

    def claim_due(self) -> tuple[list[int], float | None]:
        """The jobs that are due, claimed for the caller, and the seconds until the next one (None where there is none)."""
        instant = now()
        with self.transaction() as connection:
            due = [row["id"] for row in self.rows("SELECT id FROM jobs WHERE done = 0 AND claimed = 0 AND due_at <= ?", instant)]
            connection.executemany("UPDATE jobs SET claimed = 1 WHERE id = ?", [(number,) for number in due])
            following = self.row("SELECT min(due_at) AS at FROM jobs WHERE done = 0 AND claimed = 0")
        at = following["at"] if following else None
        return due, None if at is None else max(0.0, at - instant)

    def finish_job(self, number: int, status: int | None = None, acknowledged: bool = False, error: str = "") -> None:
        """Mark a job done, with what came back."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET done = 1, sent_at = ?, status = ?, acknowledged = ?, error = ? WHERE id = ?",
                (now(), status, acknowledged, error, number),
            )

    def set_redirect(self, paymentid: str, url: str) -> None:
        """Where the merchant wants the browser."""
        with self.transaction() as connection:
            connection.execute("UPDATE transactions SET redirect_url = ? WHERE paymentid = ?", (url, paymentid))

    def statement(self, trackid: str = "") -> list[dict[str, Any]]:
        """Every transaction, oldest first, with its notifications counted: what a test compares the portal with. Amounts in fils."""
        counted = (
            "SELECT t.*, count(j.id) AS notifications, coalesce(sum(j.acknowledged), 0) AS acks FROM transactions t "
            "LEFT JOIN jobs j ON j.paymentid = t.paymentid AND j.kind = 'notify' AND j.done = 1 "
        )
        order = " GROUP BY t.paymentid ORDER BY t.created_at, t.rowid"
        rows = self.rows(f"{counted} WHERE t.trackid = ? {order}", trackid) if trackid else self.rows(counted + order)
        for row in rows:
            row["udf1"] = json.loads(row.pop("udfs"))["udf1"]
            row["voided"], row["dead"] = bool(row["voided"]), bool(row["dead"])
            row["behaviours"] = self.behaviours(row["trackid"])
            del row["trandata"]
        return rows

    def notifications(self, trackid: str = "") -> list[dict[str, Any]]:
        """Every notification that was sent, of one payment or of all, oldest first, with its body as text."""
        rows = self.rows(
            "SELECT j.id, t.trackid, j.body, j.trandata, j.status, j.acknowledged, j.error, j.binding, j.sent_at "
            "FROM jobs j JOIN transactions t USING (paymentid) WHERE j.kind = 'notify' AND j.done = 1 AND ? IN ('', t.trackid) "
            "ORDER BY j.sent_at, j.id",
            trackid,
        )
        for row in rows:
            row["body"] = bytes(row["body"]).decode("ascii")
        return rows
