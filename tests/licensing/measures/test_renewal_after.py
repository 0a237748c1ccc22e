"""Whoever could not renew because of a measure is not late."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from licensing.health import queries as licences
from licensing.health import renewability
from licensing.health import services as health
from licensing.measures import services
from licensing.models import HealthLicence, Measure
from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.notifications.models import Message
from municipality.rulebook.models import LimitRule
from payments import queries as payments
from shops.models import Shop
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
DAYS = 30  # `renewal_days` of limits.measures


@pytest.fixture
def shop(make_shop: Callable[..., Shop], store: Path) -> Shop:
    """A shop whose licence ends in twenty days."""
    return make_shop(ends_in=20)


@pytest.fixture
def suspend(shop: Shop) -> Callable[[int], Measure]:
    """A suspension for some days, signed."""
    inspector = StaffFactory(groups=["inspector"], login="inspector", branch_id=shop.branch_id)
    head = StaffFactory(supervisor=True, login="head", branch_id=shop.branch_id)

    def run(days: int) -> Measure:
        words: dict[str, Any] = {"kind": "suspension", "code": "inspection_failed", "text": "The drain is open.", "days": days}
        return services.sign(measure=services.propose(shop=shop, officer=inspector, **words), supervisor=head)

    return run


def end(frozen_clock: Clock, days: int) -> None:
    """The measure ends with its last day."""
    frozen_clock.move(days=days)
    assert services.end_due() == 1


def test_who_was_suspended_over_the_last_day_renews_without_the_surcharge(
    shop: Shop, owner: User, suspend: Callable[[int], Measure], frozen_clock: Clock
) -> None:
    last_day = HealthLicence.objects.get(shop=shop).last_day
    suspend(40)
    frozen_clock.move(days=25)
    assert not licences.offer(shop).may_be_studied, "while it runs"
    end(frozen_clock, 15)
    until = clock.today() + dt.timedelta(days=DAYS)
    assert clock.today() > last_day + dt.timedelta(days=14), "past the days in which a late renewal needs no officer"
    told = Message.objects.get(person=owner, kind="licensing.measure_ended")
    assert "nothing is added for being late" in told.body_en and "ولا يضاف شيء عن التأخير" in told.body_ar
    frozen_clock.move(days=DAYS)
    offer = licences.offer(shop)
    assert offer.may_renew and not offer.is_late and offer.in_time_until == until == clock.today()
    assert [line.code for line in offer.lines] == ["health.renewal"]
    assert renewability.of_shops([shop], is_shown=True)[shop.pk].can_renew
    assert renewability.of_shops([shop])[shop.pk].conditions == offer.conditions
    page = signed_in(owner).get(f"/en/health-licence/{shop.public_id}/renew/").content.decode()
    assert "because it could not be renewed before the licence ended" in page
    case = health.submit_renewal(shop=shop, applicant=owner)
    bill = payments.bill_of(case.key)
    assert bill is not None and [line.code for line in bill.lines.all()] == ["health.renewal"]


def test_after_those_days_it_is_late(shop: Shop, suspend: Callable[[int], Measure], frozen_clock: Clock) -> None:
    suspend(40)
    end(frozen_clock, 40)
    frozen_clock.move(days=DAYS + 1)
    offer = licences.offer(shop)
    assert offer.is_late and offer.flags == ["in_time"]


def test_who_was_late_before_the_measure_stays_late(shop: Shop, suspend: Callable[[int], Measure], frozen_clock: Clock) -> None:
    frozen_clock.move(days=21)
    suspend(3)
    end(frozen_clock, 3)
    offer = licences.offer(shop)
    assert offer.is_late and offer.may_renew


def test_without_the_rule_of_the_rulebook_nobody_gets_more_time(
    shop: Shop, suspend: Callable[[int], Measure], frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The red control."""
    assert LimitRule.objects.get(code="renewal_days").value == DAYS
    monkeypatch.setattr(licences.measures, "renewable_until", lambda _licences: {})
    suspend(40)
    end(frozen_clock, 40)
    offer = licences.offer(shop)
    assert offer.is_late and offer.flags == ["in_time"]


def test_a_measure_that_was_over_before_the_last_day_gives_no_time(
    shop: Shop, suspend: Callable[[int], Measure], frozen_clock: Clock
) -> None:
    suspend(3)
    end(frozen_clock, 3)  # 17 days before the licence ends
    assert licences.offer(shop).may_renew
    frozen_clock.move(days=18)
    assert licences.offer(shop).is_late


def test_a_second_measure_in_the_time_after_the_first_gives_time_anew(
    shop: Shop, owner: User, suspend: Callable[[int], Measure], frozen_clock: Clock
) -> None:
    first = suspend(40)
    end(frozen_clock, 40)
    frozen_clock.move(days=1)
    words: dict[str, Any] = {"kind": "suspension", "code": "inspection_failed", "text": "The drain is open.", "days": 40}
    again = services.propose(shop=shop, officer=first.proposed_by, **words)
    services.sign(measure=again, supervisor=User.objects.get(pk=first.signed_by_id))
    page = signed_in(owner).get(f"/en/health-licence/{shop.public_id}/renew/").content.decode()
    assert "has a surcharge for late renewal" not in page, "while it runs"
    end(frozen_clock, 40)
    offer = licences.offer(shop)
    assert (offer.is_late, offer.flags, offer.in_time_until) == (False, [], clock.today() + dt.timedelta(days=DAYS))
    told = Message.objects.filter(person=owner, kind="licensing.measure_ended").latest("pk")
    assert str(offer.in_time_until.year) in told.body_en and f"{offer.in_time_until.day} " in told.body_en  # type: ignore[union-attr]
    assert licences.licences_of([shop], facts_until=clock.today())[shop.pk].no_surcharge_until == offer.in_time_until  # type: ignore[attr-defined]
