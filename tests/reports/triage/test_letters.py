"""The letter to the body of a report: what is asked and until when, and nothing that only the inspector may know."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.template.loader import render_to_string
from django.test import Client

from municipality.accounts.models import User
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.kernel import clock
from municipality.notifications import letters
from municipality.notifications.models import Letter
from municipality.notifications.registry import MessageText
from reports.models import Report
from reports.reporters import notifications
from reports.triage import queries, services
from reports.triage.services.letters import HandOverLetter
from tests.browsers import signed_in
from tests.conftest import Clock
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
    shown = client.get(f"/admin/letters/{letter.public_id}/").content.decode()
    assert "paaf@example.com: 550 no such user" in shown
    assert "kp-desk-main" not in shown and 'name="posted"' not in shown, "the report is back, so that nothing can be sent again"
    assert letters.close_needless() == 1 and not letters.for_staff().exists()
    shown = client.get(f"/admin/letters/{letter.public_id}/").content.decode()
    assert "paaf@example.com: 550 no such user" in shown, "why it came back stays"
    assert letter.reference not in signed_in(StaffFactory(groups=["operator"])).get("/admin/letters/").content.decode()
    letter.refresh_from_db()
    assert "عاد الخطاب" in render_to_string("admin/notifications/letter_state.html", {"letter": letter}), (
        "closed, it is still one that came back"
    )


def test_a_report_is_back_at_once_when_its_letter_came_back(handed_over: Report, told: list[Any], frozen_clock: Clock) -> None:
    run(Job.objects.get(kind="notifications.letter").pk)
    letter = Letter.objects.get()
    assert letter.sent_at is not None
    sender, day = handed_over.inspector, handed_over.hand_overs.get().back_on
    letters.mark_returned(letter=letter, sender=sender, sent=letter.sent_at.isoformat(), words="550 no such user")  # type: ignore[arg-type]
    row = Report.objects.select_related("inspector", "last_event").get(pk=handed_over.pk)
    assert (row.state, row.last_event.move) == ("assigned", "letter_back") and row.hand_overs.get().returned_at  # type: ignore[union-attr]
    assert told[-1] == (row.pk, "came_back") and row in queries.to_act_on(row.inspector)  # type: ignore[arg-type]
    assert notifications.context_of(notifications.CameBack, row, row)["is_returned"]
    page = Client().get(f"/en/reports/{row.public_id}/").content.decode()
    assert "The letter to the other body came back" in page
    frozen_clock.move(days=1)
    again = services.hand_over(report=row, inspector=row.inspector, body="paaf", code="not_ours")  # type: ignore[arg-type]
    assert again.back_on > day and Letter.objects.count() == 2, "a new letter, with days of its own"
    assert Letter.objects.filter(reason="address_returned").get().key == str(again.pk), "not to the address from which the first came back"
    shown = signed_in(handed_over.inspector).get(f"/admin/eye/{handed_over.public_id}/").content.decode()
    assert "عادت آخر رسالة إلى هذه الجهة دون تسليم، ويلزم طبع الخطاب." in shown and "لا بريد إلكترونياً" not in shown
    frozen_clock.move(days=7)
    assert services.come_back() == 0, "the day of the letter that came back ends nothing"
    frozen_clock.move(days=1)
    assert services.come_back() == 1
    row.refresh_from_db()
    assert not notifications.context_of(notifications.CameBack, row, row)["is_returned"]


def test_the_next_letter_is_mailed_once_an_e_mail_reached_the_address_or_it_changed(
    handed_over: Report, told: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(key: int) -> Letter:
        with transaction.atomic():
            texts: dict[str, Any] = {"names": {"name_ar": "جهة", "name_en": "Body"}, "context": {}}
            return letters.write(HandOverLetter, key=f"other-{key}", subject_key="report:x", reference="x", code="paaf", **texts)

    first, inspector = Letter.objects.get(), handed_over.inspector
    monkeypatch.setattr(HandOverLetter, "texts", lambda self, context, language: MessageText("x", "x", ""))
    run(Job.objects.get(kind="notifications.letter").pk)
    first.refresh_from_db()
    assert write(1).state == "waiting", "the control: nothing came back"
    letters.mark_returned(letter=first, sender=inspector, sent=first.sent_at.isoformat(), words="x")  # type: ignore[arg-type, union-attr]
    assert (write(2).reason, write(3).reason) == ("address_returned", "address_returned")
    with monkeypatch.context() as other:
        other.setattr(HandOverLetter, "address", lambda self, code: "other@example.com")
        assert write(4).state == "waiting"
    Letter.objects.filter(key="other-2").update(state="sent", reason="", sent_at=clock.now(), address="paaf@example.com")
    assert write(5).state == "waiting"


def test_without_it_the_report_would_wait_for_a_body_that_knows_nothing(handed_over: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: where nothing follows, the report stays with the body until its day."""
    monkeypatch.setattr(HandOverLetter, "returned", lambda self, key: None)
    run(Job.objects.get(kind="notifications.letter").pk)
    letter = Letter.objects.get()
    assert letter.sent_at is not None
    letters.mark_returned(letter=letter, sender=handed_over.inspector, sent=letter.sent_at.isoformat(), words="x")  # type: ignore[arg-type]
    assert Report.objects.get(pk=handed_over.pk).state == "handed_over" and services.come_back() == 0


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_report_whose_letter_was_never_sent_does_not_come_back_as_one_that_the_body_let_pass(
    handed_over: Report, told: list[Any], frozen_clock: Clock, *, is_sent: bool
) -> None:
    if is_sent:
        run(Job.objects.get(kind="notifications.letter").pk)
    day = handed_over.hand_overs.get().back_on
    frozen_clock.move(days=(day - clock.today()).days + 1)
    assert services.come_back() == 1
    row = Report.objects.select_related("last_event").get(pk=handed_over.pk)
    assert row.state == "assigned" and told[-1] == (row.pk, "came_back") and row.last_event is not None
    assert row.last_event.move == ("come_back" if is_sent else "letter_unsent")
    context = notifications.context_of(notifications.CameBack, row, row)
    said = "The letter to the other body was not sent, so it does not have your report."
    assert (said in notifications.CameBack().texts(context, "en").body) is not is_sent
    assert ("letter to the other body was not sent" in Client().get(f"/en/reports/{row.public_id}/").content.decode()) is not is_sent
