"""Asking: filters, order, pages, numbers, what is said where a word is not known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from municipality.kernel import clock
from municipality.places.models import Area
from shops import registry
from shops.models import LicenceState, SearchNumber, SearchWord, Shop
from shops.register import events, name_lists
from shops.registry import LicenceFact
from shops.search import engines, index, queries
from shops.search import results as lists
from shops.search.cursors import BadCursor
from shops.search.queries import SearchQuery, search_shops
from tests.conftest import Clock
from tests.shops.conftest import TESTS

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]


def found(text: str = "", **filters: object) -> list[int]:
    return [hit.shop_id for hit in search_shops(SearchQuery(text=text, **filters)).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "صالون الأناقة",
        "صالون الاناقه",
        "صالــون الأنَاقة",
        "الأناقة صالون",
        "صالون أناقة",
        "anaqa",
        "AL-ANAQA salon",
        "صالون الانا",
        "صالون الأناقق",
        "salun anaka",
    ],
)
def test_every_spelling_finds_the_shop(make_shop: Make, text: str) -> None:
    other, meant = make_shop(name_ar="مصبغة الفجر", name_en="Al-Fajr Laundry"), make_shop(name_ar="صالون الأناقة", name_en="Al-Anaqa Salon")
    assert found(text)[0] == meant.pk
    assert other.pk not in found(text)


def test_the_whole_name_comes_before_longer_ones_and_closed_shops_last(make_shop: Make) -> None:
    longer = make_shop(name_ar="صالون لمسة النور", name_en="")
    closed = make_shop(name_ar="صالون النور", name_en="")
    whole = make_shop(name_ar="صالون النور", name_en="")
    events.close(shop=closed, source="moci", actor=TESTS)
    assert found("صالون النور") == [whole.pk, closed.pk, longer.pk]


def test_numbers_are_found_from_their_first_digits_in_any_digits(make_shop: Make) -> None:
    shop = make_shop(paci_number="90417777", commercial_license_no="7771234/2019", commercial_registration_no="412233")
    make_shop(commercial_license_no="8881234/2019")
    for text in ("9041777", "٩٠٤١٧٧٧٧", "7771234/20", "7771234 2019", "412233", "۴۱۲۲۳۳"):
        assert found(text) == [shop.pk]


def test_a_number_that_no_shop_has_finds_none_by_its_parts(make_shop: Make) -> None:
    make_shop(name_ar="حلويات الواحة 4", name_en="Al-Waha Sweets 4")
    shop = make_shop(name_ar="صالون النور", name_en="Al-Noor Salon")
    assert found("HLT-HA-2025-000282-4") == []
    assert found("nor salon 4") != [], "other texts are still read generously"
    assert found("صالون النور") == [shop.pk]


def test_filters_hold_back_and_go_together(make_shop: Make) -> None:
    here = make_shop(name_ar="صالون النور")
    there = make_shop(name_ar="صالون النور", area=Area.objects.get(name_ar="الجابرية"), activity_id="BARB")
    assert set(found("النور")) == {here.pk, there.pk}
    assert found("النور", area=here.area_id) == found("النور", activity="WSAL") == [here.pk]
    assert found("النور", governorate="HA", activity="BARB") == [there.pk]
    assert found("النور", governorate="JA") == []
    assert found(area=there.area_id) == [there.pk]


def test_a_filter_without_words_says_that_there_are_more(make_shop: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (engines, queries):
        monkeypatch.setattr(name, "BEGINNINGS", 3)
    shops = [make_shop(name_ar=f"صالون {letter}", name_en=f"Salon {n}") for n, letter in enumerate("أبتثجح")]
    answer = search_shops(SearchQuery(is_open=True))
    assert answer.is_more and 3 <= answer.total < len(shops)
    in_area = search_shops(SearchQuery(is_open=True, area=shops[0].area_id))
    assert (in_area.total, in_area.is_more) == (len(shops), False), "an area is a word of the index: all are found"
    for shop in shops[2:]:
        events.close(shop=shop, source="moci", actor=TESTS)
    answer = search_shops(SearchQuery(is_open=True))
    assert (answer.total, answer.is_more) == (2, False)


@pytest.mark.parametrize(("open_shops", "said"), [(3, (3, False)), (4, (3, True))])
@pytest.mark.parametrize("filters", [{}, {"governorate": "HA"}])
def test_as_many_shops_as_are_looked_at_are_all_of_them(
    make_shop: Make, monkeypatch: pytest.MonkeyPatch, filters: dict[str, str], open_shops: int, said: tuple[int, bool]
) -> None:
    """By their names, and by a word of the index: "more than three" would be untrue of three."""
    for name, value in ((engines, "BEGINNINGS"), (queries, "BEGINNINGS"), (queries, "WINDOW")):
        monkeypatch.setattr(name, value, 3)
    for n in range(open_shops):
        make_shop(name_ar=f"صالون {'ابتث'[n]}", name_en=f"Salon {open_shops - n}")
    answer = search_shops(SearchQuery(is_open=True, **filters))  # type: ignore[arg-type]
    assert (answer.total, answer.is_more) == said


@pytest.mark.parametrize("text", ["!!!", "؟", "-"])
def test_signs_alone_find_nothing(make_shop: Make, text: str) -> None:
    shop = make_shop()
    assert found(text) == []
    assert found(text, is_open=True) == found(text, area=shop.area_id) == [shop.pk], "a filter is still a question"


def test_near_shops_come_first_and_far_ones_not_at_all(make_shop: Make) -> None:
    far = make_shop(name_ar="صالون النور", latitude=29.10, longitude=48.10)
    near = make_shop(name_ar="صالون النور", latitude=29.330, longitude=48.030)
    nearer = make_shop(name_ar="صالون النور", latitude=29.3341, longitude=48.0341)
    hits = search_shops(SearchQuery(text="النور", near=(29.334, 48.034))).hits
    assert [hit.shop_id for hit in hits] == [nearer.pk, near.pk]
    assert hits[0].distance_km is not None and hits[0].distance_km < 0.1
    assert far.pk in found("النور")


def test_pages_follow_each_other_without_a_gap_or_a_repeat(make_shop: Make) -> None:
    made = [make_shop(name_ar="صالون النور").pk for _ in range(9)]
    seen: list[int] = []
    after = ""
    while True:
        answer = search_shops(SearchQuery(text="النور", size=4, after=after))
        seen += [hit.shop_id for hit in answer.hits]
        after = answer.after
        if not after:
            break
    assert seen == made


@pytest.mark.parametrize("bend", [lambda token: token + "x", lambda token: "x", lambda token: token.swapcase()])
def test_a_bent_place_is_refused(make_shop: Make, bend: Callable[[str], str]) -> None:
    for _ in range(3):
        make_shop(name_ar="صالون النور")
    token = search_shops(SearchQuery(text="النور", size=1)).after
    with pytest.raises(BadCursor):
        search_shops(SearchQuery(text="النور", size=1, after=bend(token)))


def test_a_place_of_another_question_is_refused(make_shop: Make) -> None:
    for _ in range(3):
        make_shop(name_ar="صالون النور")
    token = search_shops(SearchQuery(text="النور", size=1)).after
    with pytest.raises(BadCursor):
        search_shops(SearchQuery(text="صالون", size=1, after=token))


def test_what_was_meant_is_said_and_an_unknown_word_is_left_out(make_shop: Make) -> None:
    shop = make_shop(name_ar="كراج البركة", name_en="")
    answer = search_shops(SearchQuery(text="كراح البركة"))
    assert answer.meant == "كراج البركه" and [hit.shop_id for hit in answer.hits] == [shop.pk]
    answer = search_shops(SearchQuery(text="البركة زقزقوقة"))
    assert answer.left_out == ("زقزقوقه",) and [hit.shop_id for hit in answer.hits] == [shop.pk]
    assert search_shops(SearchQuery(text="زقزقوقة")).hits == []


def test_the_health_licence_is_a_filter_that_knows_the_day(make_shop: Make, monkeypatch: pytest.MonkeyPatch, frozen_clock: Clock) -> None:
    shop, bare = make_shop(name_ar="صالون النور"), make_shop(name_ar="صالون النور")
    fact = LicenceFact("HLT-HA-2025-000001-X", LicenceState.ACTIVE, clock.today())
    monkeypatch.setattr(registry, "LICENCES", {"tests": lambda keys: {shop.pk: fact} if shop.pk in keys else {}})
    index.refresh([shop.pk])
    assert found("النور", licence="active") == [shop.pk]
    assert found("النور", licence="none") == [bare.pk]
    assert found("HLT-HA-2025-0000") == [shop.pk]
    frozen_clock.move(days=1)
    assert found("النور", licence="active") == []
    assert index.note_ended_licences() == 1
    assert found("النور", licence="ended") == [shop.pk]
    assert index.note_ended_licences() == 0


def test_an_index_made_anew_is_the_one_that_services_wrote(make_shop: Make) -> None:
    shops = [make_shop(name_ar=name, name_en="") for name in ("صالون أبو طلال", "مطعم والمقاولات", "كراج عبد الله 7")]
    events.close(shop=shops[0], source="moci", actor=TESTS)

    def picture() -> tuple[object, ...]:
        words = {w.pk: w for w in SearchWord.objects.all()}
        entries = {
            shop.pk: [sorted(words[int(pk)].word for pk in part.split()) for part in entry.words.split("|")]
            for shop in shops
            for entry in [index.SearchEntry.objects.get(pk=shop.pk)]
        }
        forms = {word.word: sorted(word.forms.values_list("form", flat=True)) for word in words.values()}
        return entries, forms, sorted(SearchNumber.objects.values_list("number", "shop"))

    before = picture()
    assert index.rebuild() == 3
    assert picture() == before
    assert found("ابوطلال") == [shops[0].pk]
    assert index.stale([shop.pk for shop in shops]) == []


def test_counts_are_renewed_and_words_of_no_shop_go(make_shop: Make) -> None:
    shop = make_shop(name_ar="صالون زبرجدة", name_en="")
    make_shop(name_ar="صالون النور", name_en="")
    Shop.objects.filter(pk=shop.pk).update(name_ar="صالون الأمل")
    index.refresh_all()
    assert not SearchWord.objects.filter(word="زبرجده").exists()
    assert SearchWord.objects.get(word="صالون").count == 2


def test_cached_names_never_stand_for_new_ones(make_shop: Make, settings: Any, frozen_clock: Clock, django_assert_num_queries: Any) -> None:
    settings.NAMED_LISTS_SECONDS = 60
    name_lists.cached_lists.cache_clear()
    old = make_shop(name_ar="صالون الأناقة")
    assert lists.rows(search_shops(SearchQuery(text="الأناقة")))[0].shop.area.name_ar == "السالمية"
    area = Area.objects.create(governorate=old.area.governorate, name_ar="حي جديد", name_en="New Quarter", folded="حي جديد")
    make_shop(name_ar="صالون الأناقة", area=area)
    answer = search_shops(SearchQuery(text="الأناقة"))
    with django_assert_num_queries(1):
        rows = lists.rows(answer)
    assert {row.shop.area.name_en for row in rows} == {"Salmiya", "New Quarter"}
    Area.objects.filter(name_ar="السالمية").update(name_en="Salmiyah")
    frozen_clock.move(seconds=60)
    assert {row.shop.area.name_en for row in lists.rows(answer)} == {"Salmiyah", "New Quarter"}
    name_lists.cached_lists.cache_clear()


def test_a_shop_that_another_authority_licenses_is_not_among_those_without_a_licence(make_shop: Make) -> None:
    salon, cafe = make_shop(name_ar="صالون النور"), make_shop(name_ar="مقهى النور", activity_id="CAFE")
    assert found("النور", licence="none") == found(licence="none") == [salon.pk]
    assert found("النور", licence="elsewhere") == found(licence="elsewhere") == [cafe.pk]
    assert set(found("النور")) == {salon.pk, cafe.pk}
