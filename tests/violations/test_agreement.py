"""Two pages never disagree: what people read on one page about a debt, a block, a deadline or a renewal holds on the others."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from django.utils import translation

from licensing.health import obligations as licence_obligations
from licensing.health.renewability import Renewability
from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from municipality.cases.models import Block
from municipality.cases.obligations import Duty, Obligation
from municipality.cases.services import place_block
from municipality.kernel import clock
from municipality.kernel.actors import system
from payments import obligations as payment_obligations
from shops.models import Shop
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.violations.agreement import disagreements
from tests.violations.conftest import pay
from tests.violations.population import person
from violations.models import Violation
from violations.services import notices

PEOPLE, PARTS = 200, 4
DAY = dt.timedelta(days=1)


def found_for(holder: User) -> list[str]:
    with translation.override("en"):  # of the addresses
        return list(disagreements(holder, signed_in(holder)))


@pytest.mark.parametrize("part", range(PARTS))
def test_the_pages_of_two_hundred_people_agree(write: Callable[..., Violation], part: int) -> None:
    rng = Random(20261127 + part)
    first, second = (StaffFactory(groups=["court_clerk"], login=login) for login in ("court-1", "court-2"))
    problems = []
    for number in range(10, 10 + PEOPLE // PARTS):
        holder = person(rng, number, write, (first, second), pay)
        problems += [f"{number}: {problem}" for problem in found_for(holder)]
    assert not problems, "\n".join(problems)
    # The people are in all the states that the checks are about.
    states = set(Violation.objects.values_list("state", flat=True))
    assert {"warned", "ordered", "instalments", "overdue", "judged", "paid"} <= states
    assert Block.objects.filter(lifted_at__isnull=True).exists()


def test_a_block_without_a_cause_is_found(owner: User, make_licensed_shop: Callable[..., Shop]) -> None:
    """The control of `_blocks`: a block placed by hand."""
    shop = make_licensed_shop()
    assert not found_for(owner)
    place_block(
        subject=shop.key, ground="by_hand", source="by_hand:1", stops=RENEWAL, sentence_ar="-", sentence_en="-", actor=system("tests")
    )
    assert any("cannot open" in problem for problem in found_for(owner))


def test_an_offer_to_renew_that_is_refused_is_found(
    owner: User, make_licensed_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of `_renewals`: a list that looks at the window only, as My shops once did."""
    make_licensed_shop(commercial_license_end=clock.today() - DAY)
    assert not found_for(owner)
    monkeypatch.setattr(Renewability, "can_renew", property(lambda self: self.is_due))
    assert any("offers to renew" in problem for problem in found_for(owner))


def test_two_last_days_of_one_licence_are_found(
    owner: User, make_licensed_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of `_days`: a deadline that is another day on the page it leads to."""
    make_licensed_shop()
    assert not found_for(owner)
    _change(monkeypatch, licence_obligations, "obligation_of", lambda one: dataclasses.replace(one, until=one.until + 3 * DAY))
    assert any("home says" in problem for problem in found_for(owner))


def test_an_offer_that_counts_as_due_is_found(write: Callable[..., Violation], owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of `_money`."""
    notices.record_opening(violation=write("CLN-03"), person=owner)
    assert not found_for(owner)
    _change(monkeypatch, payment_obligations, "_obligation", lambda one: dataclasses.replace(one, duty=Duty.LATER))
    assert any("home shows the sums" in problem for problem in found_for(owner))


def _change(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, change: Callable[[Any], Obligation]) -> None:
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args, **named: change(one) if (one := real(*args, **named)) else one)
