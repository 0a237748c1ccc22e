"""Boards whose last day passed while a measure ran against their shop can be renewed for some days after it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from licensing.measures import services as measures
from licensing.models import Board
from licensing.shop_cases import cases_of
from licensing.signage.life.obligations import obligations
from licensing.signage.renewals import offers, services
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.rulebook.models import LimitRule
from shops.models import Shop
from tests.bank import Bank, Book
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.factories.boards import FRONT, issued_at_bank

pytestmark = pytest.mark.django_db
DAYS = 30  # `renewal_days` of limits.measures


@pytest.fixture
def board(shop: Shop, owner: User, officer: User, sealed: None, settings: Any, frozen_clock: Clock) -> Board:
    """A paid board that ends in five days."""
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    Bank.book = Book()
    found = issued_at_bank(shop, owner, officer, Bank.book, FRONT).boards.get()
    assert found.last_day is not None
    frozen_clock.set(dt.datetime.combine(found.last_day - dt.timedelta(days=5), dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today() + dt.timedelta(days=900))
    return found


def suspend(shop: Shop, head: User, days: int) -> None:
    inspector = User.objects.filter(login="inspector").first() or StaffFactory(
        groups=["inspector"], login="inspector", branch_id=shop.branch_id
    )
    words: dict[str, Any] = {"kind": "suspension", "code": "inspection_failed", "text": "The drain is open.", "days": days}
    measures.sign(measure=measures.propose(shop=Shop.objects.get(pk=shop.pk), officer=inspector, **words), supervisor=head)


def ended(frozen_clock: Clock, days: int) -> None:
    frozen_clock.move(days=days)
    assert measures.end_due() == 1


def waits(shop: Shop) -> bool:
    """Whether the board waits for its renewal, by the rule and in My shops."""
    found = offers.waiting().filter(request__shop=shop).exists()
    assert bool(cases_of([shop]).boards[shop.key].ending if shop.key in cases_of([shop]).boards else 0) is found
    return found


def test_it_is_renewed_for_some_days_after_the_measure(board: Board, shop: Shop, owner: User, head: User, frozen_clock: Clock) -> None:
    late = offers.window().limits["late_days"].value
    suspend(shop, head, 10 + late)
    ended(frozen_clock, 10 + late)
    assert board.last_day is not None and clock.today() > board.last_day + dt.timedelta(days=late), "past its usual time"
    assert waits(shop)
    frozen_clock.move(days=DAYS)
    assert waits(shop)
    (one,) = [one for group in offers.of_user(owner) for one in group.ready]
    assert services.renew(user=owner, chosen=[board.public_id], expected_fils=one.fils)
    assert not waits(shop)


def test_after_those_days_it_is_not(board: Board, shop: Shop, owner: User, head: User, frozen_clock: Clock) -> None:
    suspend(shop, head, 60)
    ended(frozen_clock, 60)
    frozen_clock.move(days=DAYS + 1)
    assert not waits(shop) and not offers.of_user(owner)


@pytest.mark.parametrize(("pauses", "is_waiting"), [([DAYS], True), ([DAYS, DAYS], True), ([DAYS + 1], False), ([DAYS, DAYS + 1], False)])
def test_a_measure_that_began_in_the_days_of_another_gives_its_own(
    board: Board, shop: Shop, head: User, frozen_clock: Clock, pauses: list[int], is_waiting: bool
) -> None:
    """As for the health licence: who could not renew in the first days because the shop was suspended again is not late."""
    suspend(shop, head, 60)
    ended(frozen_clock, 60)
    for pause in pauses:
        frozen_clock.move(days=pause)
        suspend(shop, head, 40)
        ended(frozen_clock, 40)
    assert waits(shop) is is_waiting
    frozen_clock.move(days=DAYS)
    assert waits(shop) is is_waiting
    frozen_clock.move(days=1)
    assert not waits(shop)


def test_a_measure_that_was_over_before_the_last_day_gives_no_time(board: Board, shop: Shop, head: User, frozen_clock: Clock) -> None:
    late = offers.window().limits["late_days"].value
    suspend(shop, head, 3)
    ended(frozen_clock, 3)
    frozen_clock.move(days=3 + late)
    assert not waits(shop)


def test_a_measure_that_began_after_the_last_day_gives_no_time(board: Board, shop: Shop, head: User, frozen_clock: Clock) -> None:
    late = offers.window().limits["late_days"].value
    frozen_clock.move(days=6)
    suspend(shop, head, late + 1)
    ended(frozen_clock, late + 1)
    assert not waits(shop)


def test_without_the_rule_of_the_rulebook_no_board_gets_more_time(
    board: Board, shop: Shop, head: User, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control."""
    assert LimitRule.objects.get(code="renewal_days").value == DAYS
    suspend(shop, head, 60)
    ended(frozen_clock, 60)
    assert waits(shop)
    monkeypatch.setattr(offers, "kept_by_measure", lambda **_: Board.objects.none().values("pk"))
    assert not offers.waiting().filter(request__shop=shop).exists()


def test_no_photo_of_the_place_is_asked_for_while_the_measure_runs(
    board: Board, shop: Shop, owner: User, head: User, frozen_clock: Clock
) -> None:
    suspend(shop, head, 60)
    frozen_clock.move(days=30)
    assert board.last_day is not None and board.last_day < clock.today() and not obligations(owner)
    ended(frozen_clock, 30)
    frozen_clock.move(days=DAYS + 1)
    assert len(obligations(owner)) == 1, "the control: now it can be renewed no more"
