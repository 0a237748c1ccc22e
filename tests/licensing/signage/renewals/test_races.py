"""Two renewals of one board at the same moment, on PostgreSQL, each through its own connection: one of them holds."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from licensing.models import Board
from licensing.signage import invariants
from licensing.signage.renewals import services
from municipality.accounts.models import User
from municipality.kernel import guards
from municipality.kernel.errors import Refused
from shops.models import Shop
from tests.factories import boards
from tests.factories.shops import ShopFactory
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(600)]
ROUNDS = 3


@pytest.fixture
def make_shop(rules: None, owner: User) -> Callable[..., Any]:
    return partial(ShopFactory, owner=owner)


@pytest.fixture
def two_of_one(make_shop: Callable[..., Any], owner: User, officer: User) -> Callable[[], list[Any]]:
    """What two renewals of the same boards of two shops brought, begun at once; the second names the shops the other way round."""

    def act() -> list[Any]:
        found: list[Board] = []
        for _number in range(2):
            shop: Shop = make_shop()
            officer.branch_id = shop.branch_id
            found += boards.licensed(shop, owner, officer).boards.all()
        chosen = [row.public_id for row in found]
        ends = at_once(*[lambda: services.renew(user=owner, chosen=chosen, expected_fils=48_000)] * 2)
        assert {row.renewals.count() for row in found} <= {1, 2}
        return [end if isinstance(end, Exception) else len(end) for end in ends]

    return act


def test_two_renewals_at_once_give_one(two_of_one: Callable[[], list[Any]]) -> None:
    for _round in range(ROUNDS):
        ends = two_of_one()
        assert sorted(isinstance(end, Refused) for end in ends) == [False, True] and 2 in ends
    assert not Board.objects.filter(renewals__isnull=False).exclude(renewals__previous__isnull=False).exists()
    assert not list(invariants.findings())


def test_the_database_renews_a_board_once(shop: Shop, owner: User, officer: User) -> None:
    """Two requests take the same board before either is kept; without the guard both do."""

    def race() -> list[Any]:
        old = boards.licensed(shop, owner, officer).boards.get()
        rows = [boards.opened(shop, owner) for _number in range(2)]

        def write(number: int) -> Any:
            with transaction.atomic():
                boards.renewal(rows[number], old)
                time.sleep(0.3)

        return at_once(lambda: write(0), lambda: write(1))

    for _round in range(ROUNDS):
        ends = race()
        assert sorted(isinstance(end, IntegrityError) for end in ends) == [False, True]
        assert "guard:renewed_already" in str(next(end for end in ends if end))
    guards.remove(connection)
    try:
        assert race() == [None, None]
    finally:
        guards.install(connection)
