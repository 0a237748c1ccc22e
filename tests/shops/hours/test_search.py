"""Open now as a filter of the search, on the page and in the interface; hours in the open data."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from municipality.kernel import clock
from shops.hours.services import state_hours
from shops.models import Change, Published, SearchWord, Shop
from shops.models.week import parse
from shops.open_data import feed, table
from shops.register import events
from shops.search import index
from shops.search.cursors import BadCursor
from shops.search.queries import SearchQuery, search_shops
from tests.shops.conftest import TESTS
from tests.shops.hours.conftest import NIGHTS, SPLIT

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]
SUNDAY = dt.datetime(2026, 11, 22, tzinfo=clock.KUWAIT)


def found(**asked: Any) -> set[int]:
    return {hit.shop_id for hit in search_shops(SearchQuery(**asked)).hits}


def at(hours: float, days: int = 0) -> dt.datetime:
    return SUNDAY + dt.timedelta(days=days, hours=hours)


def test_open_now_finds_who_is_open_and_never_who_states_nothing(stating: Make, make_shop: Make) -> None:
    split, nights, always, bare = stating(SPLIT), stating(NIGHTS), stating("24/7"), make_shop()
    for hours, days, shops in (
        (10, 0, {split, always}),
        (14, 0, {always}),
        (18, 0, {split, nights, always}),
        (25, 0, {nights, always}),
        (10, 5, {always}),
        (27.25, 5, {nights, always}),
        (18, 6, {split, always}),
    ):
        with clock.at(at(hours, days)):
            assert found(open_now=True) == {shop.pk for shop in shops}
            assert found(text="الموج", open_now=True) == {shop.pk for shop in shops}
            assert found(text=split.commercial_license_no, open_now=True) == ({split.pk} & {shop.pk for shop in shops})
    assert found(is_open=True, text="الموج") == {split.pk, nights.pk, always.pk, bare.pk}


def test_in_ramadan_its_table_counts_where_there_is_one(stating: Make) -> None:
    split, other = stating(SPLIT), stating(SPLIT, "Mo-Su 20:00-02:00")
    ramadan = dt.datetime(2027, 2, 21, tzinfo=clock.KUWAIT)  # a Sunday
    for hours, shops in ((10, {split}), (21, {split, other}), (25, {other})):
        with clock.at(ramadan + dt.timedelta(hours=hours)):
            assert found(open_now=True) == {shop.pk for shop in shops}
    with clock.at(at(10)):
        assert found(open_now=True) == {split.pk, other.pk}
    with clock.at(at(23)):
        assert found(open_now=True) == set()


def test_a_suspended_or_closed_shop_is_not_open_now(stating: Make) -> None:
    shop, closing = stating("24/7"), stating("24/7")
    assert found(open_now=True) == {shop.pk, closing.pk}
    events.close(shop=closing, source="moci", actor=TESTS)
    events.suspend(shop=shop, source="case:1", actor=TESTS)
    assert found(open_now=True) == set()
    page = Client().get(f"/en/shops/{shop.public_id}/", follow=True).content.decode()
    assert "Open now" not in page and "Mo-Su" not in page and "24 hours" in page and "Suspended" in page


def test_new_hours_count_at_once_and_the_filter_goes_with_the_others(stating: Make) -> None:
    shop = stating(SPLIT)
    with clock.at(at(14)):
        assert found(open_now=True) == set()
        state_hours(shop=shop, person=shop.owner, week=parse("24/7"))  # type: ignore[arg-type]
        assert found(open_now=True) == found(open_now=True, activity="WSAL", area=shop.area_id) == {shop.pk}
        assert found(open_now=True, activity="BARB") == set()
        state_hours(shop=shop, person=shop.owner, week=None)  # type: ignore[arg-type]
        assert found(open_now=True) == set()


def test_a_page_of_open_shops_belongs_to_its_question(stating: Make) -> None:
    for _number in range(3):
        stating("24/7")
    answer = search_shops(SearchQuery(text="الموج", open_now=True, size=2))
    assert len(search_shops(SearchQuery(text="الموج", open_now=True, size=2, after=answer.after)).hits) == 1
    with pytest.raises(BadCursor):
        search_shops(SearchQuery(text="الموج", size=2, after=answer.after))


def test_the_words_of_hours_are_found_by_no_text(stating: Make) -> None:
    stating("24/7")
    assert SearchWord.objects.filter(word="h:a:2").exists()
    assert not found(text="h:a:2") and not found(text="h")


@pytest.mark.slow
def test_an_index_made_anew_says_the_same(stating: Make) -> None:
    shop = stating(SPLIT, "Mo-Su 20:00-02:00")
    before = [index.described([shop.pk])[0].parts, found(open_now=True, text="الموج")]
    index.rebuild()
    assert [index.described([shop.pk])[0].parts, found(open_now=True, text="الموج")] == before and not index.stale([shop.pk])


def test_the_page_filters_says_until_when_and_keeps_the_filter_in_its_address(stating: Make, make_shop: Make) -> None:
    stating(SPLIT, name_ar="صالون الموج الأول", name_en="Alpha Mouj"), make_shop(name_ar="صالون الموج الثاني", name_en="Beta Mouj")
    with clock.at(at(10)):
        page = Client().get("/en/shops/?q=mouj&open_now=on").content.decode()
        both = Client().get("/en/shops/?q=mouj").content.decode()
        arabic = Client().get("/ar/shops/?q=mouj&open_now=on").content.decode()
        on_map = Client().get("/en/shops/map/?q=mouj&open_now=on").content.decode()
    assert "Alpha" in page and "Beta" not in page and "Open now · until 13:00" in page and "مفتوح الآن · حتى 13:00" in arabic
    assert "Alpha" in both and "Beta" in both and both.count("Open now · until") == 1
    assert '<input type="checkbox" name="open_now" id="id_open_now" checked>' in page and "open_now=on" in page.partition('id="results"')[2]
    assert "Alpha" in on_map and "Beta" not in on_map and "Open now · until 13:00" in on_map
    with clock.at(at(14)):
        assert "Closed now · opens at 16:00" in Client().get("/en/shops/?q=alpha").content.decode()
        assert "No shop was found" in Client().get("/en/shops/?q=mouj&open_now=on").content.decode()


def test_the_interface_says_and_filters_the_same(stating: Make, make_shop: Make) -> None:
    shop, bare = stating(SPLIT, "Mo-Su 20:00-02:00"), make_shop()
    with clock.at(at(10)):
        said = Client().get("/api/v1/shops/?q=mouj&open_now=true").json()
        whole = Client().get(f"/api/v1/shops/{shop.public_id}/").json()
        none = Client().get(f"/api/v1/shops/{bare.public_id}/").json()
        both = Client().get("/api/v1/shops/?q=mouj&open_now=0&open=1").json()
    assert [row["id"] for row in said["results"]] == [shop.public_id] and both["total"] == 2
    for row in (said["results"][0], whole):
        assert (row["opening_hours"], row["opening_hours_ramadan"]) == (SPLIT, "Mo-Su 20:00-02:00") and row["hours_stated_at"]
        assert row["open_now"] is True and dt.datetime.fromisoformat(row["open_now_until"]) == at(13)
    assert (none["opening_hours"], none["hours_stated_at"], none["open_now"], none["open_now_until"]) == ("", None, None, None)
    bad = Client().get("/api/v1/shops/?open_now=maybe")
    assert bad.status_code == 400 and bad.json()["errors"][0]["parameter"] == "open_now"


def test_an_answer_of_the_interface_is_kept_no_longer_than_it_is_true(stating: Make) -> None:
    address = f"/api/v1/shops/{stating(SPLIT).public_id}/"
    with clock.at(at(12.5)):
        first = Client().get(address)
        again = Client().get(address, headers={"if-none-match": first["ETag"]})
    with clock.at(at(13) - dt.timedelta(seconds=20)):
        last = Client().get(address)
    with clock.at(at(13)):
        later = Client().get(address, headers={"if-none-match": first["ETag"]})
    assert first["Cache-Control"] == "public, max-age=60" and again.status_code == 304
    assert last["Cache-Control"] == "public, max-age=20"
    assert later.status_code == 200 and later.json()["open_now"] is False


# --- Open data ---------------------------------------------------------------------------------------------------------------------


def row_of(shop: Shop) -> dict[str, Any]:
    [(_key, row)] = table.rows(clock.today(), [shop.pk])
    return dict(zip(table.NAMES, row, strict=True))


def test_hours_are_published_and_a_change_of_them_is_told_once(stating: Make, make_shop: Make) -> None:
    shop, bare = stating(SPLIT, "Mo-Su 20:00-02:00"), make_shop()
    today = clock.today().isoformat()
    names = ("opening_hours", "opening_hours_ramadan", "hours_stated_on")
    assert [row_of(shop)[name] for name in names] == [SPLIT, "Mo-Su 20:00-02:00", today]
    assert [row_of(bare)[name] for name in names] == ["", "", None]
    feed.compare_slice()
    feed.number_all()
    before = Change.objects.count()
    state_hours(shop=shop, person=shop.owner, week=parse(NIGHTS))  # type: ignore[arg-type]
    index.refresh([bare.pk])
    feed.number_all()
    told = Change.objects.order_by("-number")[0]
    assert Change.objects.count() == before + 1 and told.kind == "updated" and told.row["opening_hours"] == NIGHTS
    assert shop.owner is not None and shop.owner.name_en not in json.dumps(told.row, ensure_ascii=False)


def test_a_shop_without_hours_has_the_print_of_the_time_before_them(stating: Make, make_shop: Make) -> None:
    bare, shop = make_shop(), stating(SPLIT)
    rows = dict(table.rows(clock.today()))
    without = (*rows[bare.pk][: table.HOURS],)
    assert table.fingerprint(rows[bare.pk]) == table.fingerprint((*without, "", "", None))
    assert len(without) == len(table.NAMES) - 3 and not Published.objects.filter(pk=shop.pk).exists()
    silent = (*rows[shop.pk][: table.HOURS], "", "", None)
    assert table.fingerprint(rows[shop.pk]) != table.fingerprint(silent)
