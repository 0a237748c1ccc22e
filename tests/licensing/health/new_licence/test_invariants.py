"""What the invariants find of new licences."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.health.new_licence import invariants
from licensing.models import NewLicence
from municipality.accounts.models import User
from tests.database_guards import without_guards
from tests.factories import new_licences
from zoning.models import Plot

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("inspectors")]


def test_nothing_is_found_of_an_issued_licence(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    new_licences.issued(owner, officer)
    assert list(invariants.findings()) == []


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("issued", "is issued without a licence"),
        ("paid", "waits for its licence"),
        ("expired", "is still to be inspected"),
        ("location_approved", "waits for the letter"),
    ],
)
def test_what_is_found(plot: Plot, owner: User, officer: User, frozen_clock: Any, state: str, found: str) -> None:
    passes = state in ("issued", "paid")
    request = new_licences.billed(owner, officer) if passes else new_licences.waiting_for_inspection(owner, officer)
    frozen_clock.move(minutes=11)
    without_guards()
    request.case.state, request.case.is_open = state, state == "location_approved"
    request.case.closed_at = None if request.case.is_open else request.case.opened_at
    request.case.save()
    (told,) = invariants.findings()
    assert found in told


@pytest.mark.guards
def test_a_bill_without_an_inspection_and_another_answer_are_found(plot: Plot, owner: User, officer: User) -> None:
    request = new_licences.approved(owner, officer)
    without_guards()
    request.case.state = "awaiting_payment"
    request.case.save()
    NewLicence.objects.filter(pk=request.pk).update(against_zoning=True)
    told = " ".join(invariants.findings())
    assert "billed without a passed inspection" in told and "does not say what zoning said" in told
