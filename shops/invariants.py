"""Invariants of the register and its search index."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from shops.commercial_register import queries as commercial
from shops.models import EventKind, SearchEntry, Shop, ShopEvent
from shops.models.hours import HoursWeek, columns_of
from shops.models.week import parse
from shops.search import index

CHECKED = 500  # entries that are checked: the newest ones, and as many from a random position


def findings() -> Iterator[str]:
    """Every shop is indexed, the index agrees with the register, and a closed shop has its event or never had one."""
    if missing := index.unindexed().count():
        yield f"{missing} shops cannot be found: run search_rebuild"
    for keys in (_newest(), _random()):
        for pk in index.stale(keys):
            yield f"the search says of shop {pk} what the register does not"
    closings = ShopEvent.objects.filter(shop=OuterRef("pk"), kind=EventKind.CLOSED)
    for shop in Shop.objects.filter(Exists(closings), closed_on__isnull=True)[:50]:
        last = ShopEvent.objects.filter(shop=shop, kind__in=(EventKind.CLOSED, EventKind.REOPENED)).order_by("-pk")[0]
        if last.kind == EventKind.CLOSED:
            yield f"{shop.key} is open although its last event closed it"
    for week in HoursWeek.objects.iterator(chunk_size=2000):
        if any(getattr(week, column) != value for column, value in columns_of(parse(week.text)).items()):
            yield f"the opening hours {week} stand otherwise in their columns"
    yield from commercial.findings()


def _newest() -> list[int]:
    return list(SearchEntry.objects.order_by("-shop").values_list("shop", flat=True)[:CHECKED])


def _random() -> list[int]:
    """Entries from a random position on, so that many nights check the whole index."""
    return index.some(CHECKED)
