"""How many statements the pages of an opinion ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from municipality.cases.services import give_feedback
from payments.models import Bill, Receipt
from payments.services import receipts, settle
from payments.services.inquiries import ask
from tests import serving
from tests.bank import Bank, Book
from tests.browsers import signed_in
from tests.factories.opinions import begun, submitted
from tests.factories.payments import AttemptFactory
from zoning.models import Opinion, Plot

pytestmark = pytest.mark.django_db
MOST = 12


def asked_by(visit: Callable[[], Any]) -> int:
    """How many statements a page asks the second time."""
    assert visit().status_code == 200
    with CaptureQueriesContext(connection) as asked:
        assert visit().status_code == 200
    return len([one for one in asked.captured_queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))])


def test_the_order_page_asks_twelve_times(plot: Plot, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = begun(plot, owner)
    serving.warm(monkeypatch)
    client = signed_in(owner)
    assert asked_by(lambda: client.get(f"/en/opinions/{draft.public_id}/")) <= 12


def test_the_case_page_under_study_asks_twelve_times(heard: Opinion, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    serving.warm(monkeypatch)
    client = signed_in(owner)
    assert asked_by(lambda: client.get(f"/en/cases/{heard.case.public_id}/")) <= MOST


def test_the_case_page_of_an_unpaid_request_asks_twelve_times(plot: Plot, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    case = submitted(plot, owner).case
    serving.warm(monkeypatch)
    client = signed_in(owner)
    assert asked_by(lambda: client.get(f"/en/cases/{case.public_id}/")) <= MOST


@pytest.mark.parametrize("given", [{}, {"outcome": "conditional", "code": "layer_outdated"}], ids=["agrees", "deviates"])
def test_the_case_page_of_an_issued_opinion_asks_twelve_times(
    issued_opinion: Callable[..., Opinion], owner: Any, settings: Any, monkeypatch: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    """The fee is paid, the opinion can be objected to, and the applicant has said how easy it was."""
    case = issued_opinion(**given).case
    settings.PAYMENT_PROVIDER = "tests.bank.Bank"
    Bank.book = Book()
    bill = Bill.objects.get(subject=case.key)
    attempt = AttemptFactory(bills=[bill], payer=owner)
    Bank.book.decide(attempt)
    inquiry = ask(attempt)
    assert inquiry is not None
    settle(attempt=attempt, inquiry=inquiry)
    receipt = Receipt.objects.get(bill=bill)
    receipts.write_document(receipt_id=receipt.pk)
    give_feedback(subject=case.key, service=case.service, person=owner, ease=5, text="It was quick.")
    serving.warm(monkeypatch)
    client = signed_in(owner)
    page = client.get(f"/en/cases/{case.public_id}/").content.decode()
    assert "You can object until" in page and "It was quick." in page and receipt.number in page
    assert ("Why it deviates" in page) == bool(given)
    assert asked_by(lambda: client.get(f"/en/cases/{case.public_id}/")) <= MOST


def test_the_bodies_are_read_once_for_blocks_and_course(heard: Opinion, owner: Any) -> None:
    with CaptureQueriesContext(connection) as asked:
        signed_in(owner).get(f"/en/cases/{heard.case.public_id}/")
    assert len([one for one in asked.captured_queries if 'FROM "zoning_consultation"' in one["sql"]]) == 1
