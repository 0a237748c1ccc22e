"""Reminders that a licence ends: on the days of the rulebook, once each, and no longer after the renewal."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from licensing.health import rules, services
from licensing.health.services import reminders
from licensing.health.states import RENEWAL
from licensing.models import HealthLicence
from municipality.accounts.models import Signatory
from municipality.cases.models import Case
from municipality.cases.services import place_block
from municipality.documents import seal
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Channel, Message
from shops.models import Shop
from tests.conftest import TODAY, Clock
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.licensing import food_activity

pytestmark = pytest.mark.django_db
STEPS = [60, 30, 7, 1]


def reminders_of(shop: Shop) -> list[int]:
    """The steps of the reminders sent about a shop, in their order."""
    rows = Message.objects.filter(kind="licensing.licence_ends", subject_key=shop.key).order_by("pk")
    return [int(key.rpartition(":")[2]) for key in rows.values_list("key", flat=True)]


def pass_days(frozen_clock: Clock, days: int) -> None:
    """One sweep on each day at noon, twice: a second one on the same day sends nothing."""
    for _ in range(days):
        services.remind()
        assert services.remind() == 0
        frozen_clock.move(days=1)


def test_the_four_reminders_are_sent_once_each_and_none_after_the_end(make_shop: Any, frozen_clock: Clock, owner: Any) -> None:
    shop = make_shop(ends_in=62)
    pass_days(frozen_clock, 70)
    assert reminders_of(shop) == STEPS
    days = [clock.day_of(message.created_at) for message in Message.objects.filter(kind="licensing.licence_ends").order_by("pk")]
    assert [(TODAY + dt.timedelta(days=62) - day).days for day in days] == STEPS
    message = Message.objects.filter(kind="licensing.licence_ends", person=owner).order_by("pk")[1]
    assert "30 days are left." in message.body_en and "5.000 dinars" in message.body_en and "بقي 30 يوماً." in message.body_ar
    assert message.path == f"/health-licence/{shop.public_id}/renew/"


def test_after_a_renewal_forty_days_before_the_end_no_other_reminder_is_sent(make_shop: Any, frozen_clock: Clock, owner: Any) -> None:
    seal.make_seal(Path(settings.SIGNER_KEY_FILE), settings.SIGNER_PASSPHRASE)
    shop = make_shop(ends_in=62)
    pass_days(frozen_clock, 22)
    assert reminders_of(shop) == [60]
    old = HealthLicence.objects.get(shop=shop)
    case = services.submit_renewal(shop=shop, applicant=owner)
    pass_days(frozen_clock, 1)
    services.take_payment(case=case)
    services.issue_renewal(case=Case.objects.get(pk=case.pk))
    pass_days(frozen_clock, 60)
    assert reminders_of(shop) == [60]
    assert HealthLicence.objects.get(shop=shop, is_current=True).first_day == old.last_day + dt.timedelta(days=1)


def test_without_the_renewal_the_same_days_remind(make_shop: Any, frozen_clock: Clock) -> None:
    """The red control: what stops the reminders is the renewal."""
    shop = make_shop(ends_in=62)
    pass_days(frozen_clock, 63)
    assert reminders_of(shop) == STEPS


def test_a_renewal_under_way_silences_and_its_end_brings_the_newest_reminder_only(make_shop: Any, frozen_clock: Clock, owner: Any) -> None:
    shop = make_shop(ends_in=61)
    pass_days(frozen_clock, 20)
    case = services.submit_renewal(shop=shop, applicant=owner)
    pass_days(frozen_clock, 15)
    assert reminders_of(shop) == [60]
    services.withdraw_renewal(case=case, person=owner)
    pass_days(frozen_clock, 1)
    assert reminders_of(shop) == [60, 30]
    assert "26 days are left." in Message.objects.filter(kind="licensing.licence_ends").order_by("-pk")[0].body_en


@pytest.mark.guards
def test_of_missed_days_only_the_newest_reminder_is_sent(make_shop: Any, frozen_clock: Clock) -> None:
    shop = make_shop(ends_in=5)
    pass_days(frozen_clock, 3)
    assert reminders_of(shop) == [7]


def test_a_shop_licensed_elsewhere_a_closed_one_and_a_suspended_licence_get_none(make_shop: Any, frozen_clock: Clock) -> None:
    food = make_shop(ends_in=61, activity_id=food_activity(), unit="3")
    closed, suspended = make_shop(ends_in=61, unit="4"), make_shop(ends_in=61, unit="5")
    Shop.objects.filter(pk=closed.pk).update(closed_on=TODAY)
    documents.suspend(HealthLicence.objects.get(shop=suspended).document, reason="payment_voided", actor=system("tests"))
    control = make_shop(ends_in=61, unit="6")
    pass_days(frozen_clock, 62)
    assert [reminders_of(shop) for shop in (food, closed, suspended)] == [[], [], []] and reminders_of(control) == STEPS


def test_a_block_does_not_silence_but_is_named(make_shop: Any, frozen_clock: Clock) -> None:
    shop = make_shop(ends_in=30)
    block = {"sentence_ar": "مخالفة غير مدفوعة", "sentence_en": "An unpaid violation"}
    place_block(subject=shop.key, ground="violation", source="violation:x", stops=RENEWAL, actor=system("tests"), **block)
    services.remind()
    message = Message.objects.get(kind="licensing.licence_ends")
    assert "Something stops the renewal" in message.body_en and "renew it in the portal now" not in message.body_en


def test_a_licence_that_needs_no_more_than_a_confirmation_says_its_fee(make_shop: Any, frozen_clock: Clock) -> None:
    clean, changed = make_shop(ends_in=30), make_shop(ends_in=30, unit="7")
    Shop.objects.filter(pk=changed.pk).update(street="99")
    services.remind()
    texts = {row.subject_key: row.short_en for row in Message.objects.filter(kind="licensing.licence_ends")}
    assert "costs 10.000 dinars" in texts[clean.key] and "dinars" not in texts[changed.key]


def test_who_has_several_gets_one_text_message_that_leads_to_the_renewal_of_all(make_shop: Any, frozen_clock: Clock, owner: Any) -> None:
    for unit in range(12):  # a number gets ten text messages in a day
        make_shop(ends_in=61 - unit % 2, unit=str(unit))
    alone = make_shop(ends_in=60, unit="x", owner=PersonFactory(noura=True))
    frozen_clock.move(days=1)
    assert services.remind() == 13
    assert Message.objects.filter(kind="licensing.licence_ends", person=owner).count() == 12
    [told] = Message.objects.filter(deliveries__channel=Channel.SMS, person=owner)
    assert (told.kind, told.path) == ("licensing.licences_end", "/renewals/")
    [single] = Message.objects.filter(deliveries__channel=Channel.SMS, person=alone.owner)
    assert single.kind == "licensing.licence_ends"


def test_all_who_sign_for_an_organisation_are_reminded(make_shop: Any, owner: Any) -> None:
    organisation = OrganisationFactory()
    people = [PersonFactory(noura=True), owner]
    for person in people:
        Signatory.objects.create(organisation=organisation, person=person, first_day=TODAY)
    make_shop(ends_in=30, owner=None, organisation=organisation)
    assert services.remind() == 1
    assert set(Message.objects.filter(kind="licensing.licence_ends").values_list("person", flat=True)) == {p.pk for p in people}


def test_nobody_is_woken(make_shop: Any, frozen_clock: Clock) -> None:
    make_shop(ends_in=30)
    frozen_clock.move(hours=11)  # eleven at night
    assert services.remind() == 0
    frozen_clock.move(hours=11)
    assert services.remind() == 1


def test_without_an_edition_of_the_days_nobody_is_reminded(make_shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make_shop(ends_in=30)
    with monkeypatch.context() as patch:
        patch.setattr(reminders, "SUBJECT", "reminders.nothing")
        assert services.remind() == 0
    assert services.remind() == 1


def test_the_steps_as_a_pure_function() -> None:
    assert [rules.due_reminder(left, STEPS, None) for left in (61, 60, 31, 30, 8, 7, 2, 1, 0, -1)] == [
        None,
        60,
        60,
        30,
        30,
        7,
        7,
        1,
        1,
        None,
    ]
    assert (
        rules.due_reminder(20, STEPS, 30) is None and rules.due_reminder(20, STEPS, 60) == 30 and rules.due_reminder(20, [], None) is None
    )


def test_what_a_sweep_reads_does_not_grow_with_the_licences_that_get_none(make_shop: Any, frozen_clock: Clock) -> None:
    for unit in range(3):
        shop = make_shop(ends_in=30, unit=str(unit))
        Shop.objects.filter(pk=shop.pk).update(closed_on=TODAY)
    with CaptureQueriesContext(connection) as three:
        services.remind()
    for unit in range(3, 9):
        shop = make_shop(ends_in=30, unit=str(unit))
        Shop.objects.filter(pk=shop.pk).update(closed_on=TODAY)
    with CaptureQueriesContext(connection) as nine:
        services.remind()
    assert len(three) == len(nine)


def test_licences_that_get_none_do_not_keep_others_from_theirs(
    make_shop: Any, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reminders, "BATCH", 2)
    for unit in range(5):
        shop = make_shop(ends_in=25, unit=str(unit))
        Shop.objects.filter(pk=shop.pk).update(closed_on=TODAY)
    later = make_shop(ends_in=30, unit="9")
    assert services.remind() == 1 and reminders_of(later) == [30]


@pytest.mark.guards
def test_the_sweep_uses_the_index_of_ends(make_shop: Any, frozen_clock: Clock) -> None:
    plan = reminders.due(TODAY, STEPS).values_list("last_day", "pk", "shop_id").explain()
    assert "licensing_ending" in plan or connection.vendor == "postgresql"  # PostgreSQL scans an empty table
