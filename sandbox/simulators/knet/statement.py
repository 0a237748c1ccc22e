"""The settlement file, in an invented format, since the real one is not known."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from .book import KUWAIT, Book
from .protocol import PAID, amount_text

HEAD = ("Transaction Type", "Merchant Track ID", "Payment ID", "Reference Number", "Amount", "Transaction Date")


def lines(book: Book, day: dt.date) -> list[list[str]]:
    """Captures and refunds of a day of Kuwait, in order."""
    start = dt.datetime.combine(day, dt.time.min, KUWAIT).timestamp()
    end = start + 24 * 3600
    captured = book.rows(
        "SELECT trackid, paymentid, ref, amt, decided_at AS at FROM transactions"
        " WHERE result = ? AND voided = 0 AND decided_at >= ? AND decided_at < ?",
        *(PAID, start, end),
    )
    returned = book.rows(
        "SELECT t.trackid, t.paymentid, r.ref, r.amt, r.made_at AS at FROM refunds r JOIN transactions t USING (paymentid)"
        " WHERE r.made_at >= ? AND r.made_at < ?",
        *(start, end),
    )
    movements = [("PURCHASE", row) for row in captured] + [("REFUND", row) for row in returned]
    return [_line(kind, row, day) for kind, row in sorted(movements, key=lambda pair: pair[1]["at"])]


def _line(kind: str, row: dict[str, Any], day: dt.date) -> list[str]:
    return [kind, row["trackid"], row["paymentid"], row["ref"], amount_text(row["amt"]), day.isoformat()]


def statement(book: Book, day: dt.date, *, without: str = "", changed: str = "", twice: str = "") -> bytes:
    """The file of a day; the named track ids are left out, written one dinar higher, or written twice."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(HEAD)
    for line in lines(book, day):
        trackid = line[1]
        if trackid == without:
            continue
        if trackid == changed:
            whole, _point, fils = line[4].partition(".")
            line[4] = f"{int(whole) + 1}.{fils}"
        writer.writerows([line] * (2 if trackid == twice else 1))
    return text.getvalue().encode()
