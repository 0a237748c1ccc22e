"""The promise of working time: it runs, stands still only for the applicant, moves with the calendar and moves cases up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.jobs.models import Job
from municipality.kernel.clock import KUWAIT
from municipality.notifications.models import Message
from municipality.review import invariants
from municipality.review.models import Clock as Promise
from municipality.review.models import Escalation, QueueEntry
from municipality.review.services import case_clock, desk, queue
from municipality.review.services.desk import CorrectionRequest
from municipality.rulebook.models import HolidayRule, RuleSet
from municipality.rulebook.services import copy_as_draft, publish
from tests import desk_acts
from tests.conftest import Clock
from tests.municipality.review import permits
from tests.municipality.review.permits import Office


def at(day: int, hour: int, minute: int = 0, month: int = 11) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, minute, tzinfo=KUWAIT)


def promise(place: QueueEntry) -> Promise:
    return Promise.objects.select_related("case").get(case=place.case_id)


def due(place: QueueEntry) -> dt.datetime:
    found = promise(place).due_at
    assert found is not None
    return found.astimezone(KUWAIT)


def holiday(first: dt.date, last: dt.date) -> None:
    """The Cabinet announces days off; two people publish the calendar with them."""
    newest = RuleSet.objects.filter(subject="calendar").order_by("-version")[0]
    maker, publisher = (User.objects.get(login=name) for name in ("maker", "publisher"))
    draft = copy_as_draft(ruleset=newest, maker=maker, actor=actor_of(maker, "rule_maker"))
    HolidayRule.objects.create(
        ruleset=draft, first_day=first, last_day=last, name_ar="عطلة", name_en="A holiday", source_ar="قرار", source_en="Decision"
    )
    publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))


# Tuesday 24 November 2026, 12:01 in Kuwait; the office works Sunday to Thursday, 7 to 14.


def test_five_working_days_end_at_the_closing_hour_of_the_fifth(office: Office) -> None:
    place = permits.sent(office.applicant)
    assert due(place) == at(1, 14, month=12)
    assert Case.objects.get(place=place).due_on == dt.date(2026, 12, 1)
    assert promise(place).promised_minutes == 5 * 420 + 119


def test_the_clock_stands_still_only_while_the_applicant_is_waited_for(office: Office, frozen_clock: Clock) -> None:
    place = permits.sent(office.applicant)
    before = due(place)
    assignment = desk_acts.assigned(office.officer)
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("file_expired", "lease")])
    assert (promise(place).due_at, promise(place).next_level_at) == (None, None)
    frozen_clock.set(at(30, 12, 1))  # 4 working days on
    permits.answer(place, lease="sha-2")
    assert promise(place).paused_minutes == 4 * 420
    assert due(place) == at(7, 14, month=12) and before == at(1, 14, month=12)
    assert Case.objects.get(place=place).due_on == dt.date(2026, 12, 7)
    assert not list(invariants.findings())


def test_a_proposal_that_waits_for_its_signature_and_a_case_given_back_run_on(office: Office, frozen_clock: Clock) -> None:
    place = permits.sent(office.applicant)
    before = due(place)
    assignment = desk_acts.assigned(office.officer)
    desk.propose_refusal(assignment=desk_acts.checked(assignment), code="layout_changed")
    frozen_clock.move(days=1)
    desk.take_back(assignment=assignment)
    queue.give_back(assignment=assignment, code="outside_my_skill")
    frozen_clock.move(days=1)
    case_clock.recompute_all()
    assert due(place) == before and case_clock.used_percent(promise(place)) == 840 * 100 // 2219


def test_a_holiday_announced_late_moves_what_runs_and_says_so_once(office: Office, frozen_clock: Clock, outbox: Callable[..., int]) -> None:
    running, away, done = (permits.sent(office.applicant) for _ in range(3))
    first = desk_acts.assigned(office.officer)
    advance(done.case, "withdraw", actor=actor_of(office.applicant))
    queue.leave(case=done.case, actor=actor_of(office.applicant))
    desk.ask_corrections(assignment=first, items=[CorrectionRequest("file_expired", "lease")])
    waiting, paused = away, running  # the first one assigned is the one that waits for its applicant
    frozen_clock.set(at(26, 8))
    holiday(dt.date(2026, 11, 29), dt.date(2026, 11, 30))
    assert outbox("review.recompute_clocks")
    assert due(waiting) == at(3, 14, month=12)
    case = Case.objects.get(place=waiting)
    assert (case.due_on, case.state) == (dt.date(2026, 12, 3), "in_review")
    assert case.events.latest("pk").data == {"due_on": "2026-12-03"}
    (message,) = Message.objects.filter(kind="review.promise_moved")
    assert "1 December 2026" in message.body_en and "3 December 2026" in message.body_en
    assert case_clock.recompute_all() == 0 and Message.objects.filter(kind="review.promise_moved").count() == 1
    # Tuesday to Thursday and an hour of the next Tuesday: the two days off are no pause.
    frozen_clock.set(at(1, 8, month=12))
    permits.answer(paused, lease="sha-2")
    assert promise(paused).paused_minutes == 119 + 420 + 420 + 60
    assert not list(invariants.findings())


def test_a_calendar_that_changes_nothing_of_a_promise_sends_nothing(office: Office, outbox: Callable[..., int]) -> None:
    place = permits.sent(office.applicant)
    before = due(place)
    holiday(dt.date(2027, 5, 2), dt.date(2027, 5, 2))
    outbox("review.recompute_clocks")
    assert due(place) == before and not Message.objects.filter(kind="review.promise_moved").exists()
    assert promise(place).calendar == "calendar v2"


# Moving up.


def test_a_case_moves_up_by_itself_at_each_step_once_and_its_applicant_is_told(
    office: Office, frozen_clock: Clock, outbox: Callable[..., int]
) -> None:
    place = permits.sent(office.applicant)
    desk_acts.assigned(office.officer)
    reached = []
    for _ in range(310):  # every hour, day and night
        frozen_clock.move(hours=1)
        case_clock.escalate_due()
        case_clock.escalate_due()
        outbox("review.escalate")
        level = promise(place).level
        if level > len(reached):
            reached.append((level, case_clock.used_percent(promise(place))))
    assert [level for level, _ in reached] == [1, 2, 3]
    assert all(step <= used <= step + 3 for (_, used), step in zip(reached, (100, 125, 150), strict=True))
    assert Escalation.objects.count() == Message.objects.filter(kind="review.escalated").count() == 3
    assert Job.objects.filter(kind="review.escalate").count() == 3
    assert promise(place).next_level_at is None and not list(invariants.findings())


def test_after_a_stand_still_a_case_moves_up_by_as_many_levels_as_were_passed(office: Office, frozen_clock: Clock) -> None:
    place = permits.sent(office.applicant)
    frozen_clock.move(days=30)
    assert case_clock.escalate(clock_id=promise(place).pk) == 3 and case_clock.escalate(clock_id=promise(place).pk) == 0
    assert [e.level for e in Escalation.objects.order_by("pk")] == [1, 2, 3]
    assert Message.objects.filter(kind="review.escalated").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Escalation.objects.create(case=place.case, level=2, at=frozen_clock.move(minutes=1), used_percent=130)


def test_nothing_moves_up_while_the_applicant_is_waited_for_or_once_it_is_decided(office: Office, frozen_clock: Clock) -> None:
    permits.sent(office.applicant)
    permits.sent(office.applicant)
    desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=[CorrectionRequest("file_expired", "lease")])
    desk.accept(assignment=desk_acts.checked(desk_acts.assigned(office.officer)))
    frozen_clock.move(days=60)
    assert case_clock.escalate_due() == 0 and not Escalation.objects.exists()


def test_the_supervisor_sees_what_moved_up(office: Office, frozen_clock: Clock) -> None:
    from municipality.review import queries

    place = permits.sent(office.applicant)
    assert not queries.late_clocks(place.branch)
    frozen_clock.move(days=10)
    case_clock.escalate(clock_id=promise(place).pk)
    (seen,) = queries.late_clocks(place.branch)
    assert queries.board(place.branch).escalated == []  # it stands among the late ones
    assert seen.level and seen.case.pk == place.case_id and queries.may_open(office.supervisor, place.case)


def test_an_escalation_that_does_not_come_is_found(office: Office, frozen_clock: Clock) -> None:
    permits.sent(office.applicant)
    frozen_clock.move(days=10)
    assert any("should have moved up" in line for line in invariants.findings())
