"""What was told of a licence before its shop was entered, or long ago, compared with the register of shops."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from municipality.kernel import clock
from shops.commercial_register.services import updates
from shops.models import EventKind, Shop, ShopEvent
from shops.office.services import merges
from shops.register import events
from tests.factories.accounts import StaffFactory
from tests.shops.commercial_register.conftest import Commercial, licence_of
from tests.shops.conftest import TESTS

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


@pytest.mark.parametrize(("is_cancelled_first", "raised"), [(True, {"restored"}), (False, set())])
def test_a_closed_entry_whose_licence_came_back_while_it_was_merged_is_told_as_restored(
    both: Both, make_shop: Make, is_cancelled_first: bool, raised: set[str]
) -> None:
    """A closed shop with a licence that was never cancelled is not compared, as before: the control."""
    commercial, shop = both
    stays, asker = make_shop(), StaffFactory(groups=["register_clerk"], login="merger")
    commercial.post("change", licence=stays.commercial_license_no, what="new", facts=licence_of(stays))
    if is_cancelled_first:
        commercial.happens(shop, "cancel", cancelled_on=clock.today().isoformat())
    commercial.delta()
    events.close(shop=shop, source="case:1", actor=TESTS)
    merged = merges.propose(shop=shop, into=stays, note_ar="محل واحد بقيدين", asked_by=asker)
    merges.allow(merge=merged, allowed_by=commercial.clerk)
    commercial.happens(shop, "restore" if is_cancelled_first else "rename")
    commercial.delta()
    commercial.happens(shop, "renew", valid_until="2028-01-31")
    commercial.delta()
    assert commercial.open() == {}, "it is merged"
    split = merges.propose_split(shop=shop, note_ar="محلان اثنان", asked_by=asker)
    merges.allow(merge=split, allowed_by=commercial.clerk)
    commercial.work()
    assert set(commercial.open()) == raised
    commercial.happens(shop, "rename")
    commercial.delta()
    assert set(commercial.open()) == raised, "it stays open until somebody decides"
