"""An acquittal, then a fine of a higher court: what the party and the staff see, and whether the fine can be paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from municipality.kernel import clock
from payments.models import Attempt
from tests.bank import Bank
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from violations import documents as papers
from violations.models import Violation
from violations.services import appeals, court, documents, notices, terms

pytestmark = pytest.mark.django_db
SENTENCE = "A higher court has set a fine for this violation since then."


@pytest.fixture
def two(rules: None) -> tuple[Any, Any]:
    return tuple(StaffFactory(groups=["court_clerk"], login=login) for login in ("one", "two"))


@pytest.fixture
def acquitted(
    write: Callable[..., Violation],
    owner: Any,
    two: tuple[Any, Any],
    frozen_clock: Clock,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Violation:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr("municipality.documents.services.render_and_seal", lambda facts, document: b"%PDF-1.7")
    row = write("CLN-03")
    documents.write_notice(violation_id=row.pk)
    notices.record_opening(violation=row, person=owner)
    frozen_clock.move(days=31)
    terms.lapse_due()
    court.refer(clerk=two[0])
    facts: dict[str, Any] = {"ruling_no": "7/2026", "ruled_on": clock.today(), "fils": None}
    court.confirm_judgment(judgment=court.enter_judgment(violation=row, clerk=two[0], **facts), clerk=two[1], **facts)
    return fresh(row)


def fresh(row: Violation) -> Violation:
    return Violation.objects.select_related("notice").get(pk=row.pk)


def fine(row: Violation, two: tuple[Any, Any]) -> Violation:
    facts: dict[str, Any] = {"court": "appeal", "ruling_no": "9/2026", "ruled_on": clock.today(), "outcome": "changed", "fils": 80_000}
    appeals.confirm_appeal(appeal=appeals.enter_appeal(violation=row, clerk=two[0], **facts), clerk=two[1], **facts)
    return fresh(row)


def checked(row: Violation, language: str = "en") -> str:
    assert row.notice is not None
    return Client(HTTP_ACCEPT_LANGUAGE=language).get(f"/verify/{row.notice.code}").content.decode()


def test_the_fine_is_shown_and_paid_and_the_check_page_says_what_stands(acquitted: Violation, two: tuple[Any, Any], owner: Any) -> None:
    party, clerk = signed_in(owner), signed_in(two[0])
    url = f"/en/violations/{acquitted.public_id}/"
    assert "Nothing is owed" in party.get(url).content.decode()
    page = checked(acquitted)
    assert "This document was revoked" in page and SENTENCE not in page
    row = fine(acquitted, two)
    page = party.get(url).content.decode()
    assert "80.000" in page and "9/2026" in page and "Nothing is owed" not in page and "revoked" not in page.lower()
    office = clerk.get(f"/admin/office/{row.public_id}/").content.decode()
    assert "80.000" in office and "9/2026" in office and "revoked" not in office.lower()
    assert SENTENCE in checked(row) and "حكم محكمة أعلى" in checked(row, "ar")
    form = party.get(f"{url}pay/").content.decode()
    assert "80.000" in form
    assert party.post(f"{url}pay/", {"fils": "80000"}).status_code == 303
    Bank.book.decide(Attempt.objects.get())
    with clock.at(clock.now() + dt.timedelta(minutes=4)):
        run_due()
    row = fresh(row)
    assert row.state == "paid" and "It is paid and closed." in party.get(url).content.decode()
    assert SENTENCE in checked(row)


def test_a_higher_court_that_acquits_again_takes_the_sentence_away(acquitted: Violation, two: tuple[Any, Any]) -> None:
    row = fine(acquitted, two)
    facts: dict[str, Any] = {"court": "cassation", "ruling_no": "11/2026", "ruled_on": clock.today(), "outcome": "acquitted", "fils": None}
    appeals.confirm_appeal(appeal=appeals.enter_appeal(violation=row, clerk=two[0], **facts), clerk=two[1], **facts)
    assert SENTENCE not in checked(fresh(row))


def test_red_control_without_the_note_the_check_page_says_revoked_alone(
    acquitted: Violation, two: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(papers.NoticeFacts, "public_notes", staticmethod(lambda _document: []))
    page = checked(fine(acquitted, two))
    assert "This document was revoked" in page and "court" not in page
