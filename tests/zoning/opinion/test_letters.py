"""Letters to consulted bodies: written with the question, sent once, printed and sent again by staff."""

from __future__ import annotations

import datetime as dt
import smtplib
from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives
from django.db import IntegrityError, transaction
from django.urls import reverse

from municipality.accounts.models import User
from municipality.audit.models import ActText, AuditEvent
from municipality.cases.models import Case
from municipality.jobs.models import Job, JobState
from municipality.jobs.services import due, run
from municipality.kernel import clock, worktime
from municipality.notifications import letters
from municipality.notifications.models import Letter
from municipality.review.models import Assignment
from municipality.review.services import desk
from municipality.rulebook import queries as rulebook
from municipality.ui.language import STAFF_COOKIE
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import drop_guard
from tests.factories.accounts import StaffFactory
from tests.factories.opinions import paid
from tests.factories.rulebook import publish_holiday
from zoning.models import Opinion, Plot
from zoning.opinion.letters import answers_until, with_letters
from zoning.opinion.notifications import ConsultationLetter
from zoning.opinion.services import consultations, study

pytestmark = pytest.mark.django_db


@pytest.fixture
def addressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each body has an address in the rulebook."""
    monkeypatch.setattr(ConsultationLetter, "address", lambda self, code: f"{code}@example.com")


@pytest.fixture
def asked(addressed: None, opinion: Opinion) -> Opinion:
    return opinion


def carry_out() -> None:
    for number in Job.objects.filter(kind="notifications.letter", state=JobState.QUEUED).values_list("pk", flat=True):
        Job.objects.filter(pk=number).update(due_at="2020-01-01T00:00:00Z")
        run(number)


def to_bodies() -> list[Any]:
    return [one for one in mail.outbox if one.to[0].endswith("@example.com")]


def letter(code: str) -> Letter:
    return Letter.objects.get(code=code)


def fire() -> Letter:
    return letter("fire")


@pytest.mark.guards
def test_each_body_gets_one_letter_with_the_question_and_nothing_of_the_applicant(asked: Opinion, owner: Any) -> None:
    assert not to_bodies() and Letter.objects.filter(state="waiting").count() == 3, "the jobs send them after the commit"
    carry_out()
    sent = {one.to[0]: one for one in to_bodies()}
    assert sorted(sent) == ["electricity@example.com", "fire@example.com", "roads@example.com"]
    letter, row = sent["fire@example.com"], asked.consultations.get(code="fire")
    reference = asked.case.reference
    assert letter.subject == f"استشارة في الرأي التنظيمي {reference} | Consultation on zoning opinion {reference}"
    text = str(letter.body)
    parts = [
        row.name_ar,
        row.question_ar,
        "القسيمة 12",
        "29 نوفمبر 2026",
        row.name_en,
        row.question_en,
        "29 November 2026",
        "health or safety",
    ]
    places = [text.find(part) for part in parts]
    assert -1 not in places and places == sorted(places), "Arabic first, English below"
    assert text.count(reference) == 2
    for of_person in (owner.name_ar, owner.name_en, owner.public_id):
        assert of_person not in text + str(letter.alternatives[0][0])
    assert fire().state == "sent" and fire().address == "fire@example.com" and fire().sent_at
    assert AuditEvent.objects.filter(action="letter.sent", subject=asked.case.key).count() == 3


def test_letters_and_jobs_are_undone_with_the_question(addressed: None, plot: Plot, owner: Any) -> None:
    with transaction.atomic():
        paid(plot, owner)
        assert Letter.objects.count() == 3
        transaction.set_rollback(True)
    assert not Letter.objects.exists() and not Job.objects.filter(kind="notifications.letter").exists()


@pytest.mark.guards
def test_a_retry_sends_no_second_letter(asked: Opinion) -> None:
    carry_out()
    row = fire()
    for _try in range(2):
        letters.deliver(row.pk)
        letters.mark_failed(letter_id=row.pk)
    with pytest.raises(letters.Refused, match="not_unsent"):
        letters.send_again(letter=row, sender=StaffFactory(groups=["planner"]))
    assert len(to_bodies()) == 3 and fire().state == "sent"
    again = {"state": "waiting", "address": "", "sent_at": None}
    with pytest.raises(IntegrityError), transaction.atomic():
        Letter.objects.filter(pk=row.pk).update(**again)


@pytest.mark.guards
def test_without_the_guard_a_letter_goes_out_twice(asked: Opinion) -> None:
    """Control; under one Message-ID all the same, by which a mail system keeps one."""
    carry_out()
    drop_guard("notifications_letter_sent_once", "notifications_letter")
    Letter.objects.filter(code="fire").update(state="waiting", address="", sent_at=None)
    letters.deliver(fire().pk)
    twice = [one.extra_headers["Message-ID"] for one in to_bodies() if one.to == ["fire@example.com"]]
    assert len(twice) == 2 and len(set(twice)) == 1


def test_a_body_without_an_address_gets_it_on_paper(opinion: Opinion, held: Assignment, planner: User) -> None:
    """As in the seeds, which name no address."""
    assert set(Letter.objects.values_list("state", "reason")) == {("skipped", "body_without_address")}
    assert not Job.objects.filter(kind="notifications.letter").exists()
    page = signed_in(planner).get(reverse("admin:opinion_study", args=[opinion.case.public_id])).content.decode()
    assert page.count("يلزم طبع الخطاب") == 3
    printed = signed_in(planner).get(reverse("admin:letter", args=[fire().public_id])).content.decode()
    assert fire().body_en.splitlines()[0] in printed and "data-print" in printed
    url = reverse("admin:letter", args=[fire().public_id])
    answer = signed_in(planner).post(url)
    assert answer.status_code == 409 and "لا عنوان إلكترونياً" in answer.content.decode()
    for status in (302, 409):  # once
        assert signed_in(planner).post(url, {"posted": "1"}).status_code == status
    assert (fire().state, fire().posted_by, fire().address) == ("sent", planner, "")
    assert "على الورق" in signed_in(planner).get(url).content.decode()


def test_nothing_is_sent_after_its_cause_is_over(asked: Opinion, held: Assignment, planner: User) -> None:
    consultations.record_answer(consultation=asked.consultations.get(code="fire"), officer=planner, answer="no_objection")
    carry_out()
    assert (fire().state, fire().reason) == ("skipped", "not_needed") and len(to_bodies()) == 2
    with pytest.raises(letters.Refused, match="not_needed"):
        letters.send_again(letter=fire(), sender=planner)
    listed = signed_in(StaffFactory(groups=["operator"])).get(reverse("admin:letters")).content.decode()
    assert "أُرسلت كل الخطابات" in listed, "nothing is left to do"


def test_a_letter_without_an_address_is_closed_once_its_cause_is_over(opinion: Opinion, held: Assignment, planner: User) -> None:
    consultations.record_answer(consultation=opinion.consultations.get(code="fire"), officer=planner, answer="no_objection")
    assert (fire().reason, letters.close_needless(), letters.close_needless()) == ("body_without_address", 1, 0)
    assert (fire().state, fire().reason) == ("skipped", "not_needed")
    assert sorted(letters.for_staff().values_list("code", flat=True)) == ["electricity", "roads"]
    assert AuditEvent.objects.filter(action="letter.not_sent", subject=opinion.case.key).count() == 1


def test_a_letter_that_fails_is_shown_and_sent_again(
    asked: Opinion, held: Assignment, planner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, *given: Any, **options: Any) -> int:
        raise smtplib.SMTPRecipientsRefused({self.to[0]: (550, b"no such user")})

    with monkeypatch.context() as broken:
        broken.setattr(EmailMultiAlternatives, "send", refuse)
        carry_out()
    assert set(Letter.objects.values_list("state", "reason")) == {("failed", "refused")}
    operator = StaffFactory(groups=["operator"])
    listed = signed_in(operator).get(reverse("admin:letters")).content.decode()
    assert listed.count("تعذر إرسال الخطاب") == 3
    page = signed_in(planner).get(reverse("admin:opinion_study", args=[asked.case.public_id])).content.decode()
    assert "تعذر إرسال الخطاب" in page
    assert signed_in(planner).post(reverse("admin:letter", args=[fire().public_id])).status_code == 302
    carry_out()
    assert fire().state == "sent" and [one.to for one in to_bodies()] == [["fire@example.com"]]
    assert AuditEvent.objects.filter(action="letter.retried", actor_key=planner.key).count() == 1


def test_a_body_is_silent_only_once_its_time_since_the_letter_left_is_over(
    opinion: Opinion, planner: User, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen_clock.move(days=9)  # a Thursday
    monkeypatch.setattr(ConsultationLetter, "address", lambda self, code: "roads@example.com" if code == "roads" else "")
    letters.send_again(letter=letter("roads"), sender=planner)
    assert (letter("roads").state, consultations.mark_silent()) == ("waiting", 0), "it has not left yet"
    carry_out()
    assert (letter("roads").state, consultations.mark_silent()) == ("sent", 0), "it left a moment ago"
    row = opinion.consultations.get(code="roads")
    days = worktime.working_days_between(rulebook.calendar(), clock.day_of(row.asked_at), clock.day_of(row.due_at))
    sent = letter("roads").sent_at
    assert sent is not None
    ends = worktime.promise_ends(rulebook.calendar(), sent, days)
    assert ends > sent + (row.due_at - row.asked_at) + dt.timedelta(days=1), "a weekend lies between"
    frozen_clock.set(sent + (row.due_at - row.asked_at) + dt.timedelta(minutes=1))
    assert consultations.mark_silent() == 0, "days of rest are not its time"
    frozen_clock.set(ends + dt.timedelta(minutes=1))
    assert consultations.mark_silent() == 1
    assert opinion.consultations.get(silent_at__isnull=False).code == "roads"


def _last_day(opinion: Opinion) -> str:
    until = answers_until(with_letters(opinion.consultations.filter(code="fire")).get())
    assert until is not None
    return clock.day_of(until).isoformat()


@pytest.mark.parametrize(("days", "before", "after"), [(0, "2026-11-29", "2026-11-30"), (9, "2026-12-08", "2026-12-08")])
def test_a_holiday_announced_late_takes_no_working_day_from_a_body(
    asked: Opinion, frozen_clock: Clock, days: int, before: str, after: str
) -> None:
    """It lies within its time where the letter left at once, and before it where the letter left days later."""
    frozen_clock.move(days=days)
    carry_out()
    assert _last_day(asked) == before
    frozen_clock.move(minutes=1)
    publish_holiday(dt.date(2026, 11, 25), dt.date(2026, 11, 25))  # the day after the question
    assert _last_day(asked) == after


def test_a_holiday_that_is_taken_back_ends_the_time_of_a_body_no_earlier_than_its_letter_says(
    addressed: None, plot: Plot, owner: Any, frozen_clock: Clock
) -> None:
    holiday = dt.date(2026, 11, 25)
    publish_holiday(holiday, holiday)
    frozen_clock.move(minutes=1)
    asked = paid(plot, owner)
    carry_out()
    assert _last_day(asked) == "2026-11-30"
    frozen_clock.move(minutes=1)
    publish_holiday(holiday, holiday, is_taken_back=True)
    assert _last_day(asked) == "2026-11-30"


def _pages(opinion: Opinion, planner: User) -> list[str]:
    """The desk, the page of the draft and the page of the request, in English."""
    case, staff = opinion.case, signed_in(planner)
    staff.cookies[STAFF_COOKIE] = "en"
    pages = [staff.get(reverse(f"admin:{name}", args=[case.public_id])) for name in ("desk_case", "opinion_study")]
    pages.append(signed_in(case.applicant).get(f"/en/cases/{case.public_id}/"))
    assert [page.status_code for page in pages] == [200, 200, 200]
    return [page.content.decode() for page in pages]


def test_a_letter_that_never_left_is_named_with_what_to_do_and_no_day_runs(
    opinion: Opinion, held: Assignment, planner: User, frozen_clock: Clock
) -> None:
    Letter.objects.filter(code="electricity").update(state="failed", reason="refused")
    Letter.objects.filter(code="roads").update(state="waiting", reason="")  # its job is dead or queued
    frozen_clock.move(days=9)
    assert consultations.mark_silent() == 0
    desk, study, request = _pages(opinion, planner)
    for page in (desk, study):
        assert page.count("is not sent yet, so its time to answer has not begun") == 2
        assert page.count("is being sent. Its time to answer begins once it has left") == 1
        assert reverse("admin:letter", args=[fire().public_id]) in page and "Bodies may answer until" not in page
    assert desk.count("letter not sent yet") == 3 and "to answer by" not in desk
    assert request.count("Letter not sent yet") == 3 and "To answer by" not in request and "Silent" not in request
    letters.mark_posted(letter=fire(), sender=planner)
    desk, _study, request = _pages(opinion, planner)
    assert desk.count("is not sent yet, so its time") == 1 and "Bodies may answer until" in desk
    row = with_letters(opinion.consultations.filter(code="fire")).get()
    until = answers_until(row)
    assert until is not None and clock.day_of(row.due_at).isoformat() < clock.today().isoformat() < clock.day_of(until).isoformat()
    assert request.count("To answer by") == 1, "counted from today"


def test_without_the_look_at_the_letter_a_body_that_was_never_asked_is_passed_over(
    opinion: Opinion, held: Assignment, planner: User, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: the opinion is signed as if the bodies had been silent, though no letter left."""
    monkeypatch.setattr(consultations, "answers_until", lambda row: row.due_at)
    frozen_clock.move(days=9)
    assert consultations.mark_silent() == 3 and not Letter.objects.filter(state="sent").exists()
    study.write_draft(assignment=held, outcome="not_permitted", text_ar="نص", text_en="Text")
    desk.accept(assignment=held)
    assert Case.objects.get(pk=opinion.case_id).state == "decided"


def test_only_the_roles_of_a_letter_open_it(asked: Opinion) -> None:
    page = reverse("admin:letter", args=[fire().public_id])
    roles = ("planner", "operator", "auditor", "inspector")
    client = {role: signed_in(StaffFactory(groups=[role], login=f"{role}.of.letters")) for role in roles}
    assert [client[role].get(page).status_code for role in roles] == [200, 200, 200, 404]
    assert [client[role].post(page).status_code for role in ("auditor", "inspector")] == [403, 404]
    assert client["planner"].get(reverse("admin:letters")).status_code == 403


def test_due_jobs_carry_the_letters(asked: Opinion) -> None:
    kinds = set(Job.objects.filter(pk__in=[number for number, _queue in due()]).values_list("kind", flat=True))
    assert "notifications.letter" in kinds


def _returns(planner: User, row: Letter, words: str = "550 no such user") -> int:
    """The status of the answer to the press on the page of a letter as it stands."""
    given = {"returned": "1", "sent": row.sent_at.isoformat() if row.sent_at else "", "words": words}
    return signed_in(planner).post(reverse("admin:letter", args=[row.public_id]), given).status_code


def test_a_letter_that_came_back_counts_as_not_sent_until_it_leaves_again(
    asked: Opinion, held: Assignment, planner: User, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    carry_out()
    first, operator, page = fire(), StaffFactory(groups=["operator"]), reverse("admin:letter", args=[fire().public_id])
    assert 'name="returned"' in signed_in(planner).get(page).content.decode()
    assert (_returns(planner, first, "  "), fire().state) == (409, "sent"), "a reason is needed"
    assert _returns(planner, first, "550 no\nsuch user") == 302
    assert (fire().state, fire().reason, fire().address, fire().sent_at) == ("failed", "returned", "", None)
    event = AuditEvent.objects.get(action="letter.returned", subject=asked.case.key, actor_key=planner.key)
    assert event.data["sent_at"] == first.sent_at.isoformat() and event.data["letter"] == first.public_id  # type: ignore[union-attr]
    assert ActText.objects.get(act=event).text == "fire@example.com: 550 no such user"
    assert "fire@example.com: 550 no such user" in signed_in(operator).get(page).content.decode()
    assert signed_in(operator).get(reverse("admin:letters")).content.decode().count("عاد الخطاب دون تسليم") == 1
    frozen_clock.move(days=9)
    assert consultations.mark_silent() == 2 and not asked.consultations.get(code="fire").silent_at, "no day of it ran"
    desk, study_page, request = _pages(asked, planner)
    for shown in (desk, study_page):
        assert shown.count("came back, so its time to answer does not run") == 1 and page in shown
    assert "The letter came back." in study_page and "letter came back" in desk
    assert request.count("Letter came back") == 1 and "begins anew on the day" in request
    monkeypatch.setattr(ConsultationLetter, "address", lambda self, code: f"right.{code}@example.com")
    assert signed_in(planner).post(page).status_code == 302
    carry_out()
    assert (fire().state, fire().address, fire().reason) == ("sent", "right.fire@example.com", "")
    until = answers_until(with_letters(asked.consultations.filter(code="fire")).get())
    assert until is not None and until > clock.now() and consultations.mark_silent() == 0, "counted from now"


def test_without_the_record_the_silence_of_a_body_without_a_letter_is_its_answer(
    asked: Opinion, held: Assignment, planner: User, frozen_clock: Clock
) -> None:
    """Control: the e-mails bounced, and the opinion is signed."""
    carry_out()
    frozen_clock.move(days=9)
    assert consultations.mark_silent() == 3
    study.write_draft(assignment=held, outcome="not_permitted", text_ar="نص", text_en="Text")
    desk.accept(assignment=held)
    assert Case.objects.get(pk=asked.case_id).state == "decided"


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_second_press_does_not_undo_the_next_sending(asked: Opinion, planner: User, frozen_clock: Clock, is_checked: bool) -> None:
    """Control: with the moment of the sending that stands, instead of the one that the page showed, the new one counts as returned."""
    carry_out()
    first = fire()
    assert [_returns(planner, first) for _press in range(2)] == [302, 409]
    assert AuditEvent.objects.filter(action="letter.returned").count() == 1
    frozen_clock.move(minutes=5)
    letters.mark_posted(letter=fire(), sender=planner)
    assert _returns(planner, first if is_checked else fire()) == (409 if is_checked else 302)
    assert fire().state == ("sent" if is_checked else "failed")


@pytest.mark.parametrize("is_checked", [True, False])
def test_a_letter_whose_silence_was_taken_as_the_answer_stays_sent(
    asked: Opinion, planner: User, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch, is_checked: bool
) -> None:
    """Control: without the look at the silence, a body counts as silent and as not written to at once."""
    if not is_checked:
        monkeypatch.setattr(ConsultationLetter, "awaits", ConsultationLetter.stands)
    carry_out()
    frozen_clock.move(days=9)
    assert consultations.mark_silent() == 3
    assert _returns(planner, fire()) == (409 if is_checked else 302)
    assert fire().state == ("sent" if is_checked else "failed")
    assert asked.consultations.get(code="fire").silent_at


def test_a_letter_that_was_answered_stays_sent(asked: Opinion, held: Assignment, planner: User) -> None:
    carry_out()
    consultations.record_answer(consultation=asked.consultations.get(code="fire"), officer=planner, answer="no_objection")
    page = signed_in(planner).get(reverse("admin:letter", args=[fire().public_id])).content.decode()
    assert 'name="returned"' not in page and _returns(planner, fire()) == 409 and fire().state == "sent"
    auditor = StaffFactory(groups=["auditor"])
    assert (_returns(auditor, letter("roads")), letter("roads").state) == (403, "sent")


@pytest.mark.guards
def test_a_sent_letter_is_given_up_only_as_returned(asked: Opinion) -> None:
    carry_out()
    not_sent = {"state": "failed", "address": "", "sent_at": None}
    for changes in ({"reason": "refused"}, {"reason": "returned", "state": "skipped"}):
        with pytest.raises(IntegrityError, match="notifications_letter_sent_once"), transaction.atomic():
            Letter.objects.filter(code="fire").update(**not_sent | changes)
    with pytest.raises(IntegrityError, match="notifications_letter_sent"), transaction.atomic():
        Letter.objects.filter(code="fire").update(state="failed", reason="returned")
    Letter.objects.filter(code="fire").update(**not_sent, reason="returned")
