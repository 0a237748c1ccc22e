"""The bank's settlement file as this simulator writes it: an invented format, since the real one is not known."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from .book import KUWAIT, Book
from .protocol import PAID, amount_text

HEAD = ("Transaction Type", "Merchant Track ID", "Payment ID", "Reference Number", "Amount", "Transaction Date")


def lines(book: Book, day: dt.date) -> list[list[str]]:
    """What the bank paid in and took back on a day of Kuwait, in the order in which it happened."""
    begin = dt.datetime.combine(day, dt.time.min, KUWAIT).timestamp()
    end = begin + 24 * 3600
    captured = book.rows(
        "SELECT trackid, paymentid, ref, amt, decided_at AS at FROM transactions"
        " WHERE result = ? AND voided = 0 AND decided_at >= ? AND decided_at < ?",
        *(PAID, begin, end),
    )
    returned = book.rows(
        "SELECT t.trackid, t.paymentid, r.ref, r.amt, r.made_at AS at FROM refunds r JOIN transactions t USING (paymentid)"
        " WHERE r.made_at >= ? AND r.made_at < ?",
        *(begin, end),
    )
    found = [("PURCHASE", row) for row in captured] + [("REFUND", row) for row in returned]
    return [_line(kind, row, day) for kind, row in sorted(found, key=lambda pair: pair[1]["at"])]


def _line(kind: str, row: dict[str, Any], day: dt.date) -> list[str]:
    return [kind, row["trackid"], row["paymentid"], row["ref"], amount_text(row["amt"]), day.isoformat()]


def statement(book: Book, day: dt.date, *, without: str = "", changed: str = "", twice: str = "") -> bytes:
    """The file of a day; the named track ids are left out, written one dinar higher, or written twice."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEAD)
    for line in lines(book, day):
        track = line[1]
        if track == without:
            continue
        if track == changed:
            whole, _point, fils = line[4].partition(".")
            line[4] = f"{int(whole) + 1}.{fils}"
        writer.writerows([line] * (2 if track == twice else 1))
    return out.getvalue().encode()
