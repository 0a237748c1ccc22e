"""The boards that the benchmark and the journey of renewals begin with are like those that the portal licensed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from licensing.signage import invariants
from licensing.signage.renewals import offers
from municipality.accounts.models import User
from municipality.kernel import clock
from tools.benchmarks.licensed_boards import license_boards

pytestmark = [pytest.mark.django_db, pytest.mark.guards]


def test_more_boards_than_a_page_takes_are_licensed_and_can_be_renewed(make_shop: Callable[..., Any], owner: User) -> None:
    shops = [make_shop() for _number in range(2)]
    license_boards(shops, 25, ends_in=20, seed="tests")
    groups = offers.of_user(owner)
    assert [len(group.ready) for group in groups] == [25, 25]
    assert {one.previous.last_day for group in groups for one in group.boards} == {clock.today() + dt.timedelta(days=20)}
    assert not any(one.left_open for group in groups for one in group.ready)
    assert not list(invariants.findings())
