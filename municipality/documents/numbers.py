"""Readable numbers without duplicates: `HLT-HW-2026-004217-K`."""

from __future__ import annotations

from django.db import connection
from django.db.models import F

from municipality.documents.models import Counter
from municipality.kernel import ids
from municipality.kernel.questions import Question

_last = Question(lambda series: Counter.objects.filter(series=series).values_list("last", flat=True))


def take(series: str, *, width: int = 6) -> str:
    """The next number of a series with its check character. Runs in the caller's transaction: a rollback gives the number back."""
    if not connection.in_atomic_block:
        raise RuntimeError("a number is taken inside the transaction that uses it")
    counter = Counter.objects.filter(series=series)
    while not counter.update(last=F("last") + 1):  # the first of its series
        Counter.objects.get_or_create(series=series)
    return ids.with_check(f"{series}-{_last.one(series):0{width}d}")
