"""The reminder that boards end: once for a shop and day, not after the renewal, and not at night."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from licensing.signage.renewals import offers, reminders, services
from municipality.accounts.models import User
from municipality.notifications.models import Channel, Delivery, Message
from shops.models import Shop
from tests.conftest import Clock
from tests.factories.boards import FRONT, licensed

pytestmark = pytest.mark.django_db
KIND = "licensing.boards_end"


def test_the_holder_is_told_once(shop: Shop, owner: User, officer: User, frozen_clock: Clock) -> None:
    licensed(shop, owner, officer, FRONT, FRONT, ends_in=31)
    assert reminders.remind() == 0
    frozen_clock.move(days=1)
    assert reminders.remind() == 1 and reminders.remind() == 0
    message = Message.objects.get(kind=KIND, person=owner)
    assert message.path == "/boards/renew/" and "2 boards" in message.body_en
    frozen_clock.move(days=1)
    assert reminders.remind() == 0


def test_boards_of_several_shops_are_told_by_one_text_message(
    shop: Shop, make_shop: Callable[..., Any], owner: User, officer: User
) -> None:
    licensed(shop, owner, officer, FRONT, ends_in=20)
    licensed(make_shop(), owner, officer, FRONT, ends_in=20)
    assert reminders.remind() == 2
    assert Message.objects.filter(kind=KIND, person=owner).count() == 2
    assert Delivery.objects.filter(message__kind=KIND, channel=Channel.SMS).count() == 1


def test_a_renewal_that_is_asked_for_silences(shop: Shop, owner: User, officer: User, frozen_clock: Clock) -> None:
    licensed(shop, owner, officer, FRONT, ends_in=20)
    ready = [one for group in offers.of_user(owner) for one in group.ready]
    services.renew(user=owner, chosen=[one.previous.public_id for one in ready], expected_fils=sum(one.fils for one in ready))
    assert reminders.remind() == 0 and not Message.objects.filter(kind=KIND).exists()


def test_nobody_is_woken_by_boards(shop: Shop, owner: User, officer: User, frozen_clock: Clock) -> None:
    licensed(shop, owner, officer, FRONT, ends_in=20)
    frozen_clock.move(hours=12)  # midnight in Kuwait
    assert reminders.remind() == 0
    frozen_clock.move(hours=10)
    assert reminders.remind() == 1
