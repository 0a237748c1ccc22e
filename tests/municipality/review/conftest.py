"""A branch with its people, and a service whose cases they decide."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from municipality.accounts.models import User
from municipality.places.seeds import load_places
from municipality.rulebook.seeds import seed
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from tests.municipality.review import permits


@dataclass
class Office:
    """The branch of Hawalli: two officers, two supervisors, somebody who asks for things."""

    officer: User
    colleague: User
    supervisor: User
    second: User
    applicant: User


def furnish() -> Office:
    """Places, rules and people."""
    load_places()
    seed(
        StaffFactory(groups=["rule_maker"], login="maker", branch_id="HA"),
        StaffFactory(groups=["rule_publisher"], login="publisher", branch_id="HA"),
    )
    supervisor = StaffFactory(supervisor=True)
    return Office(
        officer=permits.officer("officer", supervisor),
        colleague=permits.officer("colleague", supervisor),
        supervisor=supervisor,
        second=StaffFactory(supervisor=True, login="second"),
        applicant=permits.applicant(),
    )


@pytest.fixture
def office(db: None, frozen_clock: Clock) -> Iterator[Office]:
    with permits.offered():
        furnished = furnish()
        frozen_clock.move(minutes=1)  # a field of work counts from the instant after it was given
        yield furnished
