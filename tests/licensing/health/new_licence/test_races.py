"""Two requests that name one commercial licence at the same moment, on PostgreSQL: one of them has it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import transaction

from licensing.health.new_licence import queries
from licensing.health.new_licence.services import approval
from licensing.models import NewLicence
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.periods import add_years
from tests.factories import new_licences
from tests.factories.uploads import UploadFactory
from tests.threads import at_once
from zoning.models import Plot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.timeout(600)]


def test_two_requests_for_one_commercial_licence_at_once(plot: Plot, owner: User, officer: User, inspectors: Any) -> None:
    for turn in range(3):
        number = f"2026/00090{turn}"
        with transaction.atomic():
            requests = [new_licences.approved(owner, officer, floor=str(2 * turn + place)) for place in range(2)]
            for row in requests:
                UploadFactory(owner=owner, subject=row.files_key, slot=queries.COPY)
        facts = {"person": owner, "number": number, "ends_on": add_years(clock.today(), 1)}
        ends = at_once(*(partial(approval.ask_inspection, case=row.case, **facts) for row in requests))
        assert sorted(getattr(found, "code", "") for found in ends) == ["", "number_taken"], ends
        assert sum(isinstance(found, Refused) for found in ends) == NewLicence.objects.filter(commercial_license_no=number).count() == 1
