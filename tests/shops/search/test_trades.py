"""What people call a trade finds its shops, and takes no shop its name."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import actor_of
from municipality.kernel import clock
from municipality.places.models import Area
from municipality.rulebook import services as rulebook
from municipality.rulebook.models import RuleSet, TradeRule
from municipality.rulebook.queries import TRADES
from municipality.rulebook.seeds import draft_rules, load_activities
from shops.models import SearchWord, Shop
from shops.register import name_lists
from shops.search import index, queries, trades
from shops.search.queries import SearchQuery, search_shops
from tests.factories.accounts import StaffFactory

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What a test lets a process keep is its own."""
    for cached in (trades.in_force, name_lists.cached_lists):
        cached.cache_clear()
    yield
    for cached in (trades.in_force, name_lists.cached_lists):
        cached.cache_clear()


@pytest.fixture
def words(make_shop: Make) -> RuleSet:
    """The words of the first edition, published; no other rules."""
    maker, publisher = StaffFactory(login="maker"), StaffFactory(login="publisher")
    (edition,) = [draft for draft in draft_rules(maker) if draft.subject == TRADES]
    rulebook.publish(ruleset=edition, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))
    return edition


def found(text: str, **filters: Any) -> list[int]:
    return [hit.shop_id for hit in search_shops(SearchQuery(text=text, **filters)).hits]


@pytest.fixture
def cafe(make_shop: Make) -> Shop:
    """A café whose name says nothing of its trade."""
    make_shop(name_ar="حلاق الموج", name_en="Al-Mouj Barbers", activity_id="BARB")
    return make_shop(name_ar="ركن السدرة", name_en="Sidra Corner", activity_id="CAFE")


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    "text",
    [
        *("قهوة", "قهوه", "القهوة", "قَهْوة", "كوفي", "كوفي شوب", "كافيهات", "مقاهي", "محل قهوة"),
        *("coffee", "Coffee Shops", "cafés", "kahwa", "qahwa", "gahwah", "al-qahwa", "alqahwa", "the coffee shop"),
        *("قهوة السالمية", "السالمية قهوة", "kahwa salmiya", "coffee in Salmiya", "قهوة salmiya"),
        *("قهوة السدرة", "قهوة سدرة", "coffee sidra", "kahwa السدرة", "قهوة السدرة السالمية"),
    ],
)
def test_a_trade_is_found_by_what_people_call_it(cafe: Shop, text: str) -> None:
    assert found(text) == [cafe.pk]


@pytest.mark.parametrize("text", ["قهوة", "kahwa"])
def test_without_the_rows_nothing_is_found(cafe: Shop, text: str) -> None:
    assert cafe.pk not in found(text)


@pytest.mark.usefixtures("words")
def test_a_trade_that_no_shop_has_is_left_out_like_an_unknown_word(cafe: Shop) -> None:
    answer = search_shops(SearchQuery(text="حضانة السدرة"))
    assert ([hit.shop_id for hit in answer.hits], answer.left_out) == ([cafe.pk], ("حضانه",))


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("text", ["حضانة", "حضانات", "روضة", "nursery", "day care"])
def test_a_nursery_is_found_although_few_shops_are_one(make_shop: Make, text: str) -> None:
    shop = make_shop(name_ar="بيت الفراشة", name_en="", activity_id="DAYN")
    assert found(text) == [shop.pk]


@pytest.mark.usefixtures("words")
def test_a_shop_that_bears_the_word_in_its_name_comes_first(make_shop: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also among more cafés than are compared with each other, which the engine may give in any order."""
    monkeypatch.setattr(queries, "WINDOW", 5)
    cafes = [make_shop(name_ar=f"ركن {n}", name_en="", activity_id="CAFE") for n in range(8)]
    inside = make_shop(name_ar="ديوان قهوة", name_en="", activity_id="GROC")
    whole = make_shop(name_ar="قهوة الديرة", name_en="", activity_id="GROC")
    assert found("قهوة الديرة")[0] == whole.pk
    first, second, *rest = found("قهوة")
    assert [first, second] == [whole.pk, inside.pk] and set(rest) <= {shop.pk for shop in cafes} and rest
    assert set(found("قهوة السالمية")[:2]) == {whole.pk, inside.pk}


@pytest.mark.usefixtures("words")
def test_filters_hold_for_trades_too(make_shop: Make, cafe: Shop) -> None:
    there = make_shop(name_ar="ركن النخلة", name_en="", activity_id="CAFE", area=Area.objects.get(name_ar="الجابرية"))
    assert set(found("قهوة")) == {cafe.pk, there.pk}
    assert found("قهوة", area=there.area_id) == found("قهوة الجابرية") == [there.pk]
    assert found("قهوة", activity="BARB") == []


@pytest.mark.usefixtures("words")
def test_pages_of_a_trade_follow_each_other(make_shop: Make) -> None:
    made = [make_shop(name_ar=f"ركن {n}", name_en="", activity_id="CAFE").pk for n in range(7)]
    answer = search_shops(SearchQuery(text="قهوة", size=4))
    assert answer.total == 7 and not answer.is_more
    following = search_shops(SearchQuery(text="قهوة", size=4, after=answer.after))
    assert [hit.shop_id for hit in (*answer.hits, *following.hits)] == made


@pytest.mark.usefixtures("words")
def test_staff_add_a_word_and_it_holds_from_its_day(cafe: Shop, words: RuleSet) -> None:
    maker, publisher = StaffFactory(login="another"), StaffFactory(login="publisher-2")
    assert found("ديوانية") == []
    draft = rulebook.copy_as_draft(ruleset=words, maker=maker, actor=actor_of(maker, "rule_maker"))
    draft.first_day = clock.today() + dt.timedelta(days=3)
    draft.save()
    TradeRule.objects.create(ruleset=draft, activity_id="CAFE", words_ar="ديوانية", source_ar="محضر", source_en="Minutes")
    rulebook.publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))
    assert found("ديوانية") == []
    with clock.at(clock.now() + dt.timedelta(days=3)):
        assert found("ديوانية") == found("قهوة") == [cafe.pk]


@pytest.mark.usefixtures("words")
def test_of_a_name_that_many_shops_bear_no_more_is_asked(make_shop: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trade costs one statement where few shops bear the word, and none where many do."""
    monkeypatch.setattr(queries, "ENOUGH", 3)
    monkeypatch.setattr("shops.search.vocabulary.ENOUGH", 3)
    for n in range(4):
        make_shop(name_ar=f"مصبغة الموج {n}", name_en="", activity_id="LAUN")
    bare = make_shop(name_ar="ركن الموج", name_en="", activity_id="LAUN")

    def asked_of_entries() -> tuple[queries.SearchResult, int]:
        with CaptureQueriesContext(connection) as asked:
            answer = search_shops(SearchQuery(text="مصبغة الموج"))
        return answer, sum("shops_searchentry" in query["sql"] for query in asked.captured_queries)

    answer, few = asked_of_entries()  # no count is known before the night
    assert not answer.is_more and bare.pk in [hit.shop_id for hit in answer.hits]
    index.recount()
    assert SearchWord.objects.get(word="مصبغه").count == 4
    answer, many = asked_of_entries()
    assert answer.is_more and bare.pk not in [hit.shop_id for hit in answer.hits]
    assert (few, many) == (3, 2)


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("address", ["/ar/shops/", "/api/v1/shops/"])
def test_page_and_interface_ask_as_often_for_a_hundred_shops_as_for_ten(
    make_shop: Make, address: str, client: Client, settings: Any
) -> None:
    def statements() -> int:
        settings.NAMED_LISTS_SECONDS = 60
        client.get(address, {"q": "قهوة السالمية"})
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(address, {"q": "قهوة السالمية"})
        assert answer.status_code == 200 and "ركن" in answer.content.decode()
        return len(asked)

    for n in range(10):
        make_shop(name_ar=f"ركن {n}", name_en="", activity_id="CAFE")
    few = statements()
    for n in range(90):
        make_shop(name_ar=f"ركن آخر {n}", name_en="", activity_id="CAFE")
    assert statements() == few


@pytest.mark.parametrize(
    ("typed", "activities"),
    [
        (["قهوه"], {"CAFE"}),
        (["كوفي", "شوب"], {"CAFE"}),
        (["مغسله", "سيارات"], {"CARW"}),
        (["مغسله", "حولي"], {"LAUN", "DRYC"}),
        (["بقالات"], {"GROC"}),
        (["groceries"], {"GROC"}),
        (["glasses"], {"WATC"}),
        (["bagala"], {"GROC"}),
        (["حولي"], set()),
        (["نور"], set()),
        (["noor"], set()),
    ],
)
def test_the_longest_entry_is_meant_and_the_sound_only_where_there_is_none(words: RuleSet, typed: list[str], activities: set[str]) -> None:
    assert {one.activity for one in trades.in_force().meant(typed) if 0 in one.positions} == activities


def test_every_word_of_the_first_edition_stands_for_its_trade(words: RuleSet) -> None:
    load_activities()
    known = trades.in_force()
    for row in words.trades.all():
        for entry in (*trades.word_list(row.words_ar), *trades.word_list(row.words_en)):
            assert row.activity_id in known._activities_of(trades.arabic.words(entry)), entry
