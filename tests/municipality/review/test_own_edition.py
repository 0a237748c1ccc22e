"""A case is judged by the rules of the day on which it was sent, whatever is published before it is decided."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from municipality.accounts.models import User, actor_of
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review import queries
from municipality.review.models import Clock as CaseClock
from municipality.review.services import case_clock, desk
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import CheckRule, HolidayRule, RuleSet
from municipality.rulebook.services import copy_as_draft, publish
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.municipality.review import permits
from tests.municipality.review.permits import Office

pytestmark = pytest.mark.django_db


def new_edition(subject: str) -> tuple[RuleSet, User]:
    """A draft with the rows of the newest edition, from tomorrow, and who may publish it."""
    newest = RuleSet.objects.filter(subject=subject).order_by("-version")[0]
    maker, publisher = (User.objects.get(login=name) for name in ("maker", "publisher"))
    draft = copy_as_draft(ruleset=newest, maker=maker, actor=actor_of(maker, "rule_maker"))
    draft.first_day = clock.today() + dt.timedelta(days=1)
    draft.save(update_fields=["first_day"])
    return draft, publisher


def one_more_question() -> None:
    draft, publisher = new_edition("checks.health")
    CheckRule.objects.create(
        ruleset=draft, order=99, code="squeezed_in", text_ar="سؤال جديد", text_en="New", article_ar="م 1", article_en="Art. 1"
    )
    publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))


def codes(entry: permits.QueueEntry) -> list[str]:
    return [line.check.code for line in queries.checklist(entry.case)]


def test_a_question_added_before_the_decision_is_not_asked_of_an_earlier_case(office: Office, frozen_clock: Clock) -> None:
    earlier = permits.sent(office.applicant)
    before = codes(earlier)
    one_more_question()
    frozen_clock.move(days=1)
    later = permits.sent(office.applicant)
    assert "squeezed_in" in codes(later)  # the control: the new edition is in force
    assert codes(earlier) == before
    assignment = desk_acts.assigned(office.officer)
    assert assignment.place == earlier
    with pytest.raises(Refused, match="unknown_check"):
        desk.check_all(assignment=assignment, answers={"squeezed_in": "no"})
    desk.accept(assignment=desk_acts.checked(assignment))


def test_the_desk_shows_and_prints_the_editions_of_the_case(office: Office, frozen_clock: Clock) -> None:
    permits.sent(office.applicant)
    one_more_question()
    frozen_clock.move(days=1)
    entry = desk_acts.assigned(office.officer).place
    assert {"checks.health v1", "calendar v1"} <= set(queries.stamps_of(entry.case))
    client: Client = signed_in(office.officer)
    page = client.get(f"/admin/desk/{entry.case.public_id}/").content.decode()
    assert "squeezed_in" not in page and "سؤال جديد" not in page
    assert rulebook.edition("checks.health", clock.today()).version == 2


def test_a_case_without_a_stamp_is_judged_by_the_day_it_was_opened(office: Office, frozen_clock: Clock) -> None:
    entry = permits.sent(office.applicant)
    one_more_question()
    frozen_clock.move(days=1)
    entry.case.editions = []
    assert "squeezed_in" not in codes(entry)


def test_the_calendar_named_is_the_one_that_the_promised_day_stands_on(office: Office) -> None:
    entry = permits.sent(office.applicant)
    draft, publisher = new_edition("calendar")
    day = clock.today() + dt.timedelta(days=2)
    HolidayRule.objects.create(
        ruleset=draft, first_day=day, last_day=day, name_ar="عطلة", name_en="A holiday", source_ar="ق", source_en="D"
    )
    publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))
    case_clock.recompute_all()
    assert entry.case.editions[-1] == "calendar v1"  # what it was opened under is kept
    entry.case.clock = CaseClock.objects.get(case=entry.case)
    assert queries.stamps_of(entry.case)[-1] == "calendar v2"
