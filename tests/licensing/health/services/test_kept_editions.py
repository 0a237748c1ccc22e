"""A request is billed and its licence printed by the editions stamped on it, also where a later one begins on the day of the request."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.health import queries, services
from licensing.health.documents import HealthLicenceFacts
from licensing.health.rules import Period
from municipality.cases.models import Case
from payments import queries as payments
from tests import desk_acts
from tests.conftest import TODAY
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory
from tests.factories.rulebook import publish_next

pytestmark = pytest.mark.django_db


@pytest.mark.guards
def test_an_edition_of_the_same_day_changes_nothing_of_a_request_that_was_sent(make_shop: Any, owner: Any) -> None:
    shop = make_shop()
    before = queries.offer(shop).total
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    for subject in ("fees.health", "conditions.health"):
        publish_next(subject)
    assert queries.offer(make_shop()).total == 2 * before, "who asks now pays by the new edition"
    assert services.bill_fils(case) == before
    desk_acts.approve(OfficerFactory())
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.total_fils == before
    case = Case.objects.get(pk=case.pk)
    facts = HealthLicenceFacts.of(case, shop, Period(TODAY, TODAY))
    assert "A new condition" not in str(facts.conditions) and not any("v99" in str(label) for label in facts.editions)
