"""The by-law of violations, without a database."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from violations import rules
from violations.rules import Delivered, Measurement, ViolationStatus, option_statuses
from violations.services.assessments import formula
from violations.states import ViolationState

TODAY = dt.date(2026, 11, 24)
OPEN = ViolationStatus(
    "ordered",
    TODAY,
    correct_until=TODAY - dt.timedelta(days=3),
    settle_until=TODAY + dt.timedelta(days=5),
    object_until=TODAY + dt.timedelta(days=20),
    fils=100_000,
    plan_from_fils=50_000,
    max_instalments=6,
)


def told(**changes: object) -> dict[str, str]:
    values = {name: getattr(OPEN, name) for name in OPEN.__dataclass_fields__}
    return {option.code: option.closed for option in option_statuses(ViolationStatus(**(values | changes)))}  # type: ignore[arg-type]


PUBLIC = {rules.FINAL, rules.CONTESTED, rules.GONE}  # how a violation report stands on the page of its shop


def test_the_rules_know_every_state_by_its_name() -> None:
    assert {state.value for state in ViolationState} == {
        value for name, value in vars(rules).items() if name.isupper() and isinstance(value, str) and name.lower() == value
    } - {"each", "piece", "worker", "m2", "m2_month", *PUBLIC}


# The rules table: for each standing, why each way is closed (empty: open), in the order correct, settle, pay, object, more time,
# instalments, not mine.
TABLE = {
    "warned": ({"state": "warned", "correct_until": TODAY}, ["", "still_warned", "still_warned", "still_warned", *["still_warned"] * 3]),
    "warned, over": (
        {"state": "warned", "correct_until": TODAY - dt.timedelta(days=1)},
        ["correction_over", "still_warned", "still_warned", "still_warned", *["still_warned"] * 3],
    ),
    "without a warning": ({"correct_until": None}, ["no_warning", "", "no_ruling", "", "", "", ""]),
    "ordered": ({}, ["report_written", "", "no_ruling", "", "", "", ""]),
    "not served yet": (
        {"settle_until": None, "object_until": None},
        ["report_written", "", "no_ruling", "", "clock_not_begun", "", ""],
    ),
    "extended": ({"is_extended": True}, ["report_written", "", "no_ruling", "", "extended_once", "", ""]),
    "small sum": ({"fils": 5_000}, ["report_written", "", "no_ruling", "", "", "too_small", ""]),
    "at the bank": ({"is_at_bank": True}, ["report_written", "at_bank", "no_ruling", "at_bank", "at_bank", "at_bank", "at_bank"]),
    "overdue": (
        {"state": "overdue", "settle_until": TODAY - dt.timedelta(days=1)},
        ["report_written", "settlement_over", "no_ruling", "", "settlement_over", "settlement_over", ""],
    ),
    "overdue, too late to object": (
        {"state": "overdue", "object_until": TODAY - dt.timedelta(days=1)},
        ["report_written", "settlement_over", "no_ruling", "objection_over", "settlement_over", "settlement_over", "objection_over"],
    ),
    "unsettleable": (
        {"state": "unsettleable", "is_settleable": False},
        ["report_written", "not_settleable", "no_ruling", "", "not_settleable", "not_settleable", ""],
    ),
    "objected": (
        {"state": "objected", "had_objection": True},
        ["report_written", "objection_runs", "objection_runs", "objected_once", "objection_runs", "objection_runs", "objected_once"],
    ),
    "after an objection": ({"had_objection": True}, ["report_written", "", "no_ruling", "objected_once", "", "", "objected_once"]),
    "instalments": (
        {"state": "instalments", "had_plan": True},
        ["report_written", "plan_runs", "", "plan_runs", "plan_runs", "plan_runs", "plan_runs"],
    ),
    "after a plan": ({"had_plan": True}, ["report_written", "", "no_ruling", "", "", "planned_once", ""]),
    "referred": (
        {"state": "referred"},
        ["report_written", "with_court", "court_decides", "with_court", "with_court", "with_court", "with_court"],
    ),
    "judged": ({"state": "judged"}, ["report_written", "court_ruled", "", "ruled", "court_ruled", "court_ruled", "ruled"]),
    "paid": ({"state": "paid"}, ["paid"] * 7),
    "annulled": ({"state": "annulled"}, ["annulled"] * 7),
    "waived": ({"state": "waived"}, ["waived"] * 7),
    "put right": ({"state": "corrected"}, ["corrected"] * 7),
    "acquitted": ({"state": "acquitted"}, ["acquitted"] * 7),
}


@pytest.mark.parametrize("name", TABLE)
def test_every_way_is_told_in_every_standing(name: str) -> None:
    changes, expected = TABLE[name]
    assert told(**changes) == dict(zip(rules.OPTIONS, expected, strict=True))


def test_the_last_day_of_the_settlement_is_still_open() -> None:
    assert told(settle_until=TODAY)["settle"] == ""
    assert told(settle_until=TODAY - dt.timedelta(days=1))["settle"] == "settlement_over"


@pytest.mark.parametrize(
    ("rate", "unit", "facts", "repeats", "percent", "fils"),
    [
        (5_000, "each", Measurement(700, 3), 0, 200, 5_000),  # one act is one act, whatever was measured
        (3_000, "piece", Measurement(400), 0, 100, 12_000),
        (5_000, "m2", Measurement(350), 0, 100, 17_500),
        (5_000, "m2", Measurement(350), 2, 200, 35_000),
        (2_000, "m2_month", Measurement(12_550, 3), 0, 100, 753_000),
        (3, "m2", Measurement(50), 0, 100, 1),  # a fraction of a fils is dropped, but something stays
    ],
)
def test_an_amount_is_computed_from_facts(rate: int, unit: str, facts: Measurement, repeats: int, percent: int, fils: int) -> None:
    assert rules.settlement(rate_fils=rate, unit=unit, facts=facts, repeats=repeats, repeat_percent=percent).fils == fils


@pytest.mark.parametrize(
    ("unit", "facts", "code"),
    [
        ("m2", Measurement(0), "quantity"),
        ("m2", Measurement(rules.MAX_HUNDREDTHS + 1), "quantity"),
        ("piece", Measurement(150), "whole_pieces"),
        ("worker", Measurement(150), "whole_pieces"),
        ("m2_month", Measurement(100, 0), "months"),
        ("m2_month", Measurement(100, rules.MAX_MONTHS + 1), "months"),
    ],
)
def test_facts_that_do_not_fit_the_unit_are_refused(unit: str, facts: Measurement, code: str) -> None:
    with pytest.raises(rules.BadFacts) as refused:
        rules.check_facts(unit, facts)
    assert refused.value.code == code


@given(fils=st.integers(2, 999_999_999), count=st.integers(2, 24))
def test_instalments_add_up_to_the_fils(fils: int, count: int) -> None:
    if fils < count:
        with pytest.raises(ValueError, match="two parts"):
            rules.instalments(fils, count)
        return
    parts = rules.instalments(fils, count)
    assert sum(parts) == fils
    assert len(parts) == count
    assert max(parts) - min(parts) <= 1


@given(rate=st.integers(1, 10_000_000), quantity=st.integers(1, 1_000_00), repeats=st.integers(0, 3))
def test_the_same_facts_give_the_same_amount_and_more_is_never_less(rate: int, quantity: int, repeats: int) -> None:
    def amount(hundredths: int) -> int:
        return rules.settlement(rate_fils=rate, unit="m2", facts=Measurement(hundredths), repeats=repeats, repeat_percent=200).fils

    assert amount(quantity) == amount(quantity) <= amount(quantity + 1)


@given(
    rate=st.integers(1, 10_000_000),
    unit=st.sampled_from(["each", "piece", "m2", "m2_month"]),
    band_unit=st.sampled_from(["each", "piece", "m2", "m2_month"]),
    band_max=st.none() | st.integers(1, 5_000_000),
    pieces=st.integers(1, 10_000),
    months=st.integers(1, rules.MAX_MONTHS),
    repeats=st.integers(0, 3),
)
def test_a_settlement_is_never_above_what_the_court_may_impose(
    rate: int, unit: str, band_unit: str, band_max: int | None, pieces: int, months: int, repeats: int
) -> None:
    facts = Measurement(pieces * rules.HUNDRED, months)
    values = {"rate_fils": rate, "unit": unit, "facts": facts, "repeats": repeats, "repeat_percent": 200}
    free = rules.settlement(**values)  # type: ignore[arg-type]
    amount = rules.settlement(**values, band_max_fils=band_max, band_unit=band_unit)  # type: ignore[arg-type]
    most = rules.court_maximum(band_max_fils=band_max, band_unit=band_unit, facts=rules.check_facts(unit, facts))
    assert amount.fils == (free.fils if most is None else min(free.fils, most))
    assert (amount.most_fils is None) == (amount.fils == free.fils)


def test_many_pieces_seen_again_cost_the_maximum_and_the_formula_says_so() -> None:
    amount = rules.settlement(
        rate_fils=50_000, unit="piece", facts=Measurement(600), repeats=1, repeat_percent=200, band_max_fils=499_000, band_unit="each"
    )
    assert amount.fils == amount.most_fils == 499_000
    assert formula(amount, "piece")[1].endswith("at most KD 499.000 as the court's fine")


def test_an_act_is_settled_only_below_the_limit_of_the_law() -> None:
    assert rules.may_be_settled(settlement_fils=100_000, band_max_fils=499_000, below_fils=500_000)
    assert not rules.may_be_settled(settlement_fils=100_000, band_max_fils=500_000, below_fils=500_000)
    assert not rules.may_be_settled(settlement_fils=None, band_max_fils=200_000, below_fils=500_000)
    assert rules.may_be_settled(settlement_fils=2_000, band_max_fils=None, below_fils=500_000)


T = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)


def test_two_channels_serve_after_the_legal_days_and_a_bounce_does_not_count() -> None:
    week = dt.timedelta(days=7)
    both = [Delivered("email", T), Delivered("sms", T + dt.timedelta(hours=1))]
    assert rules.served_by_channels(both, days=7, now=T + week) is None
    assert rules.served_by_channels(both, days=7, now=T + week + dt.timedelta(hours=1)) == T + week + dt.timedelta(hours=1)
    assert rules.served_by_channels([Delivered("email", T), Delivered("sms", None)], days=7, now=T + 4 * week) is None
    assert rules.served_by_channels([Delivered("sms", T), Delivered("sms", T)], days=7, now=T + 4 * week) is None


def test_a_visitor_pays_where_the_rulebook_permits_it_and_signs_in_for_the_rest() -> None:
    for visitors_pay in (True, False):
        status = replace(OPEN, is_party=False, visitors_pay=visitors_pay)
        needing = {option.code for option in rules.option_statuses(status) if option.needs_sign_in}
        assert needing == {"object", "more_time", "instalments", "not_mine"} | (set() if visitors_pay else {"settle"})
    assert not any(option.needs_sign_in for option in rules.option_statuses(replace(OPEN, visitors_pay=False)))
    paused = rules.option_statuses(replace(OPEN, is_party=False, visitors_pay=True, state="objected", had_objection=True))
    assert {option.code: option.closed for option in paused}["settle"] == "objection_runs"
