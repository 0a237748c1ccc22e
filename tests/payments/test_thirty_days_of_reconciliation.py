"""Thirty days of the daily match with forty planted faults: each is on the list, and nothing else is (goal P11)."""

from __future__ import annotations

import datetime as dt
import os
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from municipality.jobs.models import Job, JobState
from municipality.kernel import clock
from payments import invariants
from payments.models import Attempt, Bill, Difference
from payments.services import inquire, reconciliation, redirect_url, start_attempt
from payments.services.reconciliation import days, load_statement, take_statement
from payments.states import AttemptState
from tests.bank import Book
from tests.due_jobs import run_due
from tests.payments.conftest import START

pytestmark = [pytest.mark.django_db, pytest.mark.slow, pytest.mark.timeout(14400)]
FULL = os.environ.get("CHAOS_FULL") == "1"
DAYS, PAYMENTS, FAULTS = (30, int(os.environ.get("CHAOS_PER_DAY", "1000")), 40) if FULL else (5, 16, 10)
HEAD = "Transaction Type,Merchant Track ID,Payment ID,Reference Number,Amount,Transaction Date"
# What is wrong in the bank's file, and what the list must call it.
DIFFERENCES = {
    "missing": "missing_at_bank",
    "extra": "missing_in_ledger",
    "amount": "amount_differs",
    "duplicate": "duplicate",
    "voided": "missing_in_ledger",  # the bank paid in what it had reversed: we took it back
}


@dataclass
class Line:
    trackid: str
    payment_id: str
    fils: int

    def text(self, day: dt.date) -> str:
        return f"PURCHASE,{self.trackid},{self.payment_id},R{self.trackid[:12]},{self.fils // 1000}.{self.fils % 1000:03d},{day}"


def play(day: int, book: Book, issue: Callable[..., Bill], payer: Any, voided: int) -> list[Line]:
    """One day's payments, settled and confirmed; the first `voided` of them are reversed by the bank. What its file should hold."""
    begin = START + dt.timedelta(days=day)
    with clock.at(begin):
        attempts = []
        for number in range(PAYMENTS):
            attempt = start_attempt(
                bills=[issue(1_000 + number, subject=f"case:{day}x{number}")], payer=payer, language="ar", session_key="s"
            )
            redirect_url(attempt)
            book.decide(attempt)
            inquire(attempt_id=attempt.pk)
            attempts.append(attempt)
        for attempt in attempts[:voided]:
            book.decide(attempt, "FAILURE(NOT CAPTURED)")
    # The other jobs of the day are done; left lying, they would soon be all that a worker sees.
    Job.objects.exclude(kind="payments.confirm").update(state=JobState.DONE)
    with clock.at(begin + dt.timedelta(minutes=11)):
        run_due(("payments.confirm",))
    if connection.vendor == "postgresql":  # what autovacuum does between two days, and cannot do inside a transaction of another
        with connection.cursor() as cursor:
            tables = [model._meta.db_table for app in ("payments", "jobs", "audit") for model in apps.get_app_config(app).get_models()]
            cursor.execute(f"ANALYZE {', '.join(tables)}")
    return [Line(a.trackid, a.payment_id or "", a.fils) for a in Attempt.objects.filter(pk__in=[a.pk for a in attempts]).order_by("pk")]


def planted(lines: list[Line], faults: list[str], day: int, voided: int) -> tuple[list[Line], dict[str, str]]:
    """The bank's file with its faults, and by track id what must be found."""
    gone, rest, wanted = lines[:voided], list(lines[voided:]), {}
    out = list(rest)
    for number, fault in enumerate(faults):
        line = rest[number]
        if fault == "missing":
            out.remove(line)
        elif fault == "extra":
            line = Line(f"STRANGER{day}X{number}", "", 7_000)
            out.append(line)
        elif fault == "amount":
            out[out.index(line)] = Line(line.trackid, line.payment_id, line.fils + 1)
        elif fault == "duplicate":
            out.append(line)
        else:
            line = gone.pop()
            out.append(line)
        wanted[line.trackid] = DIFFERENCES[fault]
    return out, wanted


@pytest.fixture
def month(bank: Book, issue: Callable[..., Bill], payer: Any, paid_for: Any) -> list[tuple[dt.date, list[Line], dict[str, str]]]:
    """Every day's file and what must be found in it."""
    chance = random.Random(11)
    where = sorted(chance.randrange(DAYS) for _ in range(FAULTS))
    kinds = [list(DIFFERENCES)[number % len(DIFFERENCES)] for number in range(FAULTS)]
    found = []
    for day in range(DAYS):
        faults = [kind for at, kind in zip(where, kinds, strict=True) if at == day]
        voided = faults.count("voided")
        lines = play(day, bank, issue, payer, voided)
        chance.shuffle(faults)
        out, wanted = planted(lines, faults, day, voided)
        chance.shuffle(out)
        found.append(((START + dt.timedelta(days=day)).date(), out, wanted))
    return found


def _take(month: list[tuple[dt.date, list[Line], dict[str, str]]], cashier: Any) -> None:
    for day, lines, _wanted in month:
        content = "\r\n".join([HEAD, *(line.text(day) for line in lines), ""]).encode()
        with clock.at(dt.datetime.combine(day, dt.time(20), dt.UTC)):
            take_statement(statement=load_statement(content=content, file_name=f"{day}.csv", loaded_by=cashier), taken_by=cashier)


def test_every_planted_fault_is_on_the_list_and_nothing_else_and_the_control_that_compares_one_way_misses_some(
    month: list[Any], cashier: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    voided = Attempt.objects.filter(state=AttemptState.VOIDED).count()
    assert Attempt.objects.filter(state=AttemptState.PAID).count() + voided == DAYS * PAYMENTS and voided == FAULTS // len(DIFFERENCES)
    with transaction.atomic(), monkeypatch.context() as patch:
        patch.setattr(reconciliation, "_books_against_bank", lambda _statement: [])
        _take(month, cashier)
        seen_one_way = Difference.objects.count()
        assert 0 < seen_one_way < FAULTS
        transaction.set_rollback(True)
    _take(month, cashier)
    wanted = {track: kind for _day, _lines, faults in month for track, kind in faults.items()}
    found = dict(Difference.objects.values_list("trackid", "kind"))
    assert found == wanted and Difference.objects.count() == FAULTS == len(wanted)
    assert Difference.objects.filter(closed_at__isnull=True).count() == FAULTS
    print(
        f"\n{DAYS} days, {DAYS * PAYMENTS} payments, {voided} reversed, {len(found)} of {FAULTS} faults listed: "
        f"{dict(Counter(found.values()))}; compared one way only {seen_one_way}"
    )
    clean = [day for day, _lines, faults in month if not faults]
    with clock.at(START + dt.timedelta(days=DAYS - 1, hours=10)):
        for row in days(count=DAYS):
            if row.day in clean:
                assert row.bank == row.gateway == row.ledger
    assert not list(invariants.findings())
