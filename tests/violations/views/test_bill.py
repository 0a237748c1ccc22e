"""The page of a bill for the sum of a violation: it is no fee, and the way back leads to the violation."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape

import pytest
from django.utils import translation

from municipality.accounts.models import User
from municipality.ui.templatetags.portal import day
from tests.browsers import signed_in
from violations.models import Violation
from violations.services import dues, notices, settlements, terms, visitors


def test_a_bill_of_a_violation_is_no_fee_and_stands_below_the_violations(write: Callable[..., Violation], owner: User) -> None:
    row = write()
    notices.record_opening(violation=row, person=owner)
    bill = settlements.bill_for(violation=row, person=owner)
    client = signed_in(owner)
    page = client.get(f"/en/pay/{bill.public_id}/").content.decode()
    assert "<caption>What you pay</caption>" in page and "<caption>Fees</caption>" not in page
    assert f'href="/en/violations/{row.public_id}/"' in page and "/en/violations/mine/" in page
    assert "Editions of the fees" not in page
    assert "<caption>ما يُدفع</caption>" in client.get(f"/ar/pay/{bill.public_id}/").content.decode()


def begun_by_relative(row: Violation, fils: int = 100_000) -> str:
    """The address of the bill that a payment by number and digits left behind."""
    attempt = visitors.start_payment(violation=row, fils=fils, language="ar", session_key="s")
    return f"pay/{attempt.allocations.get().bill.public_id}/"


@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_settlement_that_somebody_else_began_is_no_due_bill_and_says_what_paying_ends(
    served: Violation, owner: User, language: str
) -> None:
    address, client = begun_by_relative(served), signed_in(owner)
    page = unescape(client.get(f"/{language}/{address}").content.decode())
    assert served.block_from is not None
    with translation.override(language):
        assert -1 < page.find(str(dues.ENDS)) < page.index('<button class="kp-btn kp-btn--fill"')
        assert str(day(served.block_from)) in page, "what follows if it is left"
    assert f'<a href="/{language}/violations/{served.public_id}/">' in page.partition("<caption>")[2], "the other ways"
    listed = client.get(f"/{language}/my-payments/").content.decode()
    offer, due = {"en": ("Settlement offer<", "Due<"), "ar": ("صلح معروض<", "مستحقة<")}[language]
    assert offer in listed and due not in listed


def test_the_bill_of_an_unopened_notice_says_when_its_days_begin(write: Callable[..., Violation], owner: User) -> None:
    page = signed_in(owner).get(f"/en/{begun_by_relative(write())}").content.decode()
    assert "The notice is not opened yet" in page and "ends your right to object" in page


def test_the_bill_of_an_instalment_is_due_and_says_what_missing_it_ends(served: Violation, owner: User) -> None:
    terms.agree_plan(violation=served, person=owner, count=2)
    client = signed_in(owner)
    page = client.get(f"/en/{begun_by_relative(served, 50_000)}").content.decode()
    assert str(dues.MISSED) in page and str(dues.ENDS) not in page
    listed = client.get("/en/my-payments/").content.decode()
    assert "Due<" in listed and "Settlement offer" not in listed
