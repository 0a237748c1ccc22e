"""Nobody pays the fee of a transfer that would be refused, since something has become owed on the shop."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from licensing.health import services
from licensing.health.transfers import queries as transfer_queries
from licensing.health.transfers import services as transfers
from municipality.accounts.models import Signatory, User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from payments import queries as payments
from payments.models import Attempt, Bill
from payments.services import start_attempt
from shops.models import Shop
from tests import desk_acts, serving
from tests.browsers import signed_in
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory

pytestmark = pytest.mark.django_db
SENTENCE = "The present holder has to settle something about the shop first"


@pytest.fixture
def noura(db: None) -> User:
    return PersonFactory(noura=True)


def unpaid(shop: Shop, owner: User, noura: User, officer: User) -> tuple[Case, Bill]:
    """A transfer to Noura that waits for her payment."""
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NOURA), user=noura)
    desk_acts.approve(officer)
    bill = payments.bill_of(case.key)
    assert bill is not None
    return Case.objects.get(pk=case.pk), bill


def start(bill: Bill, person: User) -> Attempt:
    with override("en"):
        return start_attempt(bills=[bill], payer=person, language="en", session_key="s")


def owe(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shops.registry.OPEN_SUMS", {"tests": lambda _rows: {shop.pk}})


def test_the_fee_is_not_paid_before_what_is_owed_is_settled(
    shop: Shop, owner: User, noura: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, bill = unpaid(shop, owner, noura, officer)
    owe(shop, monkeypatch)
    paths = [reverse("cases:case", args=[case.public_id]), reverse("payments:pay", args=[bill.public_id]), reverse("payments:basket")]
    client = signed_in(noura)
    for path in paths:
        page = client.get(path.replace("/ar/", "/en/")).content.decode()
        assert SENTENCE in page and "Pay by KNET" not in page and "Payment through KNET" not in page, path
    with pytest.raises(Refused, match="stopped"):
        start(bill, noura)
    monkeypatch.setattr("shops.registry.OPEN_SUMS", {})
    assert payments.stopped([bill]) == "" and start(bill, noura).fils == bill.total_fils


def test_without_the_refusal_the_payment_would_only_come_back(
    shop: Shop, owner: User, noura: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: what follows where something becomes owed while the payment is at the bank."""
    case, _bill = unpaid(shop, owner, noura, officer)
    owe(shop, monkeypatch)
    monkeypatch.setattr("licensing.health.services.issue.owe_back", lambda **facts: None)
    services.take_payment(case=case)
    case.refresh_from_db()
    assert (case.state, case.last_event and case.last_event.reason) == ("refused", "nothing_owed")


def test_the_fees_of_transfers_are_not_owed_by_the_present_holder(make_shop: Any, owner: User, noura: User, officer: User) -> None:
    """Noura signs for the company that holds both shops: its basket has the bills that are hers as the new holder."""
    company = OrganisationFactory()
    shops = [make_shop(ends_in=200, owner=None, organisation=company) for _number in range(2)]
    for person in (owner, noura):
        Signatory.objects.create(organisation=company, person=person, first_day=clock.today())
    cases = [unpaid(shop, owner, noura, officer) for shop in shops]
    assert payments.stopped([bill for _case, bill in cases]) == ""
    assert not any(transfer_queries.owed_on(shop) for shop in shops)
    services.take_payment(case=cases[0][0])
    cases[0][0].refresh_from_db()
    assert cases[0][0].state == "approved"


def asked(client: Client, path: str) -> int:
    """How many statements a page asks, its second time."""
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len([query for query in queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))])


def test_pages_ask_as_often_for_many_unpaid_transfers_of_a_holder_as_for_one(
    make_shop: Any, owner: User, noura: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.warm(monkeypatch)
    _case, bill = unpaid(make_shop(ends_in=200), owner, noura, officer)
    paths = ("/en/", "/en/basket/", "/en/my-payments/", f"/en/pay/{bill.public_id}/")
    client = signed_in(noura)
    few = [asked(client, path) for path in paths]
    for _number in range(2):
        unpaid(make_shop(ends_in=200), owner, noura, officer)
    assert [asked(client, path) for path in paths] == few
    assert few[-1] <= 18, "the page of the bill asks once what stops it and until when"
