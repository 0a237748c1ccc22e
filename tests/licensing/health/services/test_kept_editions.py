"""A request is billed and its licence printed by the editions stamped on it, also where a later one begins on the day of the request."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.health import queries, services
from licensing.health.documents import HealthLicenceFacts
from licensing.health.rules import Period
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.rulebook import queries as rulebook
from municipality.rulebook.models import ConditionRule, FeeRule, RuleSet
from municipality.rulebook.services import publish
from payments import queries as payments
from tests import desk_acts
from tests.conftest import TODAY
from tests.factories.accounts import StaffFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db


def publish_next(subject: str) -> None:
    """An edition that begins today: that in force with each fee doubled and each condition reworded."""
    old = rulebook.in_force(subject, TODAY).get()
    fields = {"instrument_ar": "قرار", "instrument_en": "Decision", "first_day": TODAY, "made_at": clock.now()}
    new = RuleSet.objects.create(subject=subject, version=99, made_by=StaffFactory(groups=["rule_maker"], login=f"m-{subject}"), **fields)
    for model in (FeeRule, ConditionRule):
        for row in model.objects.filter(ruleset=old):
            row.pk, row.ruleset = None, new
            if isinstance(row, FeeRule):
                row.fils *= 2
            else:
                row.text_ar, row.text_en = "شرط جديد", "A new condition"
            row.save(force_insert=True)
    publisher = StaffFactory(groups=["rule_publisher"], login=f"p-{subject}")
    publish(ruleset=new, publisher=publisher, actor=system("tests"))


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
