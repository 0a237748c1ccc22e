"""What the database refuses of transfers, each with the harm that comes without the guard."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.health import services
from licensing.health.states import TRANSFER
from licensing.health.transfers import handover
from licensing.health.transfers import services as transfers
from licensing.models import LicenceTransfer, Renewal
from municipality.accounts.models import User
from municipality.cases import queries as cases
from municipality.cases.models import Case
from municipality.kernel import clock
from shops.models import Shop
from tests import desk_acts
from tests.database_guards import assert_refused, gets_through, without_guards
from tests.factories.accounts import NOURA, OrganisationFactory, PersonFactory
from tests.factories.licensing import RenewalCaseFactory

pytestmark = [pytest.mark.django_db, pytest.mark.guards]


@pytest.fixture
def noura(db: None) -> User:
    return PersonFactory(noura=True)


@pytest.fixture
def asked(shop: Shop, owner: User) -> LicenceTransfer:
    return transfers.ask(shop=shop, person=owner, number=NOURA)


def write(row: LicenceTransfer, **facts: object) -> None:
    LicenceTransfer.objects.filter(pk=row.pk).update(**facts)


def declined(signer: User, **facts: object) -> dict[str, object]:
    return {"outcome": "declined", "signer": signer, "answered_at": clock.now(), **facts}


def _agreed_by_case(row: LicenceTransfer, noura: User) -> None:
    other = RenewalCaseFactory(shop=row.shop, applicant=row.asked_by, changed=["area_m2"], service="licensing.change")
    write(row, **declined(noura, outcome="agreed", case=other))


OPEN: dict[str, tuple[str, Callable[[LicenceTransfer, User], Any]]] = {
    "to another person": ("frozen", lambda row, _noura: write(row, to_digest="1" * 64)),
    "longer": ("frozen", lambda row, _noura: write(row, expires_at=clock.now() + dt.timedelta(days=90))),
    "deleted": ("never_deleted", lambda row, _noura: row.delete()),
    "too late": ("too_late", lambda row, noura: write(row, **declined(noura, answered_at=row.expires_at + dt.timedelta(seconds=1)))),
    "by the present holder": ("not_named", lambda row, _noura: write(row, **declined(row.asked_by))),
    "born answered": (
        "answered_already",
        lambda row, noura: LicenceTransfer.objects.create(
            shop=row.shop, asked_by=row.asked_by, holder_key="x", asked_at=clock.now(), expires_at=clock.now(), **declined(noura)
        ),
    ),
    "with the case of another act": ("other_case", _agreed_by_case),
}


@pytest.mark.parametrize("name", OPEN)
def test_a_transfer_is_answered_by_the_named_person_in_time(name: str, asked: LicenceTransfer, noura: User) -> None:
    code, attack = OPEN[name]
    assert_refused(lambda: attack(asked, noura), f"guard:{code}")
    without_guards()
    assert gets_through(lambda: attack(LicenceTransfer.objects.get(pk=asked.pk), noura))


@pytest.mark.parametrize("facts", [{"outcome": "declined", "case": None}, {"answered_at": clock.now()}, {"organisation": "other"}])
def test_a_transfer_is_answered_once(asked: LicenceTransfer, noura: User, facts: dict[str, Any]) -> None:
    transfers.agree(transfer=asked, user=noura)
    given = facts | ({"organisation": OrganisationFactory()} if "organisation" in facts else {})
    assert_refused(lambda: write(asked, **given), "guard:frozen")
    without_guards()
    assert gets_through(lambda: write(asked, **given))


def test_the_end_of_a_closed_request_is_told_once(asked: LicenceTransfer, noura: User) -> None:
    case = transfers.agree(transfer=asked, user=noura)
    services.withdraw_renewal(case=case, person=noura)
    assert transfers.end_due() == 1
    assert_refused(lambda: write(asked, told_at=None), "guard:frozen")
    without_guards()
    assert gets_through(lambda: write(asked, told_at=None))


def test_an_organisation_is_signed_for(asked: LicenceTransfer, noura: User, monkeypatch: pytest.MonkeyPatch) -> None:
    company = OrganisationFactory()
    monkeypatch.setattr(transfers.queries, "choices", lambda *_given: [company])
    monkeypatch.setattr(cases, "may_act", lambda *_given: True)
    assert_refused(lambda: transfers.agree(transfer=asked, user=noura, organisation=company), "guard:not_signatory")
    without_guards()
    assert gets_through(lambda: transfers.agree(transfer=asked, user=noura, organisation=company))


def test_one_transfer_of_a_shop_waits(asked: LicenceTransfer) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        LicenceTransfer.objects.create(
            shop=asked.shop, asked_by=asked.asked_by, holder_key="x", to_digest="1" * 64, asked_at=clock.now(), expires_at=clock.now()
        )


def test_no_licence_is_issued_to_another_than_who_agreed(
    shop: Shop, asked: LicenceTransfer, noura: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = transfers.agree(transfer=asked, user=noura)
    desk_acts.approve(officer)
    services.take_payment(case=Case.objects.get(pk=case.pk))
    monkeypatch.setattr(handover, "hand_over", lambda *_given: None)

    def issue() -> None:
        services.issue_renewal(case=Case.objects.select_related("applicant", "branch").get(service=TRANSFER))

    assert_refused(issue, "guard:not_agreed")
    assert Renewal.objects.get(case=case).new_licence is None
    without_guards()
    assert gets_through(issue)
