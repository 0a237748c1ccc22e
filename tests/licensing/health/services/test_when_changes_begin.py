"""What a renewal changes is in the register, on the public page and on the check page from the first day of the renewed licence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.html import strip_tags

from licensing.health import invariants, queries, rules, services
from licensing.health.services import issue
from licensing.models import HealthLicence
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.documents import seal
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.places.models import Area
from payments import queries as payments
from shops.commercial_register import differences
from shops.models import EventKind, RegisterChange, Shop, ShopEvent
from shops.models.commercial_register import RegisterDifferenceKind
from shops.register.services import FactChange, change_register, take_over
from tests import desk_acts
from tests.factories.licensing import RenewalCaseFactory

pytestmark = pytest.mark.django_db
NEW = "Al Nakheel Salon"
BY = system("tests")


@pytest.fixture
def shop(make_shop: Callable[..., Any], store: Path) -> Shop:
    """A shop whose licence ends in 20 days."""
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    row: Shop = make_shop(ends_in=20)
    return row


@pytest.fixture
def old(shop: Shop) -> HealthLicence:
    return HealthLicence.objects.select_related("document").get(shop=shop)


def approved(shop: Shop, owner: User, officer: User, *names: str) -> Case:
    RenewalCaseFactory(shop=shop, applicant=owner, changed=list(names or ("trade_name", "address")))
    return desk_acts.approve(officer)


def first_day(licence: HealthLicence, frozen_clock: Any) -> None:
    """Go to the first day of a licence, on which its job runs."""
    frozen_clock.move(days=(licence.first_day - clock.today()).days)
    job = Job.objects.get(kind="licensing.supersede", key=f"licence:{licence.pk}")
    assert job.due_at is not None and job.due_at <= clock.now()
    assert run(job.pk)


def names(shop: Shop, code: str) -> set[str]:
    """The trade name of the register, of the public page and of the check page of the licence in force."""
    page = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    heading = strip_tags(page.partition("<h1")[2].partition("</h1>")[0]).partition(">")[2]
    check = Client().get(f"/api/v1/verify/{code}").json()
    assert check["state"] == "valid"
    return {Shop.objects.get(pk=shop.pk).name_en, check["trade_name_en"], NEW if NEW in heading else heading and shop.name_en}


def test_one_name_everywhere_until_the_renewed_licence_begins(
    shop: Shop, old: HealthLicence, owner: User, officer: User, pay_and_issue: Any, frozen_clock: Any
) -> None:
    case = approved(shop, owner, officer)
    bill = payments.bill_of(case.key)
    assert bill is not None and bill.title_en.endswith(shop.name_en)
    assert names(shop, old.document.code) == {shop.name_en}, "approved, and not paid"
    new = pay_and_issue(case)
    assert names(shop, old.document.code) == {shop.name_en}, "paid, and not begun"
    assert new.registered_facts["name_en"] == new.document.facts["trade_name_en"] == NEW
    assert not RegisterChange.objects.filter(shop=shop).exists()
    first_day(new, frozen_clock)
    assert names(shop, new.document.code) == {NEW}
    moved = ShopEvent.objects.get(shop=shop, kind=EventKind.MOVED)
    assert (moved.source, moved.actor_key) == (case.key, officer.key) and clock.day_of(moved.at) == new.first_day
    services.supersede_previous(licence_id=new.pk)
    assert RegisterChange.objects.filter(shop=shop).count() == 2 and not list(invariants.findings())


def test_what_is_not_paid_changes_nothing(shop: Shop, owner: User, officer: User) -> None:
    case, before = approved(shop, owner, officer), shop.registered_facts()
    services.close_unpaid(case=Case.objects.get(pk=case.pk))
    assert Shop.objects.get(pk=shop.pk).registered_facts() == before


def test_what_the_register_says_since_the_issue_stands(
    shop: Shop, owner: User, officer: User, pay_and_issue: Any, frozen_clock: Any
) -> None:
    new = pay_and_issue(approved(shop, owner, officer, "trade_name", "area_m2"))
    frozen_clock.move(minutes=5)
    change = FactChange("trade_name", {"name_ar": "صالون البحر", "name_en": "Sea Salon"})
    change_register(shop=shop, changes=[change], source="notice:1", actor=BY)
    first_day(new, frozen_clock)
    row = Shop.objects.get(pk=shop.pk)
    assert (row.name_en, row.area_m2) == ("Sea Salon", 85)


def test_a_licence_that_is_suspended_on_its_first_day_changes_the_register_once_it_is_paid_again(
    shop: Shop, owner: User, officer: User, pay_and_issue: Any, frozen_clock: Any
) -> None:
    case = approved(shop, owner, officer)
    new = pay_and_issue(case)
    bill = payments.bill_of(case.key)
    assert bill is not None
    services.hold_licence(case=case)
    first_day(new, frozen_clock)
    assert Shop.objects.get(pk=shop.pk).name_en == shop.name_en
    issue.resume(new)
    assert Shop.objects.get(pk=shop.pk).name_en == NEW


def test_a_renewed_licence_that_is_cancelled_before_it_begins_changes_nothing(
    shop: Shop, owner: User, officer: User, pay_and_issue: Any, frozen_clock: Any
) -> None:
    new = pay_and_issue(approved(shop, owner, officer))
    services.cancel_licence(shop=shop, person=owner)
    first_day(new, frozen_clock)
    assert Shop.objects.get(pk=shop.pk).name_en == shop.name_en


def test_a_renewal_after_the_last_day_changes_the_register_with_its_issue(
    make_shop: Any, shop: Shop, owner: User, officer: User, pay_and_issue: Any, frozen_clock: Any
) -> None:
    frozen_clock.move(days=25)
    new = pay_and_issue(approved(shop, owner, officer, "trade_name"))
    assert new.first_day <= clock.today() and names(shop, new.document.code) == {NEW}


def test_what_the_register_changes_between_approval_and_issue_is_studied_next(
    shop: Shop, owner: User, officer: User, pay_and_issue: Callable[..., HealthLicence], frozen_clock: Any
) -> None:
    case = approved(shop, owner, officer, "area_m2")
    change_register(shop=shop, changes=[FactChange("address", {"street": "Other", "block": "9"})], source="notice:1", actor=BY)
    new = pay_and_issue(case)
    first_day(new, frozen_clock)
    assert set(rules.changed_fields(queries.facts_of(new), Shop.objects.get(pk=shop.pk).registered_facts())) == {"block", "street"}


def test_an_address_that_is_only_written_in_another_way_stops_no_approved_move(
    shop: Shop, owner: User, officer: User, pay_and_issue: Callable[..., HealthLicence], frozen_clock: Any
) -> None:
    new = pay_and_issue(approved(shop, owner, officer, "address"))
    frozen_clock.move(minutes=5)
    change_register(
        shop=Shop.objects.get(pk=shop.pk), changes=[FactChange("address", {"street": "Small fix"})], source="notice:1", actor=BY
    )
    first_day(new, frozen_clock)
    assert Shop.objects.get(pk=shop.pk).block == "7", "as the licence in force says"


def test_a_move_that_the_register_has_heard_of_since_stands(
    shop: Shop, owner: User, officer: User, pay_and_issue: Callable[..., HealthLicence], frozen_clock: Any
) -> None:
    new = pay_and_issue(approved(shop, owner, officer, "address"))
    frozen_clock.move(minutes=5)
    row = Shop.objects.select_related("area").get(pk=shop.pk)
    before = differences.ours(RegisterDifferenceKind.ADDRESS, row)
    other = Area.objects.exclude(name_ar=row.area.name_ar).earliest("pk")
    theirs = {**before, "governorate": other.governorate_id, "area_ar": other.name_ar}
    columns = differences.columns(RegisterDifferenceKind.ADDRESS, theirs, row)
    assert columns is not None
    moved = FactChange("address", columns, before, theirs)
    take_over(shop=row, changes=[moved], register="commercial", as_of=clock.now(), source="commercial:1", actor=BY)
    first_day(new, frozen_clock)
    after = Shop.objects.get(pk=shop.pk)
    assert (after.area_id, after.block) == (other.pk, row.block)
