"""Statements of the bank."""

from __future__ import annotations

from typing import Any

from payments.models import Attempt, Difference
from payments.services.reconciliation import load_statement, take_statement

HEAD = "Transaction Type,Merchant Track ID,Payment ID,Reference Number,Amount,Transaction Date"
DAY = "2026-11-24"


def line(attempt: Attempt | str, fils: int = 10_000, kind: str = "PURCHASE", day: str = DAY, ref: str = "632912000123") -> str:
    track = attempt if isinstance(attempt, str) else attempt.trackid
    payment = "" if isinstance(attempt, str) else attempt.payment_id or ""
    return f"{kind},{track},{payment},{ref},{fils // 1000}.{fils % 1000:03d},{day}"


def content(*lines: str) -> bytes:
    return "\r\n".join([HEAD, *lines, ""]).encode()


def take(person: Any, *lines: str) -> list[Difference]:
    statement = load_statement(content=content(*lines), file_name="bank.csv", loaded_by=person)
    return take_statement(statement=statement, taken_by=person)
