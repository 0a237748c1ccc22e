"""Feedback on confirmation pages: one answer each, kept as it was given, for the Municipality only."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.template.loader import render_to_string
from django.test import Client
from django.utils.translation import get_language, override

from licensing.health.services import submit_renewal
from municipality.cases import feedback, queries, services
from municipality.cases.forms import FeedbackForm
from municipality.cases.models import Case, Feedback
from municipality.cases.roles import ensure_roles
from municipality.kernel import clock
from tests.browsers import signed_in
from tests.conftest import NOON
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory
from tests.factories.licensing import RenewalCaseFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(make_licensed_shop: Any, owner: Any) -> Case:
    """A request that an officer studies: its applicant has nothing to do."""
    return RenewalCaseFactory(shop=make_licensed_shop(), applicant=owner, changed=["area_m2"])


def address(case: Case, language: str = "en") -> str:
    return f"/{language}/cases/{case.public_id}/"


def answered(page: str) -> str:
    """The section of a page."""
    return page[page.index('id="feedback"') :].partition("</section>")[0]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_of_a_request_asks_once_and_shows_the_answer_the_next_day(case: Case, owner: Any, language: str) -> None:
    client, page = signed_in(owner), address(case, language)
    assert answered(client.get(page).content.decode()).count('type="radio"') == 5
    sent = client.post(f"{page}feedback/", {"ease": "4", "text": "  Quick, but a long page  "})
    assert (sent.status_code, sent["Location"]) == (303, f"{page}#feedback")
    given = Feedback.objects.get()
    assert (given.subject, given.service, given.person, given.ease) == (case.key, case.service, owner, 4)
    assert given.text == "Quick, but a long page"
    today = answered(client.get(page).content.decode())
    assert "Quick, but a long page" in today and "radio" not in today
    with clock.at(NOON + dt.timedelta(days=1)):
        assert answered(signed_in(owner).get(page).content.decode()) == today


def test_a_request_that_waits_for_its_applicant_asks_nothing_yet(make_shop: Any, owner: Any) -> None:
    unpaid = submit_renewal(shop=make_shop(), applicant=owner)
    assert 'id="feedback"' not in signed_in(owner).get(address(unpaid)).content.decode()


def test_a_second_answer_changes_nothing(case: Case, owner: Any) -> None:
    client, page = signed_in(owner), address(case)
    for ease in ("5", "1"):
        assert client.post(f"{page}feedback/", {"ease": ease}).status_code == 303
    assert client.get(f"{page}feedback/").status_code == 303
    assert Feedback.objects.get().ease == 5
    assert services.give_feedback(subject=case.key, service=case.service, person=owner, ease=1, text="").ease == 5


def test_the_database_takes_one_answer_of_each_person_and_one_of_a_visitor(case: Case, owner: Any) -> None:
    other = PersonFactory(civil_id=NOURA)
    for person in (owner, other, None):
        fields = {"subject": case.key, "service": case.service, "person": person, "text": "", "at": NOON}
        Feedback.objects.create(ease=3, **fields)
        with pytest.raises(IntegrityError), transaction.atomic():
            Feedback.objects.create(ease=3, **fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.create(ease=6, **(fields | {"subject": "case:other"}))
    with pytest.raises(DatabaseError), transaction.atomic():
        Feedback.objects.update(ease=5)


def test_without_a_choice_it_is_asked_again_with_what_was_written(case: Case, owner: Any) -> None:
    client, page = signed_in(owner), address(case)
    for data in ({"text": "Too long"}, {"ease": "6", "text": "Too long"}):
        shown = client.post(f"{page}feedback/", data)
        body = shown.content.decode()
        assert shown.status_code == 200 and "Choose one of the five answers." in body and "Too long" in body
    switched = client.post(f"{address(case, 'ar')}feedback/", {"ease": "4", "_language": "ar"})
    assert switched.status_code == 200 and not Feedback.objects.exists(), "switching the language sends nothing"
    assert client.post(f"{page}feedback/", {"ease": "4", "text": "x" * 501}).status_code == 200
    assert not Feedback.objects.exists()


def test_answers_of_a_client_are_limited(case: Case, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feedback, "LIMIT", 0)
    answer = signed_in(owner).post(f"{address(case)}feedback/", {"ease": "4"})
    assert (answer.status_code, Feedback.objects.count()) == (429, 0) and answer["Retry-After"]


def test_another_person_neither_answers_nor_reads(case: Case, owner: Any) -> None:
    services.give_feedback(subject=case.key, service=case.service, person=owner, ease=2, text="only for the office")
    stranger = signed_in(PersonFactory(civil_id=NOURA))
    assert stranger.post(f"{address(case)}feedback/", {"ease": "1"}).status_code == 404
    tracked = Client().post("/en/track/", {"reference": case.reference, "last_four": owner.last_four}).content.decode()
    assert case.reference in tracked and "only for the office" not in tracked


def test_staff_read_a_list_and_averages_without_names(case: Case, owner: Any) -> None:
    services.give_feedback(subject=case.key, service=case.service, person=owner, ease=2, text="long")
    services.give_feedback(subject="case:other", service=case.service, person=owner, ease=5, text="")
    assert queries.feedback_averages() == [(case.service, 2, 3.5)]
    ensure_roles()
    for role, status in (("supervisor", 200), ("auditor", 200), ("officer", 403)):
        client = signed_in(StaffFactory(groups=[role], login=role, branch_id="HA"))
        page = client.get("/admin/cases/feedback/")
        assert page.status_code == status, role
        if status == 200:
            body = page.content.decode()
            assert "3.5" in body and "long" in body and owner.name_ar not in body and case.reference not in body
            one = client.get(f"/admin/cases/feedback/{Feedback.objects.first().pk}/change/").content.decode()
            assert case.public_id not in one and owner.name_ar not in one
            assert client.post(f"/admin/cases/feedback/{Feedback.objects.first().pk}/change/", {"ease": "5"}).status_code == 403


def test_the_empty_fields_are_drawn_once_for_each_language_and_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the same for everybody; what is of one person stands around them."""
    drawn: list[tuple[str, str]] = []

    def form(*, question: str) -> FeedbackForm:
        drawn.append((get_language() or "", question))
        return FeedbackForm(question=question)

    def shown(language: str, question: str, url: str) -> str:
        with override(language):
            section = feedback.FeedbackSection(question, url, None)
            return render_to_string("components/feedback.html", {"feedback": section, "language": language})

    monkeypatch.setattr(feedback, "FeedbackForm", form)
    for url in ("/one/", "/two/"):
        for question in ("How was it?", "How was the other?"):
            assert f'action="{url}"' in shown("en", question, url) and question in shown("en", question, url)
            assert "ما الذي" in shown("ar", question, url) or "سهل" in shown("ar", question, url)
    assert sorted(drawn) == [(language, question) for language in ("ar", "en") for question in ("How was it?", "How was the other?")]


def test_what_somebody_answered_is_read_by_them_alone(case: Case, owner: Any) -> None:
    services.give_feedback(subject=case.key, service=case.service, person=owner, ease=2, text="slow")
    answered = [
        Case.objects.annotate(**queries.feedback_columns(case.public_id, person)).values_list("given_ease", "given_text").get(pk=case.pk)
        for person in (owner, PersonFactory(civil_id=NOURA))
    ]
    assert answered == [(2, "slow"), (None, None)]
