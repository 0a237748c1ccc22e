"""Payments at the bank, and the same act in many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.db import connection, connections

from payments.models import Attempt, Bill
from tests.bank import Book
from tests.factories.accounts import PersonFactory
from tests.factories.payments import AttemptFactory, BillFactory


def bills(count: int) -> list[Bill]:
    payer = PersonFactory()
    return [BillFactory(payer=payer, subject=f"case:{n}") for n in range(count)]


def at_bank(book: Book, count: int) -> list[Attempt]:
    attempts = [AttemptFactory(bills=[bill], language="ar") for bill in bills(count)]
    for attempt in attempts:
        book.decide(attempt)
    return attempts


def at_once(width: int, rounds: list[Any], act: Callable[[Any], None]) -> list[BaseException]:
    """Each round's act in `width` threads at the same moment, each thread with a connection of its own; what went wrong."""
    gate, wrong = threading.Barrier(width), []

    def run() -> None:
        try:
            with connection.cursor() as cursor:  # all wait for the same row, on however busy a machine
                cursor.execute("SET lock_timeout = '120s'; SET statement_timeout = '240s'")
            for round_ in rounds:
                gate.wait(300)
                try:
                    act(round_)
                except Exception as error:  # noqa: BLE001 - counted by the test
                    wrong.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(width)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong
