"""The public page of a report: consequences, promise, place, words, and what it does not show."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.kernel import clock
from reports.models import Report, SolvedAnswer
from reports.places import blurred
from reports.public_page import figures
from reports.public_page.views import NUMBERS
from reports.reporters.services import Sender
from reports.triage import services as triage
from tests.conftest import NOON
from tests.factories import report_steps, reports
from tests.factories.accounts import StaffFactory
from tests.factories.inspections import inspector


def page(report: Report, status: int = 200, language: str = "en") -> str:
    response = Client().get(f"/{language}/reports/{report.public_id}/")
    assert response.status_code == status
    return str(response.content.decode())


def test_the_steps_are_told_once_and_name_nobody(drawn: Any) -> None:
    with clock.at(NOON):
        report = reports.assigned()
    with clock.at(NOON + dt.timedelta(hours=1)):
        content = page(report)
    assert content.count("An inspector was chosen by lot") == 1 and "1 person reported it" in content and report.number in content
    for secret in (drawn.name_ar, drawn.name_en, drawn.public_id, report.key):
        assert not secret or secret not in content


def test_the_promise_counts_down_and_turns_to_overdue_by_itself() -> None:
    with clock.at(NOON):
        report = reports.assigned()
    with clock.at(NOON - dt.timedelta(hours=23)):
        assert "Time left: 71 hours" in page(report) and "data-countdown" in page(report), "as the clock beside it"
    with clock.at(NOON - dt.timedelta(days=11)):
        assert "Time left: 13 days" in page(report) and "data-countdown" not in page(report), "nobody counts 312 hours"
    for hours, said in ((1, "Time left: 47 hours"), (47, "Time left: 1 hour"), (49, "Overdue by: 1 hour"), (98, "Overdue by: 2 days")):
        with clock.at(NOON + dt.timedelta(hours=hours)):
            assert said in page(report)
    with clock.at(NOON + dt.timedelta(hours=98)):
        assert "مدة التأخر: يومان" in page(report, language="ar")


def test_a_hand_over_names_the_body_and_the_clock_runs_on() -> None:
    with clock.at(NOON):
        report = report_steps.handed_over(reports.assigned())
    with clock.at(NOON + dt.timedelta(hours=60)):
        content = page(report)
    assert "Ministry of Interior" in content and "27 November 2026".replace(" ", "\xa0") in content
    assert "Overdue by: 12 hours" in content and "The clock runs on" in content
    assert 'You can contact it: <bdi dir="ltr">112</bdi>' in content


def test_a_result_shows_its_text_and_the_answers() -> None:
    with clock.at(NOON):
        report = reports.assigned()
    with clock.at(NOON + dt.timedelta(hours=10)):
        report_steps.closed(report)
        content = page(report)
        assert "Kept, early by: 38 hours" in content and "Can be answered until" in content
        assert content.count("The waste was removed.") == 2  # in the history and at the question
        report_steps.answered(report, is_solved=False)
        content = page(report)
    assert "Said: not solved</dt><dd>1</dd>" in content and "Not solved; opened again" in content


def test_a_promise_that_was_missed_stays_on_the_page_and_in_the_figures_after_it_is_opened_again(drawn: Any) -> None:
    with clock.at(NOON):
        late, early = reports.assigned(), reports.assigned()
        inspector("next", "HA")
    with clock.at(NOON + dt.timedelta(hours=1)):
        report_steps.closed(early)
    with clock.at(NOON + dt.timedelta(hours=49)):
        report_steps.closed(late)
        for row in (late, early):
            SolvedAnswer.objects.create(closure=row.closures.get(), is_solved=False, at=clock.now())
            triage.reopen(row)
            triage.assign(row)
            row.refresh_from_db()
    with clock.at(NOON + dt.timedelta(hours=50)):
        for row in (late, early):
            report_steps.closed(row, text_en="Now all is clean.")
        total = figures.count().total
        assert (total.closed, total.in_time) == (2, 1)
        said, at = "Missed before the report was opened again", "The earlier result came later than promised"
        assert said in page(late) and at in page(late)
        assert said not in page(early) and at not in page(early)


def test_a_report_closed_without_an_answer_does_not_tell_the_result_of_before_it_was_opened_again(drawn: Any) -> None:
    report = report_steps.answered(report_steps.closed(reports.assigned(Sender(phone="96550000011"))), is_solved=False)
    inspector("next", "HA")
    triage.assign(report)
    report.refresh_from_db()
    triage.ask(report=report, inspector=report.inspector, text="Which side?")
    with clock.at(clock.now() + dt.timedelta(days=6)):
        assert triage.end_unanswered() == 1
        waits = Client().get(f"/en/reports/{report.public_id}/").content.decode()
        report.refresh_from_db()
        triage.countersign(report=report, supervisor=StaffFactory(supervisor=True, login="signs"))
        page = Client().get(f"/en/reports/{report.public_id}/").content.decode()
        other = Client().get(f"/open311/v2/requests/{report.number}.json?extensions=true&locale=en").json()[0]
    assert "It could not go on without an answer" not in waits  # nobody has signed yet
    assert page.count("It could not go on without an answer") == 2  # beside the promise, and as a step
    assert page.count("The waste was removed.") == 1  # the step of before
    assert "It could not go on" in other["status_notes"] and "It could not go on" in other["notes"][-1]["description"]


def test_words_are_shown_only_after_somebody_agreed() -> None:
    report = reports.received(words="Left behind the mosque")
    waits = "It is shown here after an employee has agreed."
    assert "Left behind" not in page(report) and waits in page(report)
    Report.objects.filter(pk=report.pk).update(words_shown_at=clock.now())
    assert "Left behind" in page(report) and waits not in page(report)


def test_a_hidden_report_is_a_sentence_with_its_reason() -> None:
    report = reports.received(words="Left behind the mosque")
    Report.objects.filter(pk=report.pk).update(words_shown_at=clock.now())
    report_steps.hidden(report)
    content = page(report, status=404)
    assert "insult" in content and "This report is not shown" in content
    assert report.number not in content and "Left behind" not in content and "Waste or rubble" not in content


def test_the_place_is_blurred_and_says_so() -> None:
    report = reports.received()
    content = page(report)
    north, east = blurred(report.latitude, report.longitude)
    assert f'data-lat="{north:.6f}"' in content and f'data-lon="{east:.6f}"' in content and "within 15 metres" in content
    assert f'data-lat="{report.latitude:.6f}"' not in content


@pytest.mark.parametrize("place", [(29.3328, 48.0283), (28.55, 46.6), (30.05, 48.4)])
def test_no_blurred_place_is_farther_than_fifteen_metres(place: tuple[float, float]) -> None:
    from shops.search.ranking import distance

    for step in range(40):
        point = (place[0] + step * 0.000013, place[1] + step * 0.000017)
        north, east = blurred(*point)
        found = distance(point, _At(north, east))
        assert found is not None and found <= 15


class _At:
    def __init__(self, latitude: float, longitude: float) -> None:
        self.latitude, self.longitude = latitude, longitude


def test_a_joined_report_leads_to_the_other_which_counts_its_people(drawn: Any) -> None:
    end, target, report = reports.assigned(), reports.assigned(), reports.assigned()
    triage.merge(report=report, into=target, inspector=drawn, why="x")
    joined, other = page(report), page(target)
    assert f"/en/reports/{target.public_id}/" in joined
    assert 'id="promise"' in other and 'id="promise"' not in joined  # its promise is that of the other: no second day beside it
    assert "2 people reported it" in other
    triage.merge(report=target, into=end, inspector=drawn, why="x")
    assert "3 people reported it" in page(end)


def test_the_form_that_tracks_requests_leads_to_a_report_by_its_number_alone() -> None:
    report = reports.received()
    for typed in (report.number, report.number.lower(), report.number.replace("-", "")):
        answer = Client().post("/en/track/", {"reference": typed, "last_four": ""})
        assert (answer.status_code, answer.headers["Location"]) == (302, f"/en/reports/{report.public_id}/"), typed
    answer = Client().post("/en/track/", {"reference": "EYE-0000", "last_four": "1234"})
    assert answer.headers["Location"] == "/en/reports/"
    assert Client().post("/en/track/", {"reference": "HL-2026-000001-K", "last_four": ""}).status_code == 200


def test_the_page_needs_few_queries() -> None:
    with clock.at(NOON):
        report = report_steps.answered(report_steps.closed(report_steps.handed_over_and_back(reports.assigned())), is_solved=True)
        for shown, most in ((reports.assigned(), 2), (report, 6)):
            page(shown)
            with CaptureQueriesContext(connection) as queries:
                page(shown)
            assert len(queries) <= most, shown.state


@pytest.mark.parametrize("form", ["{n}", "{small}", "{bare}", "{code}", "{arabic}", "  {n} "])
def test_a_report_is_found_by_its_number_as_people_type_it(form: str) -> None:
    report = reports.received()
    arabic = report.number.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    bare = report.number.replace("-", "")
    typed = form.format(n=report.number, small=report.number.lower(), bare=bare, code=bare[3:], arabic=arabic)
    response = Client().post("/en/reports/", {"number": typed})
    assert response.status_code == 302 and response["Location"] == f"/en/reports/{report.public_id}/"


def test_a_typing_error_is_told_and_kept() -> None:
    report = reports.received()
    wrong = report.number[:-1] + ("A" if report.number[-1] != "A" else "B")
    response = Client().post("/en/reports/", {"number": wrong})
    content = response.content.decode()
    assert response.status_code == 400 and "A character is missing or wrong" in content and wrong in content
    unknown = Client().post("/en/reports/", {"number": "EYE-0000-0000-" + _check("EYE00000000")})
    assert "There is no report with this number" in unknown.content.decode()


def test_right_numbers_of_a_shared_address_use_up_no_tries() -> None:
    right, unknown = reports.received().number, "EYE-0000-0000-" + _check("EYE00000000")

    def code(number: str) -> int:
        return Client().post("/en/reports/", {"number": number}).status_code

    assert {code(right) for _ in range(NUMBERS.amount + 1)} == {302}
    assert [code(unknown) for _ in range(NUMBERS.amount + 1)] == [400] * NUMBERS.amount + [429], "the control: wrong ones do"


def _check(stem: str) -> str:
    from stdnum.iso7064 import mod_37_36

    return str(mod_37_36.calc_check_digit(stem))


def test_unknown_pages_are_not_found() -> None:
    for public_id in ("0" * 26, "x", "0" * 300):
        assert Client().get(f"/en/reports/{public_id}/").status_code == 404
