"""Two drafts of one subject at the same moment: real connections, so PostgreSQL only."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError
from django.db.models import Max

from municipality.accounts.models import User
from municipality.kernel.actors import Actor
from municipality.rulebook import services
from municipality.rulebook.models import RuleSet
from tests.factories.accounts import StaffFactory
from tests.factories.rulebook import RuleSetFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.fixture
def maker(transactional_db: None) -> User:
    return StaffFactory(groups=["rule_maker"], login="maker")


def drafts(maker: User) -> list[Any]:
    first = RuleSet.objects.filter(subject="fees.testing").order_by("pk").first() or RuleSetFactory(made_by=maker)
    return at_once(*[lambda: services.copy_as_draft(ruleset=first, maker=maker, actor=Actor("rule_maker", maker.key))] * 6)


def test_each_draft_gets_a_number_of_its_own(maker: User) -> None:
    made = drafts(maker)
    assert sorted(row.version for row in made) == [2, 3, 4, 5, 6, 7]
    assert all(row.fees.count() == 1 for row in made)


def test_without_the_lock_two_drafts_claim_one_number(maker: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control."""

    def unlocked(subject: str) -> int:
        return int(RuleSet.objects.filter(subject=subject).aggregate(last=Max("version"))["last"]) + 1

    monkeypatch.setattr(services, "next_version", unlocked)
    assert any(isinstance(answer, IntegrityError) for _turn in range(20) for answer in drafts(maker))
