"""The gateway's simulator knows payments of before: it returns them, and lists them in the settlement file of their day."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from sandbox.simulators.knet.book import KUWAIT, Book
from sandbox.simulators.knet.pages import statements_page
from sandbox.simulators.knet.statement import lines

DAY = dt.date(2026, 11, 24)


def payment(**changes: Any) -> dict[str, Any]:
    paid_at = dt.datetime.combine(DAY, dt.time(9), KUWAIT).timestamp()
    numbers = {"paymentid": "100202632900000001", "trackid": "TRACK1", "tranid": "202632900000001", "ref": "632900000001", "auth": "B00001"}
    about = {"amt": 10_000, "language": "ar", "postdate": "1124", "resp_code": "00", "created_at": paid_at - 60, "decided_at": paid_at}
    return {**numbers, **about, "refunds": [{"amt": 4_000, "ref": "632900000002", "made_at": paid_at + 60}], **changes}


def test_the_file_of_a_day_lists_earlier_payments_and_their_refunds_once(tmp_path: Path) -> None:
    book = Book(tmp_path / "knet.sqlite3")
    for _again in range(2):
        book.seed([payment()])
    assert [(line[0], line[1], line[4], line[5]) for line in lines(book, DAY)] == [
        ("PURCHASE", "TRACK1", "10.000", "2026-11-24"),
        ("REFUND", "TRACK1", "4.000", "2026-11-24"),
    ]
    assert lines(book, DAY + dt.timedelta(days=1)) == []
    found = book.payment("100202632900000001")
    assert (found["result"], found["refunded"]) == ("CAPTURED", 4_000), "the rest can be returned"
    book.close()


def test_the_page_of_files_offers_each_day(tmp_path: Path) -> None:
    page = statements_page("en", [DAY])
    assert 'href="/control/statement?day=2026-11-24" download="knet-2026-11-24.csv"' in page
