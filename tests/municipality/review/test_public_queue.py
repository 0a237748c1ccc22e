"""The queue as everybody may read it: the same numbers as in the log, and nobody's name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from municipality.cases.timeline import TIMELINES, Timeline
from municipality.kernel import clock, worktime
from municipality.review import public_queue, study_times
from municipality.review.models import QueueEntry, QueueEntryEvent
from municipality.review.registry import REVIEWABLES
from municipality.review.services import desk, queue
from municipality.review.services.desk import CorrectionRequest
from municipality.rulebook import queries as rulebook
from tests import desk_acts, serving
from tests.conftest import Clock
from tests.municipality.review import permits
from tests.municipality.review.permits import Office


def of_field(branch: str = "HA") -> public_queue.QueueLine:
    """The line of the tests' own field of work."""
    (found,) = [
        one for one in public_queue.compute(clock.now()).lines if one.branch.pk == branch and (one.waiting or one.decided or one.overrides)
    ]
    return found


def decide(office: Office, frozen_clock: Clock, many: int) -> None:
    for number in range(many):
        permits.sent(office.applicant)
        held = desk_acts.assigned(office.officer)
        frozen_clock.move(hours=1 + number)
        desk.accept(assignment=desk_acts.checked(held))


def test_what_waits_and_what_was_decided_is_what_the_log_says(office: Office, frozen_clock: Clock) -> None:
    decide(office, frozen_clock, 6)
    for _ in range(3):
        permits.sent(office.applicant)
    told = of_field()
    waiting = QueueEntry.objects.filter(branch="HA", state="waiting")
    assert (told.waiting, told.oldest_since) == (3, min(place.joined_at for place in waiting))
    left = QueueEntryEvent.objects.filter(move="leave", reason__in=("accepted", "refused"))
    assert told.decided == left.count() == 6
    calendar = rulebook.calendar()
    spent = sorted(
        worktime.working_minutes_between(calendar, e.subject.case.clock.started_at, e.at) - e.subject.case.clock.paused_minutes
        for e in left.select_related("subject__case__clock")
    )
    clocks = left.select_related("subject__case__clock")[0].subject.case.clock
    day = clocks.promised_minutes / clocks.promised_days
    assert told.half_days == study_times.whole_days(spent[2] / day)
    assert told.in_time_percent == 100 and told.promise_days == clocks.promised_days


def test_late_decisions_lower_the_share_that_was_in_time(office: Office, frozen_clock: Clock) -> None:
    decide(office, frozen_clock, 4)
    permits.sent(office.applicant)
    held = desk_acts.assigned(office.officer)
    frozen_clock.move(days=25)
    desk.accept(assignment=desk_acts.checked(held))
    told = of_field()
    assert told.decided == 5 and told.in_time_percent == 80


def test_few_decisions_make_no_figure(office: Office, frozen_clock: Clock) -> None:
    decide(office, frozen_clock, 4)
    assert (of_field().half_days, of_field().in_time_percent) == (None, None)


def test_a_case_taken_before_its_turn_is_counted_and_listed_with_its_reason(office: Office) -> None:
    _first, third = permits.sent(office.applicant), permits.sent(office.applicant)
    made = queue.ask_override(place=third, code="danger_to_health", asked_by=office.supervisor)
    assert not public_queue.compute(clock.now()).overrides, "one person is not enough"
    queue.allow_override(override=made, allowed_by=office.second)
    desk_acts.assigned(office.officer)
    found = public_queue.compute(clock.now())
    ((reason, count),) = found.reasons
    assert (reason.code, count, of_field().overrides) == ("danger_to_health", 1, 1)
    page = Client().get("/en/queue/").content.decode()
    assert "Danger to public health" in page
    for person in (office.supervisor, office.second, office.applicant, office.officer):
        for private in (person.name_ar, person.name_en, person.public_id):
            assert private not in page
    assert third.case.reference not in page and third.case.public_id not in page and third.case.title_en not in page


def test_the_numbers_are_cached_for_a_minute_and_no_longer(office: Office, frozen_clock: Clock, settings: Any) -> None:
    settings.PUBLIC_QUEUE_SECONDS = 60
    public_queue.published.cache_clear()
    permits.sent(office.applicant)
    assert sum(one.waiting for one in public_queue.published().lines) == 1
    permits.sent(office.applicant)
    assert sum(one.waiting for one in public_queue.published().lines) == 1
    frozen_clock.move(seconds=61)
    assert sum(one.waiting for one in public_queue.published().lines) == 2
    public_queue.published.cache_clear()


@pytest.mark.parametrize("code", ["ar", "en"])
def test_anybody_reads_the_page_in_few_statements_however_many_wait(
    office: Office, code: str, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    serving.warm(monkeypatch)
    client = Client()
    client.get(f"/{code}/queue/")
    for _ in range(5):
        permits.sent(office.applicant)
    with django_assert_max_num_queries(12):
        page = client.get(f"/{code}/queue/")
    assert page.status_code == 200 and "kp-fold" in page.content.decode()


def test_an_empty_queue_says_so(office: Office) -> None:
    assert "None so far" in Client().get("/en/queue/").content.decode()


def test_the_sums_stand_first_and_each_branch_is_folded_with_services_in_words(office: Office) -> None:
    for _ in range(3):
        permits.sent(office.applicant)
    told = public_queue.compute(clock.now())
    assert told.waiting == sum(one.waiting for one in told.branches) == QueueEntry.objects.filter(state="waiting").count() == 3
    assert told.oldest_since == min(one.oldest_since for one in told.branches if one.oldest_since)
    assert [line for one in told.branches for line in one.lines] == told.lines
    nameless = {service.skill for service in REVIEWABLES.values() if not any(name for name, _row in public_queue._services(service.skill))}
    assert nameless == {"permits"}, "only the tests' own service has no name"
    for language, waiting in (("en", "3 requests"), ("ar", "3 طلبات")):
        page = Client().get(f"/{language}/queue/").content.decode()
        main = page[page.index("<main") :]
        assert main.index(waiting) < main.index("<details") and main.count("<summary") == len(told.branches) + 1
        for skill in ("claims", "objections", "pages"):
            assert f">{skill}<" not in main


def rounds_of(many: int, office: Office, frozen_clock: Clock, *, rounds: int) -> None:
    """Requests decided after so many rounds of corrections; a second one is about what is new."""
    for number in range(many):
        entry = permits.sent(office.applicant)
        held = desk_acts.assigned(office.officer)
        for turn in range(rounds):
            desk.ask_corrections(assignment=held, items=[CorrectionRequest("file_expired", "lease")])
            permits.answer(entry, lease=f"sha-{number}-{turn}")
            frozen_clock.move(minutes=1)
            held = desk_acts.assigned(office.officer)
        desk.accept(assignment=desk_acts.checked(held))


@pytest.fixture
def permit_named() -> Iterator[None]:
    TIMELINES.register(permits.PERMIT, Timeline(name="Permit", titles={}, path=(), next_actor={}, notes={}))
    yield
    TIMELINES.pop(permits.PERMIT)


def rounds_line() -> public_queue.RoundsLine:
    (line,) = [one for one in public_queue.compute(clock.now()).rounds if one.services == ["Permit"]]
    return line


def test_rounds_are_public_by_service_and_small_numbers_are_hidden(office: Office, frozen_clock: Clock, permit_named: None) -> None:
    rounds_of(5, office, frozen_clock, rounds=0)
    rounds_of(4, office, frozen_clock, rounds=1)
    rounds_of(5, office, frozen_clock, rounds=2)
    line = rounds_line()
    assert (line.none, line.one, line.more, line.countersigned) == (5, None, 5, None)
    rounds_of(1, office, frozen_clock, rounds=1)
    assert rounds_line().one == 5  # the control: the fifth is shown
    public_queue.published.cache_clear()
    page = Client().get("/en/queue/").content.decode()
    assert "Two rounds or more" in page and "fewer than 5" in page and "in the last 90 days" in page


def test_rounds_of_long_ago_and_of_requests_under_study_are_not_counted(office: Office, frozen_clock: Clock, permit_named: None) -> None:
    rounds_of(5, office, frozen_clock, rounds=1)
    permits.sent(office.applicant)
    desk.ask_corrections(assignment=desk_acts.assigned(office.officer), items=[CorrectionRequest("file_expired", "lease")])
    assert rounds_line().one == 5
    frozen_clock.move(days=public_queue.ROUND_DAYS + 1)
    assert rounds_line().one is None


def test_a_rate_below_one_a_day_is_no_figure_and_empty_branches_are_folded_together(office: Office, frozen_clock: Clock) -> None:
    decide(office, frozen_clock, 2)
    permits.sent(office.applicant)
    assert 0 < of_field().pace_per_day < 1
    serving_page = Client().get("/en/queue/").content.decode().split("<main")[1]
    assert "0.2" not in serving_page and "—" in serving_page
    busy, folded = serving_page.split("Branches with nothing waiting")
    assert office.officer.branch.name_en in busy and office.officer.branch.name_en not in folded.split("Rounds of corrections")[0]
