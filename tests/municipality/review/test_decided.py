"""What an officer decided stays open to them for some days, to read: for the applicant who calls."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import AccessLogEntry
from municipality.kernel import clock
from municipality.places.models import Branch
from municipality.review import queries
from municipality.review.models import Decision
from municipality.review.services import desk
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.review import OfficerFactory
from tests.municipality.review import permits
from tests.municipality.review.permits import Office

pytestmark = pytest.mark.django_db


def test_who_decided_a_request_reads_it_for_some_days_and_says_why(
    office: Office, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    permits.sent(office.applicant)
    officer = office.officer
    case = desk_acts.approve(officer)
    client, page = signed_in(officer), reverse("admin:desk_case", args=[case.public_id])
    assert case.reference in client.get(reverse("admin:desk_decided")).content.decode()
    assert client.get("/admin/find/", {"q": case.reference})["Location"] == page
    asked = client.get(page).content.decode()
    assert 'name="purpose"' in asked and not AccessLogEntry.objects.filter(subject=case.key, purpose="purpose.complaint").exists()
    client.post("/admin/purpose/", {"subject": case.key, "next": page, "purpose": "purpose.complaint"})
    read = client.get(page)
    assert read.status_code == 200 and 'name="step"' not in read.content.decode()
    assert AccessLogEntry.objects.get(subject=case.key, purpose="purpose.complaint").viewer_key == officer.key
    assert client.post(reverse("admin:desk_act", args=[case.public_id, "approve"])).status_code == 404
    moved = User.objects.get(pk=officer.pk)
    moved.branch = Branch.objects.exclude(pk=officer.branch_id)[0]
    assert queries.may_open(officer, case) and not queries.may_open(moved, case), "who works in another branch now"
    colleague = OfficerFactory(login="another", branch=officer.branch)
    assert not queries.may_open(colleague, case)
    frozen_clock.move(days=31)
    late = signed_in(officer)
    assert not queries.may_open(officer, case) and late.get(page).status_code == 404
    assert case.reference not in late.get(reverse("admin:desk_decided")).content.decode()
    monkeypatch.setattr(queries, "decided_since", lambda: clock.now() - dt.timedelta(days=60))
    assert queries.may_open(officer, case), "red control: without the limit it stays open"


def test_a_proposal_that_waits_is_no_decision(office: Office) -> None:
    permits.sent(office.applicant)
    decision = desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(office.officer)), code="layout_changed")
    assert not queries.decided_by(office.officer).exists()
    desk.sign(decision=decision, supervisor=office.supervisor, answers=desk_acts.ALL_YES)
    assert queries.decided_by(office.officer).get() == decision


def test_who_is_no_officer_any_more_reads_nothing(office: Office) -> None:
    permits.sent(office.applicant)
    case = desk_acts.approve(office.officer)
    assert queries.may_open(office.officer, case)
    office.officer.groups.clear()
    assert not queries.may_open(office.officer, case)


def test_a_second_round_of_corrections_decides_nothing(office: Office) -> None:
    permits.sent(office.applicant)
    assignment = desk_acts.checked(desk_acts.assigned(office.officer))
    Decision.objects.create(
        case=assignment.place.case,
        made_by=office.officer,
        made_at=clock.now(),
        outcome="second_round",
        code="seen_late",
        text_ar="ظهر بعد ذلك",
        text_en="Seen late",
        signed_by=office.supervisor,
        signed_at=clock.now(),
    )
    assert not queries.decided_by(office.officer).exists()
