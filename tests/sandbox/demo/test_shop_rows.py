"""Made-up shops without a database."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice

from municipality.places.seeds import read_areas
from sandbox.demo.shops.rows import BUSY, EMPTY_AREAS, shops, tables

ARABIC = re.compile("[\u0621-\u064a]")


def test_the_same_seed_gives_the_same_shops_and_another_seed_others() -> None:
    assert list(shops(200, "a")) == list(shops(200, "a"))
    assert list(shops(200, "a")) != list(shops(200, "b"))


def test_every_shop_has_a_name_in_both_languages_and_a_whole_address() -> None:
    places = {(area.governorate, area.name_ar) for area in read_areas()}
    for shop in shops(2000):
        assert ARABIC.search(shop.name_ar) and not re.search("[A-Za-z]", shop.name_ar), shop
        assert re.search("[A-Za-z]", shop.name_en) and not ARABIC.search(shop.name_en), shop
        assert (shop.governorate, shop.area_ar) in places
        assert re.fullmatch(r"[0-9]{8}", shop.paci_number)
        assert bool(shop.building) != bool(shop.plot)


def test_numbers_of_commercial_licences_never_repeat_over_several_runs() -> None:
    numbers = [s.commercial_license_no for s in shops(3000)] + [s.commercial_license_no for s in shops(30_000, "more", start=3000)]
    assert len(set(numbers)) == len(numbers)


def test_rows_are_made_one_by_one() -> None:
    assert len(list(islice(shops(10**9), 3))) == 3


def test_popularity_is_skewed_as_in_life() -> None:
    areas = Counter(shop.area_ar for shop in shops(3000))
    names = Counter(shop.name_ar for shop in shops(3000))
    assert areas.most_common(1)[0][1] > 5 * (sum(areas.values()) / len(areas))
    assert 1 < names.most_common(1)[0][1] < 40
    assert len(areas) > 60


def test_nobody_trades_on_an_island_or_in_a_refinery() -> None:
    names = {area.name_ar for area in tables().areas.values}
    assert not [name for name in names if "جزيرة" in name or "مصفاة" in name or "معسكرات" in name]
    assert BUSY.keys() <= names
    assert not EMPTY_AREAS & names
    assert {area.name_ar for area in read_areas()} >= EMPTY_AREAS
