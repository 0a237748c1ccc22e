"""Licensed boards whose deposits were paid at the bank."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.models import Board, BoardRequest
from municipality.accounts.models import User
from shops.models import Shop
from tests.bank import Bank, Book
from tests.factories import boards
from tests.factories.accounts import PersonFactory, StaffFactory


@pytest.fixture
def bank(settings: Any) -> Book:
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    Bank.book = Book()
    return Bank.book


@pytest.fixture
def licensed(shop: Shop, owner: User, officer: User, sealed: None, bank: Book, frozen_clock: Any) -> BoardRequest:
    """A board on the front for one year and a light box for two, licensed today."""
    return boards.issued_at_bank(shop, owner, officer, bank)


@pytest.fixture
def board(licensed: BoardRequest) -> Board:
    """The board on the front."""
    return licensed.boards.get(line=1)


@pytest.fixture
def box(licensed: BoardRequest) -> Board:
    """The light box."""
    return licensed.boards.get(line=2)


@pytest.fixture
def inspector(shop: Shop) -> User:
    return StaffFactory(groups=["inspector"], login="inspector", branch_id=shop.branch_id)


@pytest.fixture
def cashier(db: None) -> User:
    return StaffFactory(groups=["cashier"], login="cashier")


@pytest.fixture
def checker(db: None) -> User:
    return StaffFactory(groups=["finance_checker"], login="checker")


@pytest.fixture
def stranger(db: None) -> User:
    return PersonFactory(noura=True)
