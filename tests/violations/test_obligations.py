"""What the home page says of a violation: an offer with a last day, and the right to object that ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.cases.obligations import Duty
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.violations import ObjectionFactory
from violations.models import Violation
from violations.obligations import obligations
from violations.services import notices, terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def served(write: Callable[..., Violation], owner: Any) -> Violation:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    row.refresh_from_db()
    return row


def test_a_choice_with_a_last_day_is_not_called_nothing_to_do(served: Violation, owner: Any) -> None:
    page = signed_in(owner).get("/en/").content.decode()
    assert "Nothing to do now" not in page
    assert '<h2 id="next">Choose what to do</h2>' in page and served.number in page


def test_after_the_settlement_the_right_to_object_has_its_last_day_on_the_home_page(
    served: Violation, owner: Any, frozen_clock: Clock
) -> None:
    assert obligations(owner) == [], "the control: its settlement is in the basket"
    frozen_clock.move(days=15)
    terms.lapse_due()
    (found,) = obligations(owner)
    assert (found.code, found.duty, found.until) == ("object", Duty.OFFER, served.object_until)
    assert "The right to object ends" in signed_in(owner).get("/en/").content.decode()
    ObjectionFactory(violation=Violation.objects.get(pk=served.pk), person=owner)
    assert obligations(owner) == []


def test_a_message_about_an_objection_stands_on_the_page_of_its_case(served: Violation, owner: Any) -> None:
    case = ObjectionFactory(violation=served, person=owner).case
    page = signed_in(owner).get(f"/en/cases/{case.public_id}/").content.decode()
    assert f"Objection {case.reference} is filed" in page and "No messages yet." not in page
