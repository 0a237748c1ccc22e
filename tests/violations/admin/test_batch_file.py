"""The file of a batch for the court: whose data it opens, written down for each of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import Signatory
from municipality.audit.models import AccessLogEntry
from municipality.kernel import clock
from municipality.kernel.actors import system
from shops.register.services import transfer
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import PersonFactory, StaffFactory
from violations import queries
from violations.models import ReferralBatch, Violation
from violations.services import court, notices, terms

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kept_files(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path


@pytest.fixture
def clerk(rules: None) -> Any:
    return StaffFactory(groups=["court_clerk"], login="clerk", branch_id="HA")


@pytest.fixture
def referred(clerk: Any, frozen_clock: Clock) -> Callable[..., ReferralBatch]:
    """A batch of violations whose notices were opened by one of those who may."""

    def make(*rows: Violation) -> ReferralBatch:
        for row in rows:
            if not hasattr(row, "service"):
                notices.record_opening(violation=row, person=queries.people_of(row)[0])
        frozen_clock.move(days=31)
        terms.lapse_due()
        batch = court.refer(clerk=clerk)
        assert batch.referrals.count() == len(rows)
        frozen_clock.move(hours=1)
        return batch

    return make


def logged(batch: ReferralBatch, clerk: Any) -> list[tuple[str, str]]:
    """Who is written down, and for which violation, by one opening of the file."""
    before = AccessLogEntry.objects.count()
    assert signed_in(clerk).get(f"/admin/office/referrals/{batch.public_id}/file.csv").status_code == 200
    return list(AccessLogEntry.objects.order_by("pk").values_list("person_key", "subject")[before:])


def test_who_held_the_shop_when_the_batch_was_made_reads_that_its_file_was_opened(
    write: Callable[..., Violation], referred: Callable[..., ReferralBatch], owner: Any, stranger: Any, clerk: Any
) -> None:
    row = write("CLN-03")
    batch = referred(row)
    assert row.shop is not None
    assert logged(batch, clerk) == [(owner.key, row.key)]
    for number, to in enumerate((stranger, PersonFactory(civil_id="290010109999"))):
        transfer(shop=row.shop, to=to, source=f"tests:{number}", actor=system("tests"))
    row.refresh_from_db()
    assert [person.key for person in queries.people_of(row)] != [owner.key]  # control: messages go to the holder of today
    assert logged(batch, clerk) == [(owner.key, row.key)]


def test_of_an_organisation_it_is_who_signed_for_it_that_day(
    signed_by_two: Violation, referred: Callable[..., ReferralBatch], owner: Any, stranger: Any, clerk: Any, frozen_clock: Clock
) -> None:
    batch = referred(signed_by_two)
    Signatory.objects.filter(person=stranger).update(last_day=clock.today())
    frozen_clock.move(days=2)
    third = PersonFactory(civil_id="290010109999")
    organisation = Signatory.objects.filter(person=owner).get().organisation
    Signatory.objects.create(organisation=organisation, person=third, first_day=clock.today() - dt.timedelta(days=1))
    assert logged(batch, clerk) == [(owner.key, signed_by_two.key), (stranger.key, signed_by_two.key)]


def test_the_file_costs_the_same_statements_for_many_violations(
    write: Callable[..., Violation], make_shop: Callable[..., Any], referred: Callable[..., ReferralBatch], clerk: Any
) -> None:
    def cost(batch: ReferralBatch) -> int:
        client = signed_in(clerk)
        client.get(f"/admin/office/referrals/{batch.public_id}/file.csv")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/admin/office/referrals/{batch.public_id}/file.csv").status_code == 200
        return len(asked)

    one = cost(referred(write("CLN-03")))
    many = cost(referred(*(write("CLN-03", shop=make_shop(owner=PersonFactory(civil_id=f"29001010{n:04}"))) for n in range(4))))
    assert many == one
