"""Editions as pages and transactions read them: asked for once a page, never cached before they are certain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction

from municipality.accounts.models import User
from municipality.kernel import clock, request_cache
from municipality.kernel.errors import Refused
from municipality.rulebook import queries
from municipality.rulebook.models import FeeRule, RuleSet
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db(transaction=True)
DAY = dt.date(2030, 1, 1)
SUBJECT = "fees.testing"


@pytest.fixture(autouse=True)
def page() -> Iterator[None]:
    """A request that goes on."""
    with request_cache.activate():
        yield


@pytest.fixture
def people() -> tuple[User, User]:
    return StaffFactory(groups=["rule_maker"], login="maker9"), StaffFactory(groups=["rule_publisher"], login="publisher9")


def publish(people: tuple[User, User], version: int, fils: int, first_day: dt.date = DAY, subject: str = SUBJECT) -> RuleSet:
    """An edition with one fee, in force from `first_day`."""
    maker, publisher = people
    words = {"instrument_ar": "قرار", "instrument_en": "Decision"}
    edition = RuleSet.objects.create(subject=subject, version=version, first_day=first_day, made_by=maker, made_at=clock.now(), **words)
    names = {"label_ar": "رسم", "label_en": "Fee", "article_ar": "مادة", "article_en": "Article"}
    FeeRule.objects.create(ruleset=edition, code="renewal", fils=fils, unit="year", revenue_account="1", **names)
    RuleSet.objects.filter(pk=edition.pk).update(published_by=publisher, published_at=clock.now())
    return edition


def fee() -> int:
    return queries.edition(SUBJECT, DAY).fees["renewal"].fils


def test_a_page_asks_once_for_the_editions_however_many_it_shows(people: Any, django_assert_num_queries: Any) -> None:
    publish(people, 1, 10_000)
    fee()  # the rows of the edition
    with request_cache.activate(), django_assert_num_queries(1):
        assert {fee() for _ in range(5)} == {10_000}


def test_the_next_page_sees_what_was_published_since(people: Any) -> None:
    publish(people, 1, 10_000)
    assert fee() == 10_000
    publish(people, 2, 12_000)
    with request_cache.activate():
        assert fee() == 12_000


def test_a_transaction_decides_by_what_it_read_itself(people: Any) -> None:
    publish(people, 1, 10_000)
    assert fee() == 10_000
    publish(people, 2, 12_000)
    with transaction.atomic():
        assert fee() == 12_000
    assert fee() == 10_000  # the page goes on as it began


def test_a_transaction_reads_only_the_editions_that_it_decides_by(people: Any) -> None:
    publish(people, 1, 10_000)
    publish(people, 1, 10_000, subject="fees.others")
    both = {SUBJECT, "fees.others"}
    with transaction.atomic():
        assert {row.subject for row in queries._published(SUBJECT)} == {SUBJECT}
        assert {row.subject for row in queries._published()} >= both  # the control: where none is named
    assert {row.subject for row in queries._published(SUBJECT)} >= both  # a page keeps all, for what it asks next


def test_an_edition_that_is_taken_back_is_not_cached(people: Any) -> None:
    with transaction.atomic():
        taken_back = publish(people, 1, 10_000)
        assert fee() == 10_000
        transaction.set_rollback(True)
    assert not any(identity[0] == taken_back.pk for identity in queries._editions)
    with pytest.raises(Refused):
        fee()
    with transaction.atomic():  # the control: one that stays is cached
        kept = publish(people, 1, 11_000)
        fee()
    assert any(identity[0] == kept.pk for identity in queries._editions)


def test_of_two_editions_the_later_first_day_holds(people: Any) -> None:
    publish(people, 2, 10_000, DAY - dt.timedelta(days=2))
    publish(people, 1, 12_000, DAY - dt.timedelta(days=1))
    assert fee() == 12_000
