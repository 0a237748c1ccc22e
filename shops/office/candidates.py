"""Which entries of the register may be one shop: an equal licence number but for its signs, or an equal name at a near address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import cos, hypot, radians
from typing import Any

from django.db.models import Count, F, Value
from django.db.models.functions import Replace, Upper
from django.utils.translation import gettext_lazy as _

from shops.models import SearchEntry, Shop

GROUPS = 40  # of one page
LOOKED = 30_000  # entries of an index that one page looks through at most, however few of them have a twin
LARGEST = 12  # shops of one name in an area that are compared pair by pair; a chain has more
NEAR_M = 120.0
_DEGREE_M = 111_320.0
ANY_AREA = 2**31 - 1  # behind every area of a name
BARE: Any = Upper(Replace(Replace(F("commercial_license_no"), Value("/")), Value("-")))  # as the index `shops_bare_number` has it


@dataclass(frozen=True)
class Pair:
    """Two open rows and why they may be one; the older row stays."""

    stays: Shop
    goes: Shop
    why: Any


def numbered(after: str = "") -> tuple[list[Pair], str]:
    """Pairs whose licence numbers differ in signs only, such as 2020/123 and 2020-123, in the order of numbers.

    With the number after which the next page begins, empty at the end. Looks at LOOKED entries of the index at most.
    """
    shops = Shop.objects.filter(merged_into__isnull=True).annotate(bare=BARE)
    rows = shops.filter(bare__gt=after).order_by("bare")
    last = rows.values_list("bare", flat=True)[LOOKED : LOOKED + 1].first()
    if last is not None:
        rows = rows.filter(bare__lte=last)
    twice = list(rows.values("bare").annotate(n=Count("*")).filter(n__gt=1).values_list("bare", flat=True)[:GROUPS])
    found: dict[str, list[Shop]] = {}
    for shop in _shown(shops.filter(bare__in=twice)) if twice else ():
        found.setdefault(shop.bare, []).append(shop)
    why = _("The licence numbers differ in signs only.")
    pairs = [Pair(*two, why) for group in found.values() for two in combinations(group[:LARGEST], 2)]
    return pairs, twice[-1] if len(twice) == GROUPS else last or ""


def named(after: str = "", area: int = 0) -> tuple[list[Pair], tuple[str, int]]:
    """Pairs of one folded name in one area at a near address, in the order of names and areas.

    With the name and the area after which the next page begins, empty at the end. Looks at LOOKED entries of the index at most (and
    the rest of the last name).
    """
    rows = SearchEntry.objects.exclude(name_ar="").filter(name_ar__gte=after)
    rows = rows.exclude(name_ar=after, area__lte=area).order_by("name_ar", "area")
    last = rows.values_list("name_ar", flat=True)[LOOKED : LOOKED + 1].first()
    if last is not None:
        rows = rows.filter(name_ar__lte=last)
    groups = list(rows.values_list("name_ar", "area").annotate(n=Count("*")).filter(n__gt=1, n__lte=LARGEST)[:GROUPS])
    kept = {(name, place) for name, place, _n in groups}
    keys: dict[int, tuple[str, int]] = {}
    if kept:
        entries = SearchEntry.objects.filter(name_ar__in={name for name, _place in kept}, area__in={place for _name, place in kept})
        listed = entries.values_list("shop", "name_ar", "area")
        keys = {shop: (name, place) for shop, name, place in listed if (name, place) in kept}
    found: dict[tuple[str, int], list[Shop]] = {}
    for shop in _shown(Shop.objects.filter(pk__in=keys)) if keys else ():
        found.setdefault(keys[shop.pk], []).append(shop)
    pairs = [pair for name, place, _n in groups for pair in _near(found.get((name, place), []))]
    if len(groups) == GROUPS:
        return pairs, groups[-1][:2]
    return pairs, (last, ANY_AREA) if last is not None else ("", 0)


def _shown(shops: Any) -> Any:
    return shops.select_related("area", "activity").order_by("pk")


def _near(shops: list[Shop]) -> Iterator[Pair]:
    for one, other in combinations(shops, 2):
        if one.paci_number == other.paci_number:
            yield Pair(one, other, _("Equal name and equal PACI number."))
        elif one.block == other.block and one.street == other.street:
            yield Pair(one, other, _("Equal name in the same street."))
        elif _metres(one, other) <= NEAR_M:
            yield Pair(one, other, _("Equal name, less than 120 metres apart."))


def _metres(one: Shop, other: Shop) -> float:
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return float("inf")
    east = (one.longitude - other.longitude) * cos(radians(one.latitude))
    return hypot(one.latitude - other.latitude, east) * _DEGREE_M
