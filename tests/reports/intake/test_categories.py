"""What can be reported: every category is whole, and its offences, bodies and drawings exist."""

from __future__ import annotations

import datetime as dt

import pytest

from municipality.kernel import clock, worktime
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import ReportSeverity
from reports import promises, queries
from reports.intake.suggestions import found, suggested
from tests.architecture.files import ROOT
from tests.factories.rulebook import publish_rulebook

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _rules(db: None) -> None:
    publish_rulebook()


def test_offences_bodies_and_drawings_exist() -> None:
    rules, offences = queries.rules(), rulebook.edition("offences.municipal", clock.today()).offences
    drawings = (ROOT / "static/img/icons.svg").read_text(encoding="utf8")
    assert len(rules.categories) >= 14
    for one in rules.categories.values():
        assert set(filter(None, one.offences.split(","))) <= offences.keys(), one.code
        assert not one.body or one.body in rules.bodies, one.code
        assert f'id="i-{one.icon}"' in drawings, one.code
    handed = {one.body for one in rules.categories.values()} - {""}
    assert handed == rules.bodies.keys()


def test_every_severity_that_answers_give_has_a_promise() -> None:
    now, limits = clock.now(), queries.limits()
    for one in queries.rules().categories.values():
        for severity in {one.severity, *(question.raises_to for question in one.questions)} - {ReportSeverity.EMERGENCY}:
            assert promises.due_at(one, severity, now, limits) > now


def test_every_promise_lies_within_4_and_72_hours_on_its_clock() -> None:
    limits, rules = queries.limits(), queries.rules()
    severities = [severity for severity in promises.SEVERITIES if severity != ReportSeverity.EMERGENCY]
    promised = {(one.code, severity): promises.hours(one, severity, limits) for one in rules.categories.values() for severity in severities}
    assert len(promised) == 4 * len(rules.categories) and {key: time for key, time in promised.items() if not 4 <= time <= 72} == {}
    assert {promised[code, "urgent"] for code in rules.categories} == {4}  # the most severe has the least time
    beside = {**limits, "least_hours": 0, "most_hours": 1000}
    assert promises.hours(rules.categories["shop"], "low", beside) == 108  # without the limits


def test_the_time_is_promised_on_the_clock_of_the_category() -> None:
    limits, rules, now = queries.limits(), queries.rules(), clock.now()
    for one in rules.categories.values():
        for severity in ("low", "normal", "high", "urgent"):
            time = dt.timedelta(hours=promises.hours(one, severity, limits))
            due = promises.due_at(one, severity, now, limits)
            assert due == (now + time if one.clock == "always" else worktime.add_working_time(rulebook.calendar(), now, time))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("في كلب عند سيارة مهملة", "vehicle"),
        ("rubbish and old furniture", "waste"),
        ("المطعم يبيع لحم فاسد", "food"),
        ("an open pothole", "road"),
    ],
)
def test_words_lead_to_a_category(text: str, code: str) -> None:
    assert suggested(queries.rules(), text)[0].code == code
    assert suggested(queries.rules(), "") == [] == suggested(queries.rules(), "of to a")


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("dog street", {"hazard"}),
        ("كلب في الشارع", {"hazard", "road"}),
        ("الكلبِ", {"hazard"}),
        ("اعلان مائل", {"board"}),
        ("لوحات", {"board"}),
        ("Dogs!", {"hazard"}),
        ("رايحه", {"environment"}),
        ("of to", set()),
    ],
)
def test_a_search_finds_by_any_of_its_words_in_any_spelling(text: str, codes: set[str]) -> None:
    assert codes <= {one.code for one in found(queries.rules(), text)}
    assert bool(codes) == bool(found(queries.rules(), text))


def test_the_kind_of_most_words_stands_first() -> None:
    assert found(queries.rules(), "water of an air conditioner")[0].code == "leaking_air"
