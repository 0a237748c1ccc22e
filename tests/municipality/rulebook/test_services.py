"""Editions: two people, then nobody."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from municipality.accounts.models import User, actor_of
from municipality.audit.models import AuditEvent
from municipality.kernel import clock, guards
from municipality.kernel.errors import Refused
from municipality.rulebook import queries
from municipality.rulebook.models import ConditionRule, FeeRule, LimitRule, RuleSet, SpacingRule
from municipality.rulebook.services import publish
from tests.factories.accounts import StaffFactory
from tests.factories.rulebook import RuleSetFactory

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 1, 1)


def put_in_force(ruleset: RuleSet, checker: User) -> RuleSet:
    publish(ruleset=ruleset, publisher=checker, actor=actor_of(checker, "rule_publisher"))
    return ruleset


def refusal(ruleset: RuleSet, publisher: User) -> str:
    with pytest.raises(Refused) as refused, transaction.atomic():
        put_in_force(ruleset, publisher)
    assert str(refused.value.sentence)
    assert RuleSet.objects.get(pk=ruleset.pk).published_by_id != publisher.pk or refused.value.code == "published"
    return refused.value.code


def test_a_second_person_publishes_and_it_is_recorded(maker: User, checker: User) -> None:
    ruleset = put_in_force(RuleSetFactory(made_by=maker), checker)
    ruleset.refresh_from_db()
    assert ruleset.published_by == checker
    act = AuditEvent.objects.get(action="rulebook.published")
    assert (act.actor_key, act.data) == (checker.key, {"edition": "fees.testing v1"})


def test_a_limit_above_what_the_database_keeps_is_not_published(maker: User, checker: User) -> None:
    ruleset = RuleSetFactory(made_by=maker, subject="limits.reports")
    LimitRule.objects.create(ruleset=ruleset, code="similar_metres", value=481, unit="metre", article_ar="م 1", article_en="Art. 1")
    assert refusal(ruleset, checker) == "limit_too_high"


@pytest.mark.parametrize("written", [{}, {"condition_ar": "شرط"}, {"condition_ar": "شرط", "condition_en": " "}])
def test_a_conditional_distance_without_its_condition_is_not_published(written: dict[str, str], maker: User, checker: User) -> None:
    ruleset = RuleSetFactory(made_by=maker)
    rule = {"group": "beauty", "layer": "schools", "metres": 200, "outcome": "conditional", "article_ar": "م 1", "article_en": "Art. 1"}
    row = SpacingRule.objects.create(ruleset=ruleset, **rule, **written)
    with pytest.raises(ValidationError):
        row.full_clean()
    assert refusal(ruleset, checker) == "no_condition"
    SpacingRule.objects.update(condition_ar="شرط", condition_en="A condition")
    put_in_force(ruleset, checker)


def test_the_maker_cannot_publish_by_the_service(maker: User) -> None:
    assert refusal(RuleSetFactory(made_by=maker), maker) == "same_person"


@pytest.mark.guards
def test_the_maker_cannot_publish_by_the_database(maker: User) -> None:
    ruleset = RuleSetFactory(made_by=maker)
    with pytest.raises(IntegrityError, match="rulebook_two_people"), transaction.atomic():
        RuleSet.objects.filter(pk=ruleset.pk).update(published_by=maker, published_at=clock.now())
    with pytest.raises(IntegrityError, match="rulebook_published_whole"), transaction.atomic():
        RuleSet.objects.filter(pk=ruleset.pk).update(published_at=clock.now())


def test_an_edition_is_published_once_even_from_a_stale_page(maker: User, checker: User) -> None:
    ruleset = RuleSetFactory(made_by=maker)
    stale = RuleSet.objects.get(pk=ruleset.pk)
    put_in_force(ruleset, checker)
    third = StaffFactory(groups=["rule_publisher"], login="third")
    assert refusal(stale, third) == "published"
    assert AuditEvent.objects.filter(action="rulebook.published").count() == 1


def test_an_empty_edition_is_refused(maker: User, checker: User) -> None:
    ruleset = RuleSetFactory(made_by=maker)
    for model in (FeeRule, LimitRule, ConditionRule):
        model.objects.filter(ruleset=ruleset).delete()
    assert refusal(ruleset, checker) == "empty"


def test_editions_do_not_overlap(maker: User, checker: User) -> None:
    put_in_force(RuleSetFactory(made_by=maker), checker)
    assert refusal(RuleSetFactory(made_by=maker, version=2, first_day=DAY), checker) == "overlap"
    assert refusal(RuleSetFactory(made_by=maker, version=3, first_day=DAY - dt.timedelta(days=1)), checker) == "overlap"
    put_in_force(
        RuleSetFactory(made_by=maker, version=4, first_day=DAY + dt.timedelta(days=100), last_day=DAY + dt.timedelta(days=200)), checker
    )
    assert refusal(RuleSetFactory(made_by=maker, version=5, first_day=DAY + dt.timedelta(days=150)), checker) == "overlap"
    put_in_force(RuleSetFactory(made_by=maker, version=6, first_day=DAY + dt.timedelta(days=201)), checker)
    periods = list(RuleSet.objects.filter(published_at__isnull=False).order_by("first_day").values_list("first_day", "last_day"))
    for (_first, last), (following, _) in pairwise(periods):
        assert last == following - dt.timedelta(days=1)


def test_the_edition_of_a_day_is_the_one_in_force_on_it(maker: User, checker: User) -> None:
    put_in_force(RuleSetFactory(made_by=maker, version=1, first_day=DAY, fils=10_000), checker)
    put_in_force(RuleSetFactory(made_by=maker, version=2, first_day=DAY + dt.timedelta(days=31), fils=12_000), checker)
    RuleSetFactory(made_by=maker, version=3, first_day=DAY + dt.timedelta(days=60), fils=99_000)
    for day, version, fils in ((0, 1, 10_000), (30, 1, 10_000), (31, 2, 12_000), (3650, 2, 12_000)):
        edition = queries.edition("fees.testing", on=DAY + dt.timedelta(days=day))
        assert (edition.version, edition.fees["base"].fils, edition.limits["window_days"].value) == (version, fils, 60)
    with pytest.raises(Refused, match="no_edition"):
        queries.edition("fees.testing", on=DAY - dt.timedelta(days=1))


def test_a_snapshot_has_one_form_and_one_hash(maker: User, checker: User) -> None:
    put_in_force(RuleSetFactory(made_by=maker), checker)
    edition = queries.edition("fees.testing", on=DAY)
    assert edition.snapshot() == {"edition": "fees.testing v1", "fees": {"base": 10_000}, "limits": {"window_days": 60}}
    assert queries.digest([edition.snapshot()]) == queries.digest([dict(reversed(edition.snapshot().items()))])


def _raw(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def _save_fee(fee: FeeRule) -> None:
    fee.label_en += "x"
    fee.save()


ATTACKS = {
    "fee by ORM": lambda row: FeeRule.objects.filter(ruleset=row).update(fils=1),
    "fee by save": lambda row: _save_fee(row.fees.get()),
    "fee by SQL": lambda row: _raw(f"UPDATE rulebook_feerule SET fils = 2 WHERE ruleset_id = {row.pk}"),
    "limit by ORM": lambda row: LimitRule.objects.filter(ruleset=row).update(value=1),
    "condition by SQL": lambda row: _raw(f"UPDATE rulebook_conditionrule SET text_ar = 'x' WHERE ruleset_id = {row.pk}"),
    "fee added": lambda row: FeeRule.objects.create(
        ruleset=row, code="new", label_ar="x", label_en="x", article_ar="x", article_en="x", fils=1, unit="x", revenue_account="x"
    ),
    "fee deleted": lambda row: _raw(f"DELETE FROM rulebook_feerule WHERE ruleset_id = {row.pk}"),
    "first day by ORM": lambda row: RuleSet.objects.filter(pk=row.pk).update(first_day=DAY - dt.timedelta(days=1)),
    "first day by SQL": lambda row: _raw(f"UPDATE rulebook_ruleset SET first_day = '2020-01-01' WHERE id = {row.pk}"),
    "instrument by ORM": lambda row: RuleSet.objects.filter(pk=row.pk).update(instrument_en="x"),
    "unpublished": lambda row: RuleSet.objects.filter(pk=row.pk).update(published_by=None, published_at=None),
    "set deleted": lambda row: _raw(f"DELETE FROM rulebook_ruleset WHERE id = {row.pk}"),
}


def written() -> list[Any]:
    """Every edition as it stands in the database."""
    return [list(model.objects.order_by("pk").values()) for model in (RuleSet, FeeRule, LimitRule, ConditionRule)]


@pytest.mark.guards
@pytest.mark.parametrize("attack", ATTACKS)
def test_a_published_edition_does_not_change(maker: User, checker: User, attack: str) -> None:
    ruleset = put_in_force(RuleSetFactory(made_by=maker), checker)
    with pytest.raises(IntegrityError, match="guard:"), transaction.atomic():
        ATTACKS[attack](ruleset)


@pytest.mark.guards
@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "set deleted"])
def test_without_the_guards_it_would(maker: User, checker: User, attack: str) -> None:
    ruleset = put_in_force(RuleSetFactory(made_by=maker), checker)
    guards.remove(connection)
    before = written()
    ATTACKS[attack](ruleset)
    assert written() != before


@pytest.mark.guards
def test_a_row_cannot_be_moved_from_a_draft_into_a_published_edition(maker: User, checker: User) -> None:
    published, other = (
        put_in_force(RuleSetFactory(made_by=maker), checker),
        RuleSetFactory(made_by=maker, version=2, first_day=DAY + dt.timedelta(days=10)),
    )
    LimitRule.objects.filter(ruleset=other).update(code="smuggled")
    with pytest.raises(IntegrityError, match="guard:"), transaction.atomic():
        LimitRule.objects.filter(ruleset=other).update(ruleset=published)


@pytest.mark.guards
def test_an_end_is_set_once(maker: User, checker: User) -> None:
    ruleset = put_in_force(RuleSetFactory(made_by=maker), checker)
    RuleSet.objects.filter(pk=ruleset.pk).update(last_day=DAY + dt.timedelta(days=10))
    with pytest.raises(IntegrityError, match="guard:frozen:rulebook_ruleset_ends_once"), transaction.atomic():
        RuleSet.objects.filter(pk=ruleset.pk).update(last_day=DAY + dt.timedelta(days=20))


@pytest.mark.guards
def test_a_draft_may_still_change(maker: User) -> None:
    ruleset = RuleSetFactory(made_by=maker)
    for name, attack in ATTACKS.items():
        if name not in {"unpublished", "set deleted", "fee deleted"}:
            before = written()
            attack(ruleset)
            assert written() != before, name
