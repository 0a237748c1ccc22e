"""A duplicate: the same facts and days under another number; it changes nothing, and the lost one is replaced."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from licensing.health import invariants, queries, services
from licensing.health.states import CHANGE, DUPLICATE
from licensing.models import HealthLicence, Renewal, RenewalChange
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.review.models import QueueEntry
from payments import queries as payments
from shops.models import Shop
from tests import desk_acts
from tests.database_guards import drop_guard, gets_through
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.rulebook import publish_next

pytestmark = pytest.mark.django_db


def ordered(shop: Shop, owner: User) -> Case:
    return services.submit(shop=shop, applicant=owner, service=DUPLICATE)[0]


@pytest.mark.guards
def test_a_duplicate_is_paid_and_issued_without_an_officer(shop: Shop, owner: User, pay_and_issue: Any) -> None:
    old = HealthLicence.objects.select_related("document").get(shop=shop)
    case = ordered(shop, owner)
    bill = payments.bill_of(case.key)
    assert bill is not None and [(line.code, line.fils) for line in bill.lines.all()] == [("health.replacement", 10_000)]
    new = pay_and_issue(case)
    old.document.refresh_from_db()
    assert (new.first_day, new.last_day, new.registered_facts) == (old.first_day, old.last_day, old.registered_facts)
    assert (new.document.valid_from, new.document.valid_to) == (old.first_day, old.last_day)
    assert (new.document.live_state, old.document.state, old.document.replaced_by) == ("valid", "superseded", new.document)
    assert new.document.number != old.document.number == new.document.facts["duplicate_of"]
    assert not QueueEntry.objects.filter(case=case).exists() and not list(invariants.findings())


def test_a_duplicate_of_a_duplicate_repeats_the_facts_of_the_first(
    shop: Shop, owner: User, approve_and_issue: Any, pay_and_issue: Any
) -> None:
    changed = approve_and_issue(RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name"], service=CHANGE))
    first = pay_and_issue(ordered(shop, owner))
    second = pay_and_issue(ordered(shop, owner))
    own = {"case_reference", "issued_at", "fee_fils", "fee_ground_ar", "fee_ground_en", "supersedes", "duplicate_of"}
    facts = [{k: v for k, v in row.document.facts.items() if k not in own} for row in (changed, first, second)]
    assert facts[0] == facts[1] == facts[2]
    assert second.document.facts["duplicate_of"] == first.document.number
    assert second.first_day == changed.first_day == clock.today()


def test_the_check_page_of_a_duplicate_says_what_its_paper_says(
    shop: Shop, owner: User, approve_and_issue: Any, pay_and_issue: Any
) -> None:
    """The register renames the shop between the request and the payment."""
    approve_and_issue(RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name"], service=CHANGE))
    case = ordered(Shop.objects.get(pk=shop.pk), owner)
    Shop.objects.filter(pk=shop.pk).update(name_ar="اسم آخر", name_en="Another name")
    document = pay_and_issue(case).document
    assert document.public_facts["trade_name"] == [document.facts["trade_name_ar"], document.facts["trade_name_en"]]
    assert document.public_facts["trade_name"][1] != "Another name"


def test_a_duplicate_names_the_edition_of_its_own_fee(shop: Shop, owner: User, approve_and_issue: Any, pay_and_issue: Any) -> None:
    def editions(row: HealthLicence) -> dict[str, str]:
        return {edition["name_en"]: edition["version"] for edition in row.document.facts["editions"]}

    changed = approve_and_issue(RenewalCaseFactory(shop=shop, applicant=owner, changed=["trade_name"], service=CHANGE))
    for subject in ("fees.health", "conditions.health"):
        publish_next(subject)
    new = pay_and_issue(ordered(shop, owner))
    assert new.document.facts["fee_fils"] == 20_000 and editions(new) == editions(changed) | {"Fees": "v99"}


def test_what_the_register_changed_is_not_repeated(shop: Shop, owner: User) -> None:
    Shop.objects.filter(pk=shop.pk).update(name_ar="اسم آخر")
    shop.refresh_from_db()
    assert [condition.code for condition in queries.offer(shop, DUPLICATE).unmet] == ["unchanged"]
    with pytest.raises(Refused) as refused:
        ordered(shop, owner)
    assert refused.value.code == "unchanged"


def test_a_renewed_licence_that_has_not_begun_is_not_repeated(make_shop: Any, owner: User, shop: Shop, pay_and_issue: Any) -> None:
    other = make_shop(ends_in=20)
    pay_and_issue(services.submit_renewal(shop=other, applicant=owner))
    for service in (DUPLICATE, CHANGE):
        assert "has_begun" in [condition.code for condition in queries.offer(other, service).unmet]


@pytest.mark.parametrize("service", [DUPLICATE, CHANGE])
def test_a_licence_that_ended_before_the_issue_is_neither_repeated_nor_changed(
    make_shop: Any, owner: User, officer: User, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """The seal was out of order for two days after the payment: what would be issued has ended already."""
    shop, owed = make_shop(ends_in=1), []
    if service == DUPLICATE:
        case = ordered(shop, owner)
    else:
        case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"], service=CHANGE)
        desk_acts.approve(officer)
    services.take_payment(case=Case.objects.get(pk=case.pk))
    monkeypatch.setattr("licensing.health.services.issue.owe_back", lambda *, reason, **_facts: owed.append(reason))
    frozen_clock.move(days=2)
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    case.refresh_from_db()
    assert (case.state, owed) == ("refused", ["licence_over"])
    assert HealthLicence.objects.filter(shop=shop).count() == 1


ATTACKS = {
    "a fact of a duplicate": lambda row: RenewalChange.objects.create(renewal=row, name="area_m2", after={"area_m2": 1}, at=clock.now()),
    "another lane": lambda row: _again(row, lane="officer"),
    "another last day": lambda row: _again(row, last_day=row.last_day.replace(year=row.last_day.year + 1)),
    "another act than its case": lambda row: _again(row, act="renewal"),
    "an act that became another": lambda row: Renewal.objects.filter(pk=row.pk).update(act="renewal"),
}


def _again(row: Renewal, **different: Any) -> None:
    """The same request once more, by hand."""
    case = Case.objects.get(pk=row.case_id)
    case.pk = case.last_event = None
    case.public_id, case.reference, case.subject = "z" * 26, "HL-2026-999999-X", "shop:elsewhere"
    case.state, case.is_open, case.closed_at = "draft", True, None
    case._state.adding = True
    case.save()
    for name, value in ({"pk": None, "case": case, "new_licence": None} | different).items():
        setattr(row, name, value)
    row._state.adding = True
    row.save()


@pytest.mark.guards
@pytest.mark.parametrize("attack", ATTACKS)
def test_the_database_refuses_a_duplicate_that_changes_something(shop: Shop, owner: User, attack: str) -> None:
    row = Renewal.objects.get(case=ordered(shop, owner))
    with pytest.raises((IntegrityError, DatabaseError)), transaction.atomic():
        ATTACKS[attack](row)


@pytest.mark.guards
@pytest.mark.parametrize("attack", [attack for attack in ATTACKS if attack != "another lane"])  # that one is a constraint of its table
def test_without_its_guard_the_database_takes_it(shop: Shop, owner: User, attack: str) -> None:
    row = Renewal.objects.get(case=ordered(shop, owner))
    where = {
        "a fact of a duplicate": ("licensing_renewalchange_not_of_duplicate", "licensing_renewalchange"),
        "another last day": ("licensing_renewal_same_end", "licensing_renewal"),
        "another act than its case": ("licensing_renewal_act", "licensing_renewal"),
        "an act that became another": ("licensing_renewal_frozen", "licensing_renewal"),
    }
    name, table = where[attack]
    drop_guard(name, table)
    assert gets_through(lambda: ATTACKS[attack](row))


@pytest.mark.guards
def test_a_second_open_act_is_refused_by_the_database_and_taken_without_the_guard(shop: Shop, owner: User) -> None:
    case = ordered(shop, owner)

    def second() -> None:
        other = Case.objects.get(pk=case.pk)
        other.pk = other.last_event = None
        other.public_id, other.reference, other.service, other.state = "y" * 26, "HL-2026-999998-X", CHANGE, "draft"
        other._state.adding = True
        other.save()

    with pytest.raises((IntegrityError, DatabaseError)) as refused, transaction.atomic():
        second()
    assert "one_act" in str(refused.value)
    drop_guard("cases_case_one_act_insert", "cases_case")
    second()
