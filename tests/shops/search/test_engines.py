"""The limits of a question on PostgreSQL: they hold for it, and for nothing after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from shops.models import Shop
from shops.search import engines
from shops.search.asking import Asked, ask

Make = Callable[..., Shop]


def setting(name: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"SHOW {name}")
        return str(cursor.fetchone()[0])


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_question_that_takes_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "SELECT 1, '', '', '', 1, 0.0, 0.0, NULL, NULL, '', NULL FROM pg_sleep(3)"
    monkeypatch.setattr(engines, "TIMEOUT_MS", 50)
    with pytest.raises(engines.Busy), transaction.atomic():
        engines.Postgres().run(slow, [])
    monkeypatch.setattr(engines, "TIMEOUT_MS", 20_000)  # the red control: the limit is what stops it
    assert len(engines.Postgres().run(slow, [])) == 1


@pytest.mark.postgres
@pytest.mark.django_db
def test_inside_a_transaction_the_limits_do_not_stay() -> None:
    before = [setting(name) for name in ("statement_timeout", "enable_seqscan", "jit")]
    engines.Postgres().run("SELECT 1, '', '', '', 1, 0.0, 0.0, NULL, NULL, current_setting('enable_seqscan'), NULL", [])
    assert [setting(name) for name in ("statement_timeout", "enable_seqscan", "jit")] == before


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_they_hold_for_one_question() -> None:
    (row,) = engines.Postgres().run(
        "SELECT 1, '', '', '', 1, 0.0, 0.0, current_setting('statement_timeout'), current_setting('jit'),"
        " current_setting('enable_seqscan'), NULL",
        [],
    )
    assert (row.closed_on, row.suspended_on, row.licence) == ("1s", "off", "off")
    assert setting("enable_seqscan") == "on"


@pytest.mark.django_db
def test_a_common_word_is_answered_from_the_sample_and_completed_where_the_sample_is_too_small(
    make_shop: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {make_shop(name_ar="صالون النور").pk for _ in range(6)}
    asked: list[Any] = []
    monkeypatch.setattr(engines, "HEAD_FROM", 0)
    monkeypatch.setattr(engines.Postgres, "_expected", lambda self, counts: 1e9)
    meeting = engines.Postgres._meeting
    monkeypatch.setattr(engines.Postgres, "_meeting", lambda self, sets, *rest: asked.append(sets) or meeting(self, sets, *rest))
    assert {hit.shop_id for hit in ask(Asked(text="النور")).hits} == made
    if connection.vendor == "postgresql":
        assert not ask(Asked(text="النور")).is_more
        assert all(word < 0 for word in asked[0][0]) and all(word > 0 for word in asked[1][0])
