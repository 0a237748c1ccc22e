"""A bank, people and bills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from municipality.kernel import clock
from payments import registry
from payments.models import Attempt, Bill
from tests.bank import Bank, Book
from tests.due_jobs import run_due
from tests.factories.accounts import SALIM, PersonFactory, StaffFactory
from tests.factories.payments import AttemptFactory, BillFactory
from tests.factories.rulebook import publish_rulebook

START = dt.datetime(2026, 11, 24, 7, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def gateway(settings: Any) -> None:
    """The terminal of the tests, whatever the settings module says."""
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    settings.PORTAL_URL = "https://portal.example.test"
    settings.KNET_PAYMENT_URL = "https://bank.example.test/kpg/PaymentHTTP.htm"
    settings.KNET_TRANPIPE_URL = "https://bank.example.test/kpg/tranPipe.htm"
    settings.KNET_TRANPORTAL_ID, settings.KNET_PASSWORD, settings.KNET_RESOURCE_KEY = "999901", "999901pg", "1234567890ABCDEF"
    settings.KNET_INQUIRY_DELAY_SECONDS, settings.KNET_CONFIRM_DELAY_SECONDS, settings.KNET_PAGE_LIFETIME_SECONDS = 3, 600, 1800
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    settings.DEMO = False


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    with clock.at(START):
        yield


@pytest.fixture
def bank() -> Book:
    Bank.book = Book()
    return Bank.book


@pytest.fixture
def payer(db: None) -> Any:
    return PersonFactory(civil_id=SALIM)


@pytest.fixture
def stranger(db: None) -> Any:
    return PersonFactory(noura=True)


@pytest.fixture
def issue(payer: Any) -> Callable[..., Bill]:
    """Issue a bill of the kind `tests.thing`."""

    def make(fils: int = 10_000, *, person: Any = None, subject: str = "case:abc", **more: Any) -> Bill:
        return BillFactory(fils=fils, payer=person or payer, subject=subject, **more)

    return make


@pytest.fixture
def at_bank(issue: Callable[..., Bill], payer: Any) -> Callable[..., Attempt]:
    """An attempt whose browser was sent to the bank."""

    def make(*bills: Bill, language: str = "en") -> Attempt:
        return AttemptFactory(bills=bills or (issue(),), payer=payer, language=language)

    return make


@pytest.fixture
def paid_for(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """The owner of `tests.thing`: what it was told."""
    told: dict[str, list[int]] = {"paid": [], "voided": []}
    monkeypatch.setattr(registry, "PAYABLES", registry.PAYABLES)
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(told["paid"].append, told["voided"].append))
    return told


def walk(minutes: float, step: float = 1.0) -> None:
    """Let time pass and jobs run, from the frozen start."""
    elapsed = 0.0
    while elapsed < minutes:
        elapsed = min(minutes, elapsed + step)
        with clock.at(START + dt.timedelta(minutes=elapsed)):
            run_due()


@pytest.fixture
def replies(db: None) -> None:
    """The coded reasons of money, published by two people."""
    publish_rulebook("replies.money")


@pytest.fixture
def cashier(replies: None) -> Any:
    return StaffFactory(groups=["cashier"])


@pytest.fixture
def checker(replies: None) -> Any:
    return StaffFactory(groups=["finance_checker"], login="checker")
