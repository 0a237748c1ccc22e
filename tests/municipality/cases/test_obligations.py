"""Which obligation is the next step on a person's home page."""

from __future__ import annotations

import datetime as dt

import pytest

from municipality.cases import obligations
from municipality.cases.obligations import Duty, Obligation
from municipality.kernel import clock


def one(code: str, duty: Duty, days: int, *, stops_nothing: bool = False) -> Obligation:
    until = clock.today() + dt.timedelta(days=days)
    return Obligation(code, f"{code}:1", duty, code, code, code, "/", until=until, stops_nothing=stops_nothing)


@pytest.mark.parametrize(("stops_nothing", "expected"), [(True, "renew"), (False, None)])
def test_an_offer_with_a_nearer_last_day_stands_first_only_where_something_depends_on_it(stops_nothing: bool, expected: str | None) -> None:
    found = [one("answer", Duty.OFFER, 2, stops_nothing=stops_nothing), one("renew", Duty.MUST, 20)]
    shown = obligations.next_of(found)
    assert (shown.code if shown is not None else None) == expected
    assert (choice := obligations.choice_of(found)) is not None and choice.code == "answer"


def test_of_two_offers_the_one_on_which_something_depends_is_shown() -> None:
    found = [one("answer", Duty.OFFER, 2, stops_nothing=True), one("settle", Duty.OFFER, 9), one("later", Duty.OFFER, 12)]
    assert (choice := obligations.choice_of(found)) is not None and choice.code == "settle"
