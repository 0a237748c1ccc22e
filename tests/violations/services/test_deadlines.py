"""The time to settle and to object after an outage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.incidents import relief
from municipality.incidents.models import MovedDeadline
from municipality.kernel import clock
from municipality.notifications.models import Message
from payments.models import Bill
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.incidents import IncidentFactory
from violations.models import Violation
from violations.services import notices, settlements, terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def served(write: Callable[..., Violation], owner: Any) -> Violation:
    row = write("CLN-03")
    assert notices.record_opening(violation=row, person=owner)
    return Violation.objects.get(pk=row.pk)


def test_settling_is_possible_a_working_day_longer_with_a_new_bill(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    before = served.settle_until
    assert before is not None
    frozen_clock.set(clock.start_of(before) + dt.timedelta(hours=12))
    bill = settlements.bill_for(violation=served, person=owner)
    incident = IncidentFactory()
    frozen_clock.move(days=1)
    assert terms.lapse_due() == 0  # held
    relief.relieve(incident.pk)
    served.refresh_from_db()
    assert served.state == "ordered" and served.settle_until is not None and served.settle_until > before
    assert served.block_from is None or served.block_from > served.settle_until
    assert Bill.objects.get(pk=bill.pk).state == "void"
    assert settlements.bill_for(violation=served, person=owner).due_until == served.settle_until
    assert Message.objects.filter(kind="incidents.deadlines_moved", person=owner).count() == 1
    page = signed_in(owner).get(f"/en/violations/{served.public_id}/")
    assert "the last day moved from" in page.content.decode()
    frozen_clock.set(clock.start_of(served.settle_until) + dt.timedelta(days=1, hours=9))
    assert terms.lapse_due() == 1


@pytest.mark.guards
def test_the_last_day_to_object_moves_only_as_an_incident_says(served: Violation, frozen_clock: Clock) -> None:
    before = served.object_until
    assert before is not None
    with pytest.raises(IntegrityError, match="guard:not_moved"), transaction.atomic():
        Violation.objects.filter(pk=served.pk).update(object_until=before + dt.timedelta(days=1))
    frozen_clock.set(clock.start_of(before) - dt.timedelta(days=2))
    relief.relieve(IncidentFactory().pk)
    served.refresh_from_db()
    moved = MovedDeadline.objects.get(kind="violations.objection")
    assert (moved.before, moved.after) == (before, served.object_until)


def test_what_has_ended_does_not_move(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    settle_until = served.settle_until
    assert settle_until is not None
    frozen_clock.set(clock.start_of(settle_until) + dt.timedelta(days=1, hours=9))
    assert terms.lapse_due() == 1
    relief.relieve(IncidentFactory(minutes=3 * 24 * 60).pk)
    assert not MovedDeadline.objects.filter(kind="violations.settlement").exists()
