"""What happens to a shop stays: events, former names and activities, the record, and the search, together or not at all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.audit.models import AuditEvent
from municipality.kernel import guards
from municipality.kernel.errors import Refused
from shops import invariants
from shops.models import EventKind, SearchEntry, Shop, ShopActivity, ShopEvent, TradeName
from shops.register import events
from shops.register.services import FactChange, change_register
from shops.search.queries import SearchQuery, search_shops
from tests.conftest import Clock
from tests.factories.zoning import PlotFactory
from tests.shops.conftest import TESTS
from zoning.models import PlotAddress

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]


def found(text: str) -> list[int]:
    return [hit.shop_id for hit in search_shops(SearchQuery(text=text)).hits]


def rename(shop: Shop, name_ar: str, name_en: str, source: str = "case:1") -> Shop:
    return change_register(
        shop=shop, changes=[FactChange("trade_name", {"name_ar": name_ar, "name_en": name_en})], source=source, actor=TESTS
    )


def test_a_renamed_shop_keeps_its_earlier_name_and_is_found_by_both(make_shop: Make) -> None:
    shop = make_shop(name_ar="صالون الياسمين", name_en="Al-Yasmin Salon")
    rename(shop, "صالون الزمرد", "Al-Zumurrud Salon")
    former = TradeName.objects.get(shop=shop)
    assert (former.name_ar, former.name_en) == ("صالون الياسمين", "Al-Yasmin Salon")
    event = ShopEvent.objects.get(shop=shop, kind=EventKind.RENAMED)
    assert event.data == {"before": ["صالون الياسمين", "Al-Yasmin Salon"], "after": ["صالون الزمرد", "Al-Zumurrud Salon"]}
    assert found("الياسمين") == found("zumurrud") == [shop.pk]
    assert list(invariants.findings()) == []


def test_two_names_in_one_day_have_days_in_order(make_shop: Make, frozen_clock: Clock) -> None:
    shop = make_shop()
    frozen_clock.move(days=10)
    rename(shop, "صالون الأول", "First Salon")
    rename(shop, "صالون الثاني", "Second Salon", source="case:2")
    days = list(TradeName.objects.filter(shop=shop).order_by("pk").values_list("first_day", "last_day"))
    assert all(first is None or first <= last for first, last in days)
    assert days[0][1] <= days[1][1]


def test_a_new_activity_and_address_leave_the_ones_before(make_shop: Make) -> None:
    shop = make_shop()
    changes = [FactChange("activity", {"activity_id": "BARB"}), FactChange("address", {"block": "9"})]
    change_register(shop=shop, changes=changes, source="case:1", actor=TESTS)
    assert ShopActivity.objects.get(shop=shop).activity_id == "WSAL"
    kinds = set(ShopEvent.objects.filter(shop=shop).values_list("kind", flat=True))
    assert kinds == {EventKind.OPENED, EventKind.ACTIVITY_CHANGED, EventKind.MOVED}


def test_a_shop_that_moves_stands_on_the_plot_of_its_new_address_or_at_no_known_place(make_shop: Make) -> None:
    shop = make_shop(latitude=29.33, longitude=48.03)
    PlotFactory(area=shop.area, block="9", number="5")

    def move(**columns: str) -> tuple[float | None, float | None]:
        change_register(shop=shop, changes=[FactChange("address", columns)], source=f"case:{len(columns)}", actor=TESTS)
        shop.refresh_from_db()
        entry = SearchEntry.objects.get(pk=shop.pk)
        assert (entry.latitude, entry.longitude) == (shop.latitude, shop.longitude)
        return shop.latitude, shop.longitude

    assert move(floor="2") == (29.33, 48.03), "the control: a corrected floor is no move"
    latitude, longitude = move(block="9", building="", plot="5")
    assert latitude == pytest.approx(29.3701, abs=0.0002) and longitude == pytest.approx(47.9701, abs=0.0002)
    assert move(block="77", street="1") == (None, None)


def test_a_corrected_street_leaves_the_point_and_another_paci_number_with_it_moves_the_shop(make_shop: Make) -> None:
    shop = make_shop(latitude=29.33, longitude=48.03)
    PlotAddress.objects.create(plot=PlotFactory(area=shop.area, block=shop.block, number="5"), paci_number="10229999")

    def move(**columns: str) -> tuple[float | None, float | None]:
        change_register(shop=shop, changes=[FactChange("address", columns)], source=f"case:{sorted(columns.items())}"[:80], actor=TESTS)
        shop.refresh_from_db()
        return shop.latitude, shop.longitude

    assert move(street="Salem Al-Mubarak Street") == (29.33, 48.03), "on a plot that nobody knows or in the middle of it"
    assert move(street="Salem Al Mubarak Street", building="12 A", floor="1") == (29.33, 48.03)
    assert move(paci_number="10229998") == (29.33, 48.03), "a corrected PACI number alone is no move"
    assert move(street="Baghdad Street", paci_number="10229999") != (29.33, 48.03)


def test_what_does_not_change_leaves_no_event(make_shop: Make) -> None:
    shop = make_shop()
    rename(shop, shop.name_ar, shop.name_en)
    assert not TradeName.objects.exists()


def test_a_shop_is_suspended_resumed_closed_and_opened_again(make_shop: Make) -> None:
    shop = make_shop(name_ar="صالون الفنار")
    for verb, state in ((events.suspend, "suspended"), (events.resume, "open"), (events.close, "closed"), (events.reopen, "open")):
        verb(shop=shop, source="case:1", actor=TESTS)
        shop.refresh_from_db()
        assert ("closed" if shop.is_closed else "suspended" if shop.is_suspended else "open") == state
        assert ([hit.shop_id for hit in search_shops(SearchQuery(text="الفنار", is_open=True)).hits] == [shop.pk]) is (state == "open")
    acts = list(AuditEvent.objects.filter(subject=shop.key).order_by("pk").values_list("action", flat=True))
    assert acts == ["shop.opened", "shop.suspended", "shop.resumed", "shop.closed", "shop.reopened"]


@pytest.mark.parametrize(
    ("before", "verb", "code"),
    [
        ([], events.resume, "not_suspended"),
        ([], events.reopen, "not_closed"),
        ([events.suspend], events.suspend, "suspended_already"),
        ([events.close], events.suspend, "closed_already"),
        ([events.close], events.close, "closed_already"),
    ],
)
def test_a_verb_that_does_not_fit_is_refused(
    make_shop: Make, before: list[Callable[..., Shop]], verb: Callable[..., Shop], code: str
) -> None:
    shop = make_shop()
    for earlier in before:
        earlier(shop=shop, source="case:1", actor=TESTS)
    with pytest.raises(Refused) as refused:
        verb(shop=shop, source="case:2", actor=TESTS)
    assert refused.value.code == code


def test_register_event_record_and_search_change_together_or_not_at_all(make_shop: Make) -> None:
    shop = make_shop(name_ar="صالون الياسمين")
    before = ShopEvent.objects.count(), AuditEvent.objects.count()
    with patch("shops.register.services.record", side_effect=RuntimeError), pytest.raises(RuntimeError):
        rename(shop, "صالون الزمرد", "")
    assert (ShopEvent.objects.count(), AuditEvent.objects.count()) == before
    assert Shop.objects.get(pk=shop.pk).name_ar == "صالون الياسمين"
    assert found("الياسمين") == [shop.pk] and found("الزمرد") == []


@pytest.mark.guards
@pytest.mark.parametrize("model", [ShopEvent, TradeName, ShopActivity])
def test_the_database_refuses_to_change_or_drop_what_happened(make_shop: Make, model: type) -> None:
    shop = make_shop()
    changes = [FactChange("trade_name", {"name_ar": "أ", "name_en": "b"}), FactChange("activity", {"activity_id": "BARB"})]
    change_register(shop=shop, changes=changes, source="case:1", actor=TESTS)
    rows = model.objects.filter(shop=shop)  # type: ignore[attr-defined]
    for attack in (lambda: rows.update(source="another"), lambda: rows._raw_delete(rows.db)):
        with pytest.raises(IntegrityError, match="guard:insert_only"), transaction.atomic():
            attack()
    guards.remove(connection)  # the red control: it is the guards that hold
    assert rows.update(source="another")


def test_an_index_that_says_something_else_is_found(make_shop: Make) -> None:
    shop = make_shop()
    assert list(invariants.findings()) == []
    SearchEntry.objects.filter(pk=shop.pk).update(name_ar="اسم آخر")
    assert any("what the register does not" in line for line in invariants.findings())
    SearchEntry.objects.filter(pk=shop.pk).delete()
    assert any("cannot be found" in line for line in invariants.findings())


def test_a_shop_that_is_open_against_its_last_event_is_found(make_shop: Make) -> None:
    shop = make_shop(opened_on=dt.date(2020, 1, 1))
    events.close(shop=shop, source="case:1", actor=TESTS)
    Shop.objects.filter(pk=shop.pk).update(closed_on=None)
    assert any("closed it" in line for line in invariants.findings())
