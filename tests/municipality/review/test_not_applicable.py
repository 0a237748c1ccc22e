"""An answer "does not apply" opens no approval by itself: it is confirmed and recorded, and a changed fact always applies."""

from __future__ import annotations

import pytest
from bs4 import BeautifulSoup

from municipality.audit.models import AuditEvent
from municipality.kernel.errors import Refused
from municipality.review.models import CheckAnswer, Decision
from municipality.review.services import desk
from tests import desk_acts
from tests.municipality.review import permits
from tests.municipality.review.desk_in_a_browser import assigned, case_url, text_of
from tests.municipality.review.permits import Office

pytestmark = pytest.mark.django_db
GIVEN = {"check.commercial_license": "na", "check.files_complete": "yes", "check.drawing_matches": "yes"}


def test_an_approval_waits_until_it_is_confirmed_that_it_stands_without_the_question(office: Office) -> None:
    client, case = assigned(office)
    client.cookies["staff_language"] = "en"
    refused = client.post(case_url(case, "approve"), {**GIVEN, "step": "words"})
    assert refused.status_code == 409 and "Confirm first that the approval stands without it" in text_of(refused)
    page = BeautifulSoup(text_of(client.post(case_url(case, "approve"), GIVEN)), "html.parser")
    asked = page.select_one("[data-without]")
    assert asked is not None and not asked.has_attr("hidden") and "Does not apply: question 1" in asked.get_text()
    assert page.select_one("[name=without][checked]") is None
    shown = client.post(case_url(case, "approve"), {**GIVEN, "without": "1", "step": "words"})
    seal = BeautifulSoup(text_of(shown), "html.parser").select_one("[data-seal]")
    assert seal is not None
    # What was seen is not enough: the confirmation comes with the approval.
    unconfirmed = client.post(case_url(case, "approve"), {**GIVEN, "step": "send", "seen": seal["data-seal"]})
    assert unconfirmed.status_code == 409 and not Decision.objects.exists()
    sent = client.post(case_url(case, "approve"), {**GIVEN, "without": "1", "step": "send", "seen": seal["data-seal"]})
    assert sent.status_code == 302 and Decision.objects.get().outcome == "accept"
    assert AuditEvent.objects.get(action="desk.accepted", subject=case.key).data["not_applicable"] == ["commercial_license"]


def test_the_service_refuses_it_too_and_an_approval_without_such_an_answer_needs_no_confirmation(office: Office) -> None:
    case = permits.sent(office.applicant).case
    row = desk_acts.checked(desk_acts.assigned(office.officer))
    desk.check_all(assignment=row, answers={"files_complete": "na"})
    with pytest.raises(Refused) as refusal:
        desk.accept(assignment=row)
    assert refusal.value.code == "checks_do_not_apply"
    desk.check_all(assignment=row, answers={"files_complete": "yes"})
    desk.accept(assignment=row)
    assert "not_applicable" not in AuditEvent.objects.get(action="desk.accepted", subject=case.key).data


def test_a_question_about_a_changed_fact_applies(office: Office) -> None:
    client, case = assigned(office)
    page = BeautifulSoup(text_of(client.get(case_url(case))), "html.parser")
    assert page.select('[name="check.commercial_license"][value=na]') and not page.select('[name="check.drawing_matches"][value=na]')
    refused = client.post(case_url(case, "checks"), {"check.drawing_matches": "na"})
    assert refused.status_code == 409 and not CheckAnswer.objects.exists()


def test_the_fact_that_a_question_is_about_stands_below_it(office: Office) -> None:
    client, case = assigned(office)
    page = BeautifulSoup(text_of(client.get(case_url(case))), "html.parser")
    (about,) = (box for box in page.select(".kp-ask") if box.select('[name="check.drawing_matches"]'))
    assert "80" in about.get_text()
