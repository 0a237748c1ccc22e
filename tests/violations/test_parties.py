"""A shop and a civil number in one report: the person of the number is the party, for the notice, the messages and the stop alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.notifications.models import Message
from tests.conftest import Clock
from tests.factories.accounts import NOURA, PersonFactory
from violations import parties, queries
from violations.models import Violation
from violations.services import blocks, notices, terms

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("has_account", [True, False])
def test_who_is_named_by_number_is_the_party_and_not_the_holder_of_the_shop(
    write: Callable[..., Violation], owner: Any, frozen_clock: Clock, has_account: bool
) -> None:
    noura = PersonFactory(noura=True) if has_account else None
    row = write("CLN-03", civil_id=NOURA)
    assert row.shop is not None
    assert queries.people_of(row) == ([noura] if noura is not None else []) and parties.party_of(row) == parties.OF_NUMBER
    assert not queries.concerning(owner).exists() and not queries.visible_to(owner).exists() and not queries.ownership(row, owner).owners
    assert not Message.objects.filter(person=owner, subject_key=row.key).exists()
    notices.record_service(violation=row, at=row.seen_at, ground="opened", proof={})
    frozen_clock.move(days=31)
    terms.lapse_due()
    assert blocks.place_due() == 0 and not queries.is_of_holder(row) and blocks.shops_of(Violation.objects.get(pk=row.pk)) == []


def test_the_holder_who_is_named_by_number_is_the_party_as_without_it(write: Callable[..., Violation], shop: Any, owner: Any) -> None:
    row = write("CLN-03", civil_id="")
    assert queries.people_of(row) == [owner] and blocks.shops_of(row) == [shop] and parties.party_of(row) == parties.OWNER
    assert list(queries.concerning(owner)) == [row] and queries.ownership(row, owner).owners == [owner.pk]
    row.party = owner
    assert queries.is_of_holder(row) and queries.people_of(row) == [owner] and blocks.shops_of(row) == [shop]
