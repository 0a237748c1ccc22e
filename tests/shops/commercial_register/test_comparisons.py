"""What was told of a licence before its shop was entered, or long ago, compared with the register of shops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from municipality.kernel import clock
from shops.commercial_register.services import updates
from shops.models import EventKind, Shop, ShopEvent
from tests.shops.commercial_register.conftest import Commercial

pytestmark = pytest.mark.django_db
Both = tuple[Commercial, Shop]
Make = Callable[..., Shop]


def test_a_shop_whose_licence_was_cancelled_before_it_was_entered_is_told_as_cancelled(both: Both, make_shop: Make) -> None:
    commercial, _shop = both
    commercial.happens("900001/2026", "new")
    commercial.delta()
    commercial.happens("900001/2026", "cancel", cancelled_on="2026-11-20")
    commercial.delta()
    assert commercial.open() == {}, "nobody enters it for a licence that is over"
    made = make_shop(commercial_license_no="900001/2026")
    at = {"on": clock.today(), "at": clock.now(), "source": "sheet:tests", "actor_key": "system:tests"}
    ShopEvent.objects.create(shop=made, kind=EventKind.ENTERED, **at)
    commercial.delta()
    assert "cancelled" in commercial.open(made)


def test_what_was_told_long_ago_writes_nothing_over_what_came_later(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "renew", valid_until="2028-01-31")
    commercial.delta()
    later = dt.date(2029, 1, 31)
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=later, facts_at=clock.now() + dt.timedelta(days=1))
    updates.compare_again(number=shop.commercial_license_no)
    shop.refresh_from_db()
    assert shop.commercial_license_end == later and set(commercial.open(shop)) == {"validity"}
