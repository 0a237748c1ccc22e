"""The letter to the body of a report: what is asked and until when, and nothing that only the inspector may know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core import mail

from municipality.accounts.models import User
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.notifications.models import Letter
from reports.models import Report
from reports.triage import services
from reports.triage.notifications import HandOverLetter
from tests.browsers import signed_in
from tests.factories import report_steps, reports
from tests.factories.accounts import StaffFactory
from tests.factories.reports import sent

pytestmark = pytest.mark.django_db


@pytest.fixture
def handed_over(inspectors: list[User], told: Any, store: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    monkeypatch.setattr(HandOverLetter, "address", lambda self, code: f"{code}@example.com")
    place = replace(sent().place, street="شارع سالم", note="بيت أبو أحمد")
    row = reports.assigned(words="رأيت جارنا أحمد", place=place)
    assert row.street and row.place_note and row.words
    services.hand_over(report=row, inspector=row.inspector, body="paaf", code="not_ours")
    return Report.objects.get(pk=row.pk)


def test_the_body_is_written_to_once_in_both_languages(handed_over: Report) -> None:
    (job,) = Job.objects.filter(kind="notifications.letter")
    for _try in range(2):
        run(job.pk)
    (mailed,) = [one for one in mail.outbox if one.to == ["paaf@example.com"]]
    text, made = str(mailed.body), handed_over.hand_overs.get()
    facts = handed_over.category_facts
    parts = [made.name_ar, facts["name_ar"], f"/ar/reports/{handed_over.public_id}/", made.name_en, facts["name_en"], "/en/reports/"]
    places = [text.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), text
    assert handed_over.number in mailed.subject and text.count(handed_over.number) == 2 and str(made.back_on.year) in text
    for hidden in ("شارع سالم", "أبو أحمد", "جارنا", "/photos/"):
        assert hidden not in text + str(mailed.alternatives[0][0]), "only for the inspector"  # type: ignore[attr-defined]
    assert Letter.objects.get().state == "sent"


def test_a_hidden_report_has_no_link_in_its_letter(row: Report) -> None:
    services.hand_over(report=report_steps.hidden(row), inspector=row.inspector, body="paaf", code="not_ours")
    assert "/reports/" not in Letter.objects.get().body_en


def test_the_inspector_reads_whether_it_was_sent_and_prints_it(handed_over: Report) -> None:
    client = signed_in(handed_over.inspector)
    page = f"/admin/eye/{handed_over.public_id}/"
    assert "الخطاب قيد الإرسال" in client.get(page).content.decode()
    run(Job.objects.get(kind="notifications.letter").pk)
    shown = client.get(page).content.decode()
    letter = Letter.objects.get()
    assert "أُرسل الخطاب" in shown and f"/admin/letters/{letter.public_id}/" in shown
    assert client.get(f"/admin/letters/{letter.public_id}/").status_code == 200
    assert signed_in(StaffFactory(groups=["planner"])).get(f"/admin/letters/{letter.public_id}/").status_code == 404


def test_the_inspector_records_that_it_came_back(handed_over: Report) -> None:
    run(Job.objects.get(kind="notifications.letter").pk)
    client, letter = signed_in(handed_over.inspector), Letter.objects.get()
    assert letter.sent_at is not None
    given = {"returned": "1", "sent": letter.sent_at.isoformat(), "words": "550 no such user"}
    assert client.post(f"/admin/letters/{letter.public_id}/", given).status_code == 302
    shown = client.get(f"/admin/eye/{handed_over.public_id}/").content.decode()
    assert "عاد الخطاب دون تسليم" in shown and "أُرسل الخطاب" not in shown
