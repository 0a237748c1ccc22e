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
LARGEST = 12  # shops of one name in an area that are compared pair by pair; a chain has more
NEAR_M = 120.0
_DEGREE_M = 111_320.0


@dataclass(frozen=True)
class Pair:
    """Two open rows and why they may be one; the older row stays."""

    stays: Shop
    goes: Shop
    why: Any


def numbered() -> list[Pair]:
    """Pairs whose licence numbers differ in signs only, such as 2020/123 and 2020-123. Walks through the register."""
    bare: Any = Upper(Replace(Replace(F("commercial_license_no"), Value("/")), Value("-")))
    shops = Shop.objects.filter(merged_into__isnull=True)
    twice = shops.annotate(bare=bare).values("bare").annotate(n=Count("pk")).filter(n__gt=1).order_by("bare").values_list("bare", flat=True)
    found: dict[str, list[Shop]] = {}
    for shop in _shown(shops.annotate(bare=bare).filter(bare__in=list(twice[:GROUPS]))):
        found.setdefault(shop.bare, []).append(shop)
    why = _("The licence numbers differ in signs only.")
    return [Pair(*two, why) for group in found.values() for two in combinations(group[:LARGEST], 2)]


def named(after: str = "") -> tuple[list[Pair], str]:
    """Pairs of one folded name in one area at a near address, in the order of names; and the name after which the next page begins."""
    rows = SearchEntry.objects.exclude(name_ar="").filter(name_ar__gt=after)
    groups = list(
        rows.values_list("name_ar", "area").annotate(n=Count("pk")).filter(n__gt=1, n__lte=LARGEST).order_by("name_ar", "area")[:GROUPS]
    )
    names = {name for name, _area, _n in groups}
    kept = {(name, area) for name, area, _n in groups}
    entries = SearchEntry.objects.filter(name_ar__in=names).values_list("shop", "name_ar", "area")
    keys = {shop: (name, area) for shop, name, area in entries if (name, area) in kept}
    found: dict[tuple[str, int], list[Shop]] = {}
    for shop in _shown(Shop.objects.filter(pk__in=keys)):
        found.setdefault(keys[shop.pk], []).append(shop)
    pairs = [pair for key in sorted(found) for pair in _near(found[key])]
    return pairs, groups[-1][0] if len(groups) == GROUPS else ""


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
