"""What is committed while the boards of a shop are brought into line with it: they stand as the shop does in the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from licensing.models import Board, BoardEnd, BoardRequest
from licensing.signage import invariants, queries
from licensing.signage.life import shop_licence
from licensing.signage.life.services import end_by_holder
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from shops.models import Shop
from shops.register import events
from tests.factories import boards
from tests.factories.shops import ShopFactory
from tests.interleaving import acting_before
from tests.threads import at_once

BY = system("tests")


def states(request: BoardRequest) -> set[str]:
    return {queries.standing(row) for row in queries.licensed([request.shop])[request.shop_id]}


@pytest.fixture
def make_shop(rules: None, owner: User) -> Callable[..., Any]:
    return partial(ShopFactory, owner=owner)


@pytest.fixture
def licensed(shop: Shop, owner: User, officer: User) -> BoardRequest:
    return boards.licensed(shop, owner, officer)


def close_silently(shop: Shop) -> None:
    """As a shop that closes from today on, before the hourly run has seen it."""
    Shop.objects.filter(pk=shop.pk).update(closed_on=clock.today())


def reopen(shop: Shop) -> None:
    events.reopen(shop=shop, source="tests", actor=BY)


@pytest.mark.django_db
def test_a_shop_reopened_before_the_hourly_run_reads_it_keeps_its_boards(licensed: BoardRequest, shop: Shop) -> None:
    close_silently(shop)
    with acting_before('FROM "shops_shop"', lambda: reopen(shop)):
        shop_licence.follow_all()
    assert states(licensed) == {"valid"} and not BoardEnd.objects.exists()


def one_within_another(first: Callable[[], Any], second: Callable[[], Any]) -> list[Any]:
    """What both return or raise: the second begins when the first has done its work and has not committed yet."""
    done = threading.Event()

    def slowly() -> Any:
        with transaction.atomic():
            try:
                return first()
            finally:
                done.set()
                time.sleep(0.6)

    def after() -> Any:
        assert done.wait(30)
        return second()

    return at_once(slowly, after)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_the_hourly_run_waits_for_a_shop_that_is_being_reopened(licensed: BoardRequest, shop: Shop) -> None:
    close_silently(shop)
    ends = one_within_another(lambda: reopen(shop), shop_licence.follow_all)
    assert not [end for end in ends if isinstance(end, Exception)]
    assert states(licensed) == {"valid"} and not BoardEnd.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_shop_closes_while_its_holder_ends_a_board(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    """Without the lock of the request the second end of the board would undo the closing."""
    board = Board.objects.get(request=licensed)
    ends = one_within_another(
        lambda: end_by_holder(board=board, person=owner, day=clock.today()),
        lambda: events.close(shop=shop, source="tests", actor=BY),
    )
    assert not [found for found in ends if isinstance(found, Exception)]
    assert Shop.objects.get(pk=shop.pk).is_closed and BoardEnd.objects.get().reason == "removed"
    assert not list(invariants.findings())


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_board_is_ended_while_its_shop_closes(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    board = Board.objects.get(request=licensed)
    ends = one_within_another(
        lambda: events.close(shop=shop, source="tests", actor=BY),
        lambda: end_by_holder(board=board, person=owner, day=clock.today()),
    )
    assert isinstance(ends[1], Refused) and BoardEnd.objects.get().reason == "with_shop"
