"""The office enters a ruling on appeal by two clerks of the court."""

from __future__ import annotations

from typing import Any

import pytest

from municipality.kernel import clock
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from violations.models import AppealRuling, Violation
from violations.services import court, notices, terms

pytestmark = pytest.mark.django_db
FOLD = '<details class="kp-desk-card">'


@pytest.fixture
def two(rules: None) -> tuple[Any, Any]:
    return tuple(StaffFactory(groups=["court_clerk"], login=login) for login in ("court", "court2"))


@pytest.fixture
def judged(write: Any, owner: Any, two: tuple[Any, Any], frozen_clock: Clock) -> Violation:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    frozen_clock.move(days=31)
    terms.lapse_due()
    court.refer(clerk=two[0])
    facts: dict[str, Any] = {"ruling_no": "7/2026", "ruled_on": clock.today(), "fils": 150_000}
    court.confirm_judgment(judgment=court.enter_judgment(violation=row, clerk=two[0], **facts), clerk=two[1], **facts)
    return Violation.objects.get(pk=row.pk)


def test_a_ruling_is_entered_read_anew_and_confirmed(judged: Violation, two: tuple[Any, Any]) -> None:
    url = f"/admin/office/{judged.public_id}/"
    first, second = (signed_in(clerk) for clerk in two)
    typed = {"court": "appeal", "ruling_no": "س 9", "ruled_on": clock.today().isoformat(), "outcome": "changed", "amount": "100.000"}
    assert 'value="appeal"' in first.get(url).content.decode()
    for wrong in ({"amount": "100"}, {"ruled_on": "soon"}, {"outcome": ""}, {"court": ""}):
        assert first.post(url, typed | wrong | {"step": "appeal"}).status_code == 409, wrong
    assert second.post(url, typed | {"step": "confirm_appeal"}).status_code == 409, "nothing is entered yet"
    assert first.post(url, typed | {"step": "appeal"}).status_code == 302
    own, other = first.get(url).content.decode(), second.get(url).content.decode()
    assert 'value="confirm_appeal"' not in own and 'value="drop_appeal"' in own
    assert 'value="confirm_appeal"' in other and "س 9" not in other, "they read the ruling anew"
    assert judged.number in second.get("/admin/").content.decode()  # type: ignore[operator]
    assert judged.number in second.get("/admin/office/referrals/").content.decode()  # type: ignore[operator]
    assert second.post(url, typed | {"step": "confirm_appeal", "amount": "10.000"}).status_code == 409
    assert second.post(url, typed | {"step": "confirm_appeal"}).status_code == 302
    assert AppealRuling.objects.get().confirmed_by == two[1]
    page = first.get(url).content.decode()
    assert "100.000" in page and "س 9" in page and 'value="appeal"' in page, "a higher court may rule again"
    assert FOLD in page and FOLD not in other, "what is done is not offered as the next step"
    assert FOLD not in first.post(url, typed | {"step": "appeal", "amount": "100"}).content.decode(), "a mistake is shown where it was made"


def test_a_misread_ruling_is_taken_back(judged: Violation, two: tuple[Any, Any]) -> None:
    url, client = f"/admin/office/{judged.public_id}/", signed_in(two[0])
    typed = {"court": "appeal", "ruling_no": "9", "ruled_on": clock.today().isoformat(), "outcome": "acquitted"}
    assert client.post(url, typed | {"step": "appeal"}).status_code == 302
    assert client.post(url, {"step": "drop_appeal"}).status_code == 302
    assert not AppealRuling.objects.exists() and Violation.objects.get().state == "judged"


def test_who_is_no_clerk_of_the_court_has_no_form(judged: Violation) -> None:
    clerk = signed_in(StaffFactory(groups=["violation_clerk"], login="clerk", branch=judged.branch))
    url = f"/admin/office/{judged.public_id}/"
    assert 'value="appeal"' not in clerk.get(url).content.decode()
    typed = {"step": "appeal", "court": "appeal", "ruling_no": "9", "ruled_on": clock.today().isoformat(), "outcome": "upheld"}
    assert clerk.post(url, typed).status_code == 409 and not AppealRuling.objects.exists()
