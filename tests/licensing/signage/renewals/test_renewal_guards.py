"""What the database refuses of renewals of boards; without its guards it takes place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.models import Board, BoardCheck, BoardRequest
from municipality.accounts.models import User
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from shops.models import Shop
from tests.database_guards import without_guards
from tests.factories import boards
from tests.factories.boards import opened, renewal

pytestmark = [pytest.mark.django_db, pytest.mark.guards]
BY = system("tests")


@pytest.fixture
def old(shop: Shop, owner: User, officer: User) -> Board:
    return boards.licensed(shop, owner, officer, boards.GOODS).boards.get()


def write(act: Callable[[], object]) -> None:
    with transaction.atomic():
        act()


def test_a_board_as_it_was_is_renewed_without_an_officer(shop: Shop, owner: User, old: Board) -> None:
    request = opened(shop, owner)
    renewal(request, old)
    transition(request.case, "submit", actor=BY)
    assert boards.fresh(request.case).case.state == "awaiting_payment"


@pytest.mark.parametrize(
    "other",
    [
        {"board_class": "seasonal"},
        {"medium": "vehicle"},
        {"place": "Wall"},
        {"subject": "other"},
        {"top_cm": 100},
        {"is_lit": True},
        {"projection_cm": 30},
        {"approval": "x"},
        {"previous": None, "deposit_fils": 12_000},
    ],
    ids=lambda one: "-".join(one),
)
def test_what_changed_is_not_renewed_without_an_officer(shop: Shop, owner: User, old: Board, other: dict[str, Any]) -> None:
    request = opened(shop, owner, deposit_fils=other.get("deposit_fils", 0))
    renewal(request, old, **other)
    with pytest.raises(IntegrityError, match="guard:needs_officer"):
        write(lambda: transition(request.case, "submit", actor=BY))
    without_guards()
    transition(request.case, "submit", actor=BY)


def test_what_the_rules_leave_open_is_not_renewed_without_an_officer(shop: Shop, owner: User, old: Board) -> None:
    request = opened(shop, owner)
    board = renewal(request, old)
    BoardCheck.objects.create(
        board=board,
        kind="land",
        outcome="unknown",
        **dict.fromkeys(["measured_ar", "measured_en", "limit_ar", "limit_en", "article_ar", "article_en"], "x"),
    )
    with pytest.raises(IntegrityError, match="guard:needs_officer"):
        write(lambda: transition(request.case, "submit", actor=BY))
    without_guards()
    transition(request.case, "submit", actor=BY)


@pytest.mark.parametrize(("lane", "move"), [("clean", "send_to_officer"), ("officer", "submit")])
def test_the_lane_says_who_decides(shop: Shop, owner: User, old: Board, lane: str, move: str) -> None:
    request = opened(shop, owner, lane)
    renewal(request, old)
    with pytest.raises(IntegrityError, match="guard:needs_officer"):
        write(lambda: transition(request.case, move, actor=BY))
    without_guards()
    transition(request.case, move, actor=BY)


def test_a_renewed_board_has_no_second_deposit(shop: Shop, owner: User, old: Board) -> None:
    with pytest.raises(IntegrityError, match="guard:other_amount"):
        write(lambda: renewal(opened(shop, owner), old, deposit_fils=12_000))
    with pytest.raises(IntegrityError, match="guard:other_amount"):
        write(lambda: renewal(opened(shop, owner), old, previous=None))
    without_guards()
    renewal(opened(shop, owner), old, deposit_fils=12_000)


def test_a_board_renews_one_that_is_licensed_for_the_same_shop(
    make_shop: Callable[..., Any], shop: Shop, owner: User, old: Board, officer: User
) -> None:
    asked = boards.sent(shop, owner).boards.order_by("line")[0]
    for target, previous in ((make_shop(), old), (shop, asked)):
        request = opened(target, owner)
        with pytest.raises(IntegrityError, match="guard:not_licensed"):
            write(lambda previous=previous, request=request: renewal(request, old, previous=previous))
    without_guards()
    renewal(opened(shop, owner), old, previous=asked)


def test_a_board_is_renewed_once(shop: Shop, owner: User, old: Board) -> None:
    renewal(opened(shop, owner), old)
    with pytest.raises(IntegrityError, match="guard:renewed_already"):
        write(lambda: renewal(opened(shop, owner), old))
    without_guards()
    renewal(opened(shop, owner), old)
    assert old.renewals.count() == 2


def test_a_renewal_stays_one_of_its_board(shop: Shop, owner: User, old: Board) -> None:
    board = renewal(opened(shop, owner), old)
    for attack in (
        lambda: Board.objects.filter(pk=board.pk).update(previous=None),
        lambda: BoardRequest.objects.filter(pk=board.request_id).update(lane="officer"),
    ):
        with pytest.raises(IntegrityError, match="guard:frozen"):
            write(attack)
    without_guards()
    assert Board.objects.filter(pk=board.pk).update(previous=None) == 1
