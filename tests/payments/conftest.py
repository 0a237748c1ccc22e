"""A bank, people and bills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import registry
from payments.models import Attempt, Bill
from payments.rules import Line
from payments.services import issue_bill, redirect_url, start_attempt
from tests.bank import Bank, Book
from tests.factories.accounts import SALIM, PersonFactory, StaffFactory

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


def line(fils: int = 10_000, code: str = "renewal") -> Line:
    return Line(code, "تجديد", "Renewal", "سنة واحدة", "1 year", "المادة 12", "Article 12", "fees.health v12", fils, "1422101")


@pytest.fixture
def issue(payer: Any) -> Callable[..., Bill]:
    """Issue a bill of the kind `tests.thing`."""

    def make(fils: int = 10_000, *, person: Any = None, subject: str = "case:abc", **more: Any) -> Bill:
        return issue_bill(
            kind="tests.thing",
            subject=subject,
            payer=person or payer,
            title_ar="تجديد الترخيص الصحي",
            title_en="Health licence renewal",
            lines=[line(fils)],
            actor=system("tests"),
            **more,
        )

    return make


@pytest.fixture
def at_bank(issue: Callable[..., Bill], payer: Any) -> Callable[..., Attempt]:
    """An attempt whose browser was sent to the bank."""

    def make(*bills: Bill, language: str = "en") -> Attempt:
        attempt = start_attempt(bills=bills or (issue(),), payer=payer, language=language, session_key="session-1")
        redirect_url(attempt)
        return Attempt.objects.get(pk=attempt.pk)

    return make


@pytest.fixture
def paid_for(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """The owner of `tests.thing`: what it was told."""
    told: dict[str, list[int]] = {"paid": [], "voided": []}
    monkeypatch.setattr(registry, "PAYABLES", registry.PAYABLES)
    monkeypatch.setitem(registry.PAYABLES, "tests.thing", registry.Payable(told["paid"].append, told["voided"].append))
    return told


KINDS = (
    "payments.inquire",
    "payments.hand_over",
    "payments.confirm",
    "payments.tell_void",
    "payments.tell_paid",
    "payments.tell_owed_attempt",
    "payments.tell_owed_bill",
    "payments.tell_paid_out",
    "payments.send_refund",
    "payments.ask_refund",
)


def run_due(kinds: tuple[str, ...] = KINDS) -> int:
    """Run what is due now, as the worker would, until nothing of these kinds is due. Returns how many jobs ran.

    Due is what the worker takes for due: also what a worker that died still holds, once its lease is over.
    """
    ran = 0
    while True:
        due = Job.objects.filter(pk__in=[pk for pk, _queue in jobs.due(limit=10_000)], kind__in=kinds)
        found = list(due.order_by("due_at", "pk").values_list("pk", flat=True))
        if not found:
            return ran
        for pk in found:
            ran += jobs.run(pk)


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
    from municipality.rulebook import seeds

    maker, publisher = StaffFactory(login="rules-1"), StaffFactory(login="rules-2")
    for edition in seeds.read_editions():
        if edition["subject"] == "replies.money":
            draft = seeds._draft(edition, maker)
            seeds.services.publish(ruleset=draft, publisher=publisher, actor=system("tests"))


@pytest.fixture
def cashier(replies: None) -> Any:
    return StaffFactory(groups=["cashier"], login="cashier")


@pytest.fixture
def checker(replies: None) -> Any:
    return StaffFactory(groups=["finance_checker"], login="checker")
