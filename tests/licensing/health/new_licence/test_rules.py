"""How long a new licence is valid, and the years that are paid for."""

from __future__ import annotations

import datetime as dt

import pytest

from licensing.health.new_licence.rules import period
from licensing.health.rules import years_to_pay
from municipality.kernel.periods import Period

FIRST = dt.date(2026, 11, 29)


def test_a_licence_is_valid_for_years_or_to_the_end_of_the_commercial_one() -> None:
    assert period(FIRST, 1, None) == Period(FIRST, dt.date(2027, 11, 28))
    assert period(FIRST, 1, dt.date(2027, 1, 31)) == Period(FIRST, dt.date(2027, 1, 31))
    with pytest.raises(ValueError, match="ends on or after"):
        period(FIRST, 1, dt.date(2026, 11, 28))


@pytest.mark.parametrize(
    ("last", "begun_days", "years"),
    [
        (FIRST, 1, 1),
        (dt.date(2027, 11, 28), 1, 1),
        (dt.date(2027, 11, 29), 1, 2),
        (dt.date(2028, 11, 27), 1, 2),
        (dt.date(2028, 11, 28), 1, 2),
        (dt.date(2027, 12, 28), 31, 1),
        (dt.date(2027, 12, 29), 31, 2),
        (FIRST, 31, 1),
    ],
)
def test_each_year_that_has_begun_counts(last: dt.date, begun_days: int, years: int) -> None:
    assert years_to_pay(Period(FIRST, last), begun_days) == years
