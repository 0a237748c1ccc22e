"""Candidates for merges: shops with the same licence number without signs, or with the same name at a near address."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import cos, hypot, radians
from typing import Any

from django.db.models import Count, F, QuerySet, Value
from django.db.models.functions import Replace, Upper
from django.utils.translation import gettext_lazy as _

from shops.models import SearchEntry, Shop

GROUPS = 40  # a page
MAX_READ = 30_000  # index entries that a page reads at most
MAX_GROUP = 12  # shops of one name in an area that are compared with each other; chains have more
NEAR_M = 120.0
_DEGREE_M = 111_320.0
ANY_AREA = 2**31 - 1  # after all areas of a name
BARE: Any = Upper(Replace(Replace(F("commercial_license_no"), Value("/")), Value("-")))  # as the index `shops_bare_number`


@dataclass(frozen=True)
class Pair:
    """Two shops and why they may be one; the older one stays."""

    stays: Shop
    goes: Shop
    why: Any


def numbered(after: str = "") -> tuple[list[Pair], str]:
    """Pairs whose licence numbers differ in signs only, such as 2020/123 and 2020-123, in the order of numbers.

    Also returns the number to continue after, empty at the end. Reads at most MAX_READ index entries.
    """
    shops = Shop.objects.filter(merged_into__isnull=True).annotate(bare=BARE)
    rows = shops.filter(bare__gt=after).order_by("bare")
    last = rows.values_list("bare", flat=True)[MAX_READ : MAX_READ + 1].first()
    if last is not None:
        rows = rows.filter(bare__lte=last)
    duplicates = list(rows.values("bare").annotate(n=Count("*")).filter(n__gt=1).values_list("bare", flat=True)[:GROUPS])
    groups: dict[str, list[Shop]] = {}
    for shop in _with_names(shops.filter(bare__in=duplicates)) if duplicates else ():
        groups.setdefault(shop.bare, []).append(shop)
    why = _("The licence numbers differ in signs only.")
    pairs = [Pair(*pair, why) for group in groups.values() for pair in combinations(group[:MAX_GROUP], 2)]
    return pairs, duplicates[-1] if len(duplicates) == GROUPS else last or ""


def named(after: str = "", area: int = 0) -> tuple[list[Pair], tuple[str, int]]:
    """Pairs with the same folded name in one area at a near address, in the order of names and areas.

    Also returns the name and area to continue after, empty at the end. Reads at most MAX_READ index entries (and the rest of the
    last name).
    """
    rows = SearchEntry.objects.exclude(name_ar="").filter(name_ar__gte=after)
    rows = rows.exclude(name_ar=after, area__lte=area).order_by("name_ar", "area")
    last = rows.values_list("name_ar", flat=True)[MAX_READ : MAX_READ + 1].first()
    if last is not None:
        rows = rows.filter(name_ar__lte=last)
    groups = list(rows.values_list("name_ar", "area").annotate(n=Count("*")).filter(n__gt=1, n__lte=MAX_GROUP)[:GROUPS])
    wanted = {(name, area_pk) for name, area_pk, _n in groups}
    keys: dict[int, tuple[str, int]] = {}
    if wanted:
        entries = SearchEntry.objects.filter(name_ar__in={name for name, _place in wanted}, area__in={area_pk for _name, area_pk in wanted})
        listed = entries.values_list("shop", "name_ar", "area")
        keys = {shop: (name, area_pk) for shop, name, area_pk in listed if (name, area_pk) in wanted}
    shops: dict[tuple[str, int], list[Shop]] = {}
    for shop in _with_names(Shop.objects.filter(pk__in=keys)) if keys else ():
        shops.setdefault(keys[shop.pk], []).append(shop)
    pairs = [pair for name, area_pk, _n in groups for pair in _near(shops.get((name, area_pk), []))]
    if len(groups) == GROUPS:
        return pairs, groups[-1][:2]
    return pairs, (last, ANY_AREA) if last is not None else ("", 0)


def _with_names(shops: QuerySet[Any]) -> QuerySet[Any]:
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
