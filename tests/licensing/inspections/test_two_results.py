"""Two results of one inspection at the same moment, each through its own connection: one of them is recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction

from licensing.inspections.services import visits
from licensing.models import Inspection
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from shops.models import Shop
from tests.factories import inspections
from tests.open_database import on_postgres
from tests.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture(autouse=True)
def real_database(transactional_db: None) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")


def test_two_results_at_once_are_one(make_shop: Callable[..., Shop], store: Any) -> None:
    with transaction.atomic():
        shop = make_shop(activity_id="BARB")
    for login in ("inspector", "colleague"):
        inspections.inspector(login, shop.branch_id)
    row = inspections.appointed(inspections.ordered(shop))
    Inspection.objects.filter(pk=row.pk).update(day=clock.today())
    row.refresh_from_db()
    results = [inspections.found(row), inspections.found(row, fire="no")]
    confirmed = [
        visits.confirmation(
            visits.assess(inspection=row, inspector=row.inspector, found=found), inspection=row, inspector=row.inspector, found=found
        )
        for found in results
    ]

    def send(number: int) -> str:
        try:
            visits.record_visit(inspection=row, inspector=row.inspector, found=results[number], confirmed=confirmed[number])
        except Refused as refusal:
            return refusal.code
        return "recorded"

    told = at_once(lambda: send(0), lambda: send(1))
    assert sorted(told) == ["not_appointed", "recorded"]
    row.refresh_from_db()
    assert row.visits.count() == 1 and row.state in ("passed", "failed")
