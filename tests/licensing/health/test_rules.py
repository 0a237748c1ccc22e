"""The by-law of renewal in tables."""

from __future__ import annotations

import ast
import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.health import rules

TODAY = dt.date(2026, 11, 24)
CLEAN: dict[str, Any] = {
    "today": TODAY,
    "shop_is_open": True,
    "authority": "municipality",
    "licence_state": "valid",
    "licence_last_day": TODAY + dt.timedelta(days=20),
    "next_is_issued": False,
    "commercial_license_end": TODAY + dt.timedelta(days=200),
    "open_case": "",
}


def found(**changes: Any) -> list[rules.RenewalCondition]:
    return rules.conditions(rules.RenewalContext(**(CLEAN | changes)), window_days=60)


def unmet(**changes: Any) -> list[str]:
    return [c.code for c in found(**changes) if not c.is_met]


def test_a_clean_shop_may_renew() -> None:
    assert unmet() == []
    assert rules.may_renew(found())


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"authority": "pafn"}, ["competent_authority"]),
        ({"authority": "other"}, ["competent_authority"]),
        ({"shop_is_open": False}, ["shop_open"]),
        ({"licence_state": "none", "licence_last_day": None}, ["licence_in_force"]),
        ({"licence_state": "suspended"}, ["licence_in_force"]),
        ({"licence_state": "revoked"}, ["licence_in_force"]),
        ({"licence_last_day": TODAY + dt.timedelta(days=61)}, ["in_window"]),
        ({"licence_last_day": TODAY + dt.timedelta(days=60)}, []),
        ({"licence_last_day": TODAY}, []),
        ({"licence_state": "expired", "licence_last_day": TODAY - dt.timedelta(days=1)}, ["in_time"]),
        ({"next_is_issued": True}, ["not_renewed_yet"]),
        ({"open_case": "HL-2026-000001-K"}, ["no_open_case"]),
        ({"commercial_license_end": TODAY}, []),
        ({"commercial_license_end": TODAY - dt.timedelta(days=1)}, ["commercial_license"]),
        ({"blocks": (("حظر", "block"),)}, ["no_block"]),
        ({"changed": ("activity",)}, ["unchanged"]),
        ({"shop_is_open": False, "open_case": "X", "changed": ("unit",)}, ["shop_open", "no_open_case", "unchanged"]),
    ],
)
def test_every_obstacle_is_named_at_once(changes: dict[str, Any], codes: list[str]) -> None:
    assert unmet(**changes) == codes


def test_a_food_shop_hears_of_its_authority_and_of_nothing_else() -> None:
    assert [c.code for c in found(authority="pafn", blocks=(("x", "y"),))] == ["competent_authority"]


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        ({"unit": "1"}, {"unit": "1"}, ()),
        ({"unit": "1"}, {"unit": "2"}, ("unit",)),
        ({}, {"unit": "2"}, ()),
        ({"activity": "a", "unit": "1"}, {"activity": "b", "unit": "2"}, ("activity", "unit")),
    ],
)
def test_changed_fields_are_those_that_the_licence_was_not_issued_on(
    before: dict[str, str], now: dict[str, str], changed: tuple[str, ...]
) -> None:
    assert rules.changed_fields(before, now) == changed


@given(st.dates(min_value=dt.date(2000, 1, 1), max_value=dt.date(2090, 1, 1)), st.integers(1, 4))
def test_no_day_is_lost_or_given_twice_between_two_licences(last_day: dt.date, years: int) -> None:
    period = rules.new_period(last_day, years)
    assert period.first == last_day + dt.timedelta(days=1)
    assert 365 * years <= (period.last - period.first).days + 1 <= 366 * years
    assert rules.new_period(period.last, years).first == period.last + dt.timedelta(days=1)


def late(days: int, late_days: int) -> list[rules.RenewalCondition]:
    ended = CLEAN | {"licence_state": "expired", "licence_last_day": TODAY - dt.timedelta(days=days)}
    return rules.conditions(rules.RenewalContext(**ended), window_days=60, late_days=late_days)


@pytest.mark.parametrize(("days", "clean"), [(1, True), (14, True), (15, False), (400, False)])
def test_a_late_renewal_stays_in_the_clean_lane_as_long_as_the_rulebook_says(days: int, clean: bool) -> None:
    told = late(days, 14)
    assert rules.may_renew(told) is clean and rules.is_late(told)
    assert rules.flags(told) == ([] if clean else ["in_time"]) and rules.may_be_studied(told)


def test_without_a_limit_for_late_renewal_every_late_one_goes_to_an_officer() -> None:
    assert not rules.may_renew(late(1, 0)) and rules.may_be_studied(late(1, 0))


def test_what_no_officer_can_set_aside_keeps_the_officers_lane_closed() -> None:
    for against in ({"shop_is_open": False}, {"licence_state": "revoked"}, {"open_case": "X"}, {"blocks": (("صلح", "fine"),)}):
        assert not rules.may_be_studied(found(**against))
    flagged = found(reviews=(("بلاغ", "a report"),), changed=("unit",))
    assert rules.may_be_studied(flagged) and rules.flags(flagged) == ["no_flag", "unchanged"]


@pytest.mark.parametrize(("ended", "years"), [(0, 1), (300, 1), (364, 1), (366, 2), (800, 3)])
def test_a_late_renewal_covers_the_time_since_the_licence_ended(ended: int, years: int) -> None:
    last_day = TODAY - dt.timedelta(days=ended)
    assert rules.years_to_cover(last_day, 1, TODAY) == years
    assert rules.new_period(last_day, years).last > TODAY


@pytest.mark.parametrize(("rate", "years", "fils"), [(10_000, 1, 10_000), (10_000, 4, 40_000), (0, 1, 0)])
def test_the_fee_is_rate_times_years(rate: int, years: int, fils: int) -> None:
    assert rules.renewal_amount(rate, years) == fils


@pytest.mark.parametrize(("rate", "years"), [(-1, 1), (1, 0)])
def test_an_impossible_fee_is_refused(rate: int, years: int) -> None:
    with pytest.raises(ValueError, match="fee"):
        rules.renewal_amount(rate, years)


def test_the_rules_hold_no_amounts_and_no_deadlines() -> None:
    """Numbers of the law live in the rulebook: the module has no integer beyond those of the calendar."""
    tree = ast.parse(Path(rules.__file__).read_text(encoding="utf8"))
    numbers = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is int}
    assert numbers <= {0, 1, 4, 5}
