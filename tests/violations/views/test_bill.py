"""The page of a bill for the sum of a violation: it is no fee, and the way back leads to the violation."""

from __future__ import annotations

from collections.abc import Callable

from municipality.accounts.models import User
from tests.browsers import signed_in
from violations.models import Violation
from violations.services import notices, settlements


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
