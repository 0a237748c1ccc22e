"""The limits of a question on PostgreSQL: they hold for it, and for nothing after it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from shops.models import SearchWord, Shop
from shops.search import engines, index
from shops.search.queries import SearchQuery, search_shops

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
    with pytest.raises(engines.SearchBusy), transaction.atomic():
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
    SearchWord.objects.create(pk=7_000_001, word="نور")
    made = {make_shop(name_ar="صالون النور").pk for _ in range(6)}
    asked: list[Any] = []
    monkeypatch.setattr(engines, "SAMPLES", tuple(sample._replace(rare=0) for sample in engines.SAMPLES))
    monkeypatch.setattr(engines.Postgres, "_expected", lambda self, counts: 1e9)
    meeting = engines.Postgres._run_matching
    monkeypatch.setattr(engines.Postgres, "_run_matching", lambda self, sets, *rest: asked.append(sets) or meeting(self, sets, *rest))
    assert {hit.shop_id for hit in search_shops(SearchQuery(text="النور")).hits} == made
    if connection.vendor == "postgresql":
        assert not search_shops(SearchQuery(text="النور")).is_more
        smallest, larger, all_shops = (set(sets[0]) for sets in asked[:3])
        assert smallest == {-word for word in all_shops} and larger == {-word - (1 << 30) for word in all_shops}


def test_a_shop_of_a_sample_has_its_words_once_more_for_each_sample_that_holds_it() -> None:
    beyond = 1 << 30
    assert index._tokens("7 5|9", 3) == [5, 7, 9]
    assert index._tokens("7 5|9", 8) == [5, 7, 9, -5 - beyond, -7 - beyond, -9 - beyond]
    assert index._tokens("5", 64) == [5, -5, -5 - beyond]
    assert index._tokens(f"{beyond}", 8) == [beyond], "no room for a second number of this word"
    every = [sample.token(word) for sample in engines.SAMPLES for word in (1, 2, beyond - 1)]
    assert len(set(every)) == 6 and all(-(2**31) <= token < 0 for token in every), "two samples share a word, or one does not fit"


@pytest.mark.django_db
def test_the_larger_sample_answers_where_it_holds_enough(make_shop: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no samples")
    word = SearchWord.objects.create(pk=7_000_001, word="نور").pk  # whatever number the sequence has come to
    made = [make_shop(name_ar="صالون النور").pk for _ in range(24)]
    monkeypatch.setattr(engines, "SAMPLES", tuple(sample._replace(rare=0, share=0) for sample in engines.SAMPLES))
    monkeypatch.setattr(engines, "ENOUGH", 2)
    found, more = engines.Postgres().find_matching([[word]], [24], engines.Where(), 200)
    high = engines.Postgres().find_matching([[word, 1 << 30]], [24], engines.Where(), 200)
    assert len(high[0]) == 24, "a word without a number in the sample is looked up among all"
    assert more and {one.shop_id for one in found} == {pk for pk in made if pk % 8 == 0} and len(found) == 3
