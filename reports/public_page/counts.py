"""Counts of reports by squares of three sizes and by area, written anew by a job, so that a map of a million reports reads some rows.

A square has the number of its southern and western edge in steps of its level; a coarse one holds whole squares of the finest.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Avg, Count, F
from django.db.models.functions import Floor

from municipality.kernel import clock
from reports.models import MapCount
from reports.places import blurred
from reports.public_page import standings

AREAS = 0  # the level of counts by area
STEP = 0.005  # degrees, half a kilometre: the finest squares
LEVELS = {3: 1, 2: 4, 1: 20}  # level → how many of the finest squares lie along its side
BATCH = 2000


@dataclass
class _Sum:
    count: int = 0
    north: float = 0.0
    east: float = 0.0


@transaction.atomic
def refresh() -> int:
    """Count the reports of the last months anew. Returns the number of rows."""
    now = clock.now()
    rows = standings.recent(now).annotate(standing=standings.of(now)).order_by()
    MapCount.objects.all().delete()
    written = 0
    by_area = rows.values_list("area", "category", "standing").annotate(count=Count("pk"))
    made = [
        MapCount(level=AREAS, area_id=area, category=category, standing=standing, count=count, counted_at=now)
        for area, category, standing, count in by_area
    ]
    squares = rows.filter(latitude__isnull=False).annotate(north=Floor(F("latitude") / STEP), east=Floor(F("longitude") / STEP))
    grouped = squares.values_list("north", "east", "category", "standing")
    finest = list(grouped.annotate(count=Count("pk"), at_north=Avg("latitude"), at_east=Avg("longitude")))
    for level in LEVELS:
        made += _of_level(level, finest, now)
    for first in range(0, len(made), BATCH):
        written += len(MapCount.objects.bulk_create(made[first : first + BATCH]))
    return written


def _of_level(level: int, finest: Sequence[tuple[Any, ...]], now: dt.datetime) -> Iterator[MapCount]:
    side, sums = LEVELS[level], dict[tuple[int, int, str, str], _Sum]()
    for north, east, category, standing, count, at_north, at_east in finest:
        found = sums.setdefault((int(north) // side, int(east) // side, category, standing), _Sum())
        found.count += count
        found.north += count * at_north
        found.east += count * at_east
    for (north, east, category, standing), found in sums.items():
        latitude, longitude = blurred(found.north / found.count, found.east / found.count)
        yield MapCount(
            level=level,
            north=north,
            east=east,
            category=category,
            standing=standing,
            count=found.count,
            latitude=latitude,
            longitude=longitude,
            counted_at=now,
        )
