"""Who says that a result solved nothing: the reporter, and everybody whose report was joined with theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.notifications.models import Message
from reports.models import Closure, Report, SolvedAnswer
from reports.reporters import notifications
from reports.reporters.services import Sender
from reports.results import NO_ANSWER
from reports.triage import draws
from reports.triage import services as triage
from reports.triage.services.joins import ReportPart, complete_parents
from tests.browsers import signed_in
from tests.factories import report_steps, reports
from tests.factories.accounts import UserFactory
from tests.factories.inspections import inspector

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]


@pytest.fixture
def drawn(store: Path) -> User:
    return inspector("mine", "HA")


@pytest.fixture
def people(db: None) -> list[User]:
    return [UserFactory() for _number in range(2)]


def fresh(row: Report) -> Report:
    return Report.objects.select_related("inspector", "merged_into", "last_event").get(pk=row.pk)


def joined(people: list[User], drawn: User) -> list[Report]:
    """A report and one that was joined with it, of two people."""
    own, other = (reports.assigned(Sender(person=person)) for person in people)
    triage.merge(report=other, into=own, inspector=drawn, why="x")
    return [fresh(own), fresh(other)]


def said(person: User, row: Report, answer: str) -> int:
    browser: Client = signed_in(person)
    return browser.post(f"/en/reports/{row.public_id}/mine/", {"solved": answer, "words": "ما زالت"}).status_code


def test_the_yes_of_one_does_not_end_the_no_of_another(people: list[User], drawn: User) -> None:
    """Or a friend of the inspector could silence everybody who reported the same."""
    own, other = joined(people, drawn)
    report_steps.closed(own)
    assert said(people[0], own, "yes") == 302
    assert said(people[0], own, "no") == 200, "who said yes is asked no second time"
    assert said(people[1], other, "no") == 302
    assert fresh(own).state == "received"
    assert list(SolvedAnswer.objects.order_by("pk").values_list("is_solved", flat=True)) == [True, False]
    assert drawn not in draws.able(fresh(own), on=None)


def test_the_same_is_stored_once_of_a_result(people: list[User], drawn: User) -> None:
    own, _other = joined(people, drawn)
    report_steps.closed(own)
    for is_refused in (False, True):
        try:
            with transaction.atomic():
                SolvedAnswer.objects.create(closure=own.closures.get(), is_solved=True, at=clock.now())
        except IntegrityError:
            assert is_refused


def test_who_was_joined_into_a_part_says_that_it_is_not_solved(people: list[User], drawn: User) -> None:
    whole, other = (reports.assigned(Sender(person=person)) for person in people)
    for part in triage.split(report=whole, inspector=drawn, parts=[ReportPart("waste", "أ"), ReportPart("hazard", "ب")]):
        triage.assign(part)
        if part.category == "waste":
            triage.merge(report=other, into=part, inspector=drawn, why="x")
        report_steps.closed(fresh(part))
        complete_parents(fresh(part))
    part = fresh(fresh(other).merged_into)  # type: ignore[arg-type]
    context = notifications.context_of(notifications.Closed, part, fresh(other))
    assert fresh(whole).state == "closed" and context["may_judge"]
    assert 'value="no"' in signed_in(people[1]).get(f"/en/reports/{other.public_id}/mine/").content.decode()
    assert said(people[1], fresh(other), "no") == 302
    assert (fresh(part).state, fresh(whole).state) == ("received", "split")
    assert drawn not in draws.able(fresh(part), on=None)


def test_where_somebody_else_did_not_answer_the_others_are_told_what_is_true_for_them(people: list[User], drawn: User) -> None:
    own, other = joined(people, drawn)
    report_steps.closed(own, code=NO_ANSWER)
    with transaction.atomic():
        notifications.tell(own, "unanswered")
    told: dict[Any, str] = dict(Message.objects.filter(path__contains="/mine/").order_by("pk").values_list("person", "kind"))
    assert told == {people[0].pk: "reports.unanswered", people[1].pk: "reports.closed"}
    assert said(people[0], own, "no") == 200, "an answer to the question opens it again"
    assert said(people[1], other, "no") == 302 and fresh(own).state == "received"
    assert Closure.objects.get().closed_by not in draws.able(fresh(own), on=None)
