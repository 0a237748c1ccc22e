"""How easy it was to report: asked once where the report was received, of whoever has its secret, and kept without the person."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from municipality.accounts.models import User
from municipality.cases.models import Feedback
from municipality.cases.roles import ensure_roles
from reports.models import Report
from reports.views import intake
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory

PAGE = "/en/report/"
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]


def reported(client: Client, **typed: Any) -> str:
    """Send a report. Returns the address of the page that says so, opened by its secret."""
    hidden = dict(re.findall(r'<input type="hidden" name="(key|opened)" value="([^"]*)"', client.get(PAGE).content.decode()))
    facts = {"position": "29.3328, 48.0283", "category": "waste", "who": "nobody", "words": "Rubble", "send": "1"}
    sent = client.post(PAGE, {**hidden, **facts, **typed})
    return str(client.get(sent.url, follow=True).redirect_chain[-1][0])


def test_it_is_asked_once_and_the_answer_is_shown(client: Client) -> None:
    page = reported(client)
    assert "How easy was it to report this?" in client.get(page).content.decode()
    assert "Choose one of the five answers." in client.post(f"{page}feedback/", {}).content.decode()
    for ease in ("4", "1"):
        assert client.post(f"{page}feedback/", {"ease": ease, "text": "more photos"})["Location"] == f"{page}#feedback"
    given = Feedback.objects.get()
    assert (given.subject, given.service, given.ease) == (Report.objects.get().subject_key, "reports.report", 4)
    shown = client.get(page).content.decode()
    assert "more photos" in shown and "Send the rating" not in shown


def test_an_answer_does_not_say_who_reported(owner: User) -> None:
    client = signed_in(owner)
    page = reported(client, who="person")
    client.post(f"{page}feedback/", {"ease": "5"})
    assert Feedback.objects.get().person is None


def test_nobody_answers_without_the_secret(client: Client, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    page = reported(client)
    for other in (Client(), signed_in(owner)):
        assert other.get(f"{page}feedback/").status_code == 404 == other.post(f"{page}feedback/", {"ease": "5"}).status_code
    assert not Feedback.objects.exists()
    monkeypatch.setattr(intake, "_by_secret", lambda request, public_id: (Report.objects.get(), ""))
    assert Client().post(f"{page}feedback/", {"ease": "5"}).status_code == 303, "the secret alone keeps others away"


def test_staff_read_the_service_and_not_the_report(client: Client) -> None:
    client.post(f"{reported(client)}feedback/", {"ease": "2", "text": "slow"})
    ensure_roles()
    body = signed_in(StaffFactory(groups=["auditor"], login="auditor")).get("/admin/cases/feedback/").content.decode()
    assert "slow" in body and "بلاغ" in body and "reports.report" not in body and Report.objects.get().public_id not in body
