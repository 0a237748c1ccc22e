"""Random opening hours, as usual in Kuwait, written by COPY."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from random import Random
from typing import Any

from django.db import connection

from municipality.kernel.bulk_copy import copy_rows
from sandbox.demo.seeds import seeded, weighted
from shops.models import HoursWeek, Shop, StatedHours
from shops.models.week import parse

SHARE = 2 / 3  # of the open shops state their hours
OWN_RAMADAN = 0.3  # of those state others for Ramadan
WEEKS = weighted(
    [
        *(("Sa-Th 09:00-13:00,16:30-21:30; Fr 16:30-21:30", 16), ("Sa-Th 09:00-13:00,16:00-22:00; Fr 16:00-22:00", 14)),
        *(("Mo-Su 10:00-22:00", 14), ("Sa-Th 10:00-22:00; Fr 13:00-22:00", 9), ("Sa-Th 08:00-13:00,16:00-20:00; Fr off", 9)),
        *(("Sa-Th 10:00-21:00; Fr off", 6), ("Su-Th 08:00-17:00; Fr-Sa off", 4), ("Mo-Su 09:00-23:00", 6), ("24/7", 3)),
        *(("Su-We 09:00-24:00; Th-Sa 09:00-01:00", 4), ("Mo-Su 16:00-02:00", 2), ("Sa-Th 07:30-13:30,15:30-20:30; Fr off", 5)),
        *(("Sa-Th 10:00-13:30,17:00-22:30; Fr 17:00-23:00", 5), ("Su-Th 09:00-13:00,17:00-21:00; Fr off; Sa 17:00-21:00", 3)),
    ]
)
RAMADAN = weighted(
    [("Mo-Su 10:00-15:00,20:00-24:00", 5), ("Sa-Th 10:00-14:00,20:00-01:00; Fr 20:00-01:00", 4), ("Mo-Su 20:00-02:00", 3), ("Mo-Su off", 1)]
)
COLUMNS = ("shop_id", "week_id", "ramadan_id", "stated_at")


def load_hours(at: dt.datetime, seed: str) -> int:
    """Give hours to some open shops without them, stated in the year before `at`. Returns how many."""
    weeks = {text: parse(text) for text in (*WEEKS.values, *RAMADAN.values)}
    HoursWeek.objects.bulk_create([HoursWeek.of(week) for week in weeks.values()], ignore_conflicts=True)
    keys = Shop.objects.filter(closed_on__isnull=True, merged_into__isnull=True, hours__isnull=True).order_by("pk")
    shop_ids = list(keys.values_list("pk", flat=True))
    return copy_rows(connection, StatedHours._meta.db_table, COLUMNS, _rows(shop_ids, at, seeded(f"hours {seed}")))


def _rows(keys: list[int], at: dt.datetime, rng: Random) -> Iterator[tuple[Any, ...]]:
    for key in keys:
        if rng.random() < SHARE:
            ramadan = parse(RAMADAN.draw(rng)).text if rng.random() < OWN_RAMADAN else None
            yield key, parse(WEEKS.draw(rng)).text, ramadan, at - dt.timedelta(minutes=rng.randrange(365 * 24 * 60))
