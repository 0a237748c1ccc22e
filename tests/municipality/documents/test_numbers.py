"""Numbers of a series taken at once: none twice and none left out, also where requests are rolled back."""

from __future__ import annotations

import threading

import pytest
from django.db import transaction

from municipality.documents import numbers
from municipality.documents.models import Counter
from municipality.kernel import ids
from tests.open_database import on_postgres
from tests.threads import at_once

SERIES = "TST-2026"


def test_a_number_is_taken_inside_a_transaction_only() -> None:
    """One taken outside would be lost where the request fails."""
    with pytest.raises(RuntimeError, match="inside the transaction"):
        numbers.next_number(SERIES)


@pytest.mark.django_db
def test_a_rollback_gives_the_number_back_and_series_count_apart() -> None:
    first = numbers.next_number(SERIES)
    mark = transaction.savepoint()
    second = numbers.next_number(SERIES)
    transaction.savepoint_rollback(mark)
    assert numbers.next_number(SERIES) == second != first
    assert numbers.next_number("OTH-2026") == ids.with_check("OTH-2026-000001")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_sixteen_at_once_take_each_number_once_and_leave_no_gap() -> None:
    """Every third request of each is rolled back after it had its number."""
    if not on_postgres():
        pytest.skip("needs PostgreSQL")

    def issue() -> list[str]:
        kept: list[str] = []
        for turn in range(30):
            with transaction.atomic():
                number = numbers.next_number(SERIES)
                if turn % 3 == 0:
                    transaction.set_rollback(True)
                else:
                    kept.append(number)
        return kept

    taken = [number for kept in at_once(*[issue] * 16) for number in kept]
    assert sorted(taken) == [ids.with_check(f"{SERIES}-{number:06d}") for number in range(1, 16 * 20 + 1)]
    assert Counter.objects.get(series=SERIES).last == 16 * 20


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_read_and_then_written_a_number_is_given_twice() -> None:
    """The control of the test above: two that read the last number before either writes the next one."""
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    Counter.objects.create(series=SERIES, last=41)
    both_have_read = threading.Barrier(2, timeout=20)

    def issue() -> int:
        with transaction.atomic():
            last = Counter.objects.get(series=SERIES).last
            both_have_read.wait()
            Counter.objects.filter(series=SERIES).update(last=last + 1)
        return last + 1

    assert at_once(issue, issue) == [42, 42]
