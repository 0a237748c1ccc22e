"""What the public map shows: areas, then squares, then reports; each also as a list and as GeoJSON."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet, Sum

from municipality.kernel import digits
from municipality.places.models import Area
from reports.models import MapCount, Report, Standing
from reports.places import EAST, NORTH, SHOWN_LATITUDE, SHOWN_LONGITUDE, blurred
from reports.public_page import standings
from reports.public_page.counts import AREAS, LEVELS, STEP

MOST_SQUARES = 400  # of one answer
MOST_POINTS = 300
NEAR = 0.03  # degrees: a part of the map that is smaller may show single reports
HEAT = 4  # steps of the heat view


class MapBox(NamedTuple):
    """Edges in degrees (WGS 84)."""

    south: float
    west: float
    north: float
    east: float

    def __str__(self) -> str:
        return ",".join(f"{edge:.5f}" for edge in self)


def read_box(text: str) -> MapBox | None:
    """`29.3,47.9,29.4,48`: south, west, north, east. None for anything else, or without an inside."""
    parts = [part.strip() for part in digits.clean(text).split(",")]
    if len(parts) != len(MapBox._fields) or not all(re.fullmatch(r"-?\d{1,3}(?:\.\d{1,12})?", part) for part in parts):
        return None
    box = MapBox(*map(float, parts))
    return box if box.south < box.north and box.west < box.east else None


@dataclass(frozen=True)
class ReportCluster:
    """Reports of a square or of an area at a point; `box` holds the square. `heat` is 1 to HEAT by its share of the largest."""

    count: int
    overdue: int
    closed: int
    latitude: float | None
    longitude: float | None
    box: MapBox | None = None
    area: Area | None = None
    heat: int = 1

    @property
    def tone(self) -> str:
        """The shape of a single report; several have a number."""
        return "" if self.count > 1 else "late" if self.overdue else "ok" if self.closed else "wait"

    @property
    def open(self) -> int:
        return self.count - self.overdue - self.closed


@dataclass(frozen=True)
class MapFilters:
    category: str = ""
    standing: str = ""


_SUMS = {
    "all": Sum("count"),
    "late": Sum("count", filter=Q(standing=Standing.OVERDUE), default=0),
    "done": Sum("count", filter=Q(standing=Standing.CLOSED), default=0),
}
_MIDDLE = {"at_north": Sum(F("latitude") * F("count")), "at_east": Sum(F("longitude") * F("count"))}


def _counts(level: int, filters: MapFilters) -> QuerySet[MapCount]:
    rows = MapCount.objects.filter(level=level).order_by()
    if filters.category:
        rows = rows.filter(category=filters.category)
    return rows.filter(standing=filters.standing) if filters.standing else rows


def areas(filters: MapFilters) -> list[ReportCluster]:
    """The areas with reports, the largest number first; two queries."""
    rows: list[Any] = list(_counts(AREAS, filters).filter(area__isnull=False).values("area").annotate(**_SUMS))
    places = Area.objects.select_related("governorate").in_bulk([row["area"] for row in rows])
    most = max((row["all"] for row in rows), default=0)
    found = []
    for row in rows:
        area = places[row["area"]]
        heat = heat_of(row["all"], most)
        found.append(ReportCluster(row["all"], row["late"], row["done"], area.latitude, area.longitude, area=area, heat=heat))
    return sorted(found, key=lambda one: (-one.count, one.area.name_ar if one.area else ""))


def without_area(filters: MapFilters) -> ReportCluster | None:
    """The reports of which no area is known; None without any. One query."""
    found = _counts(AREAS, filters).filter(area__isnull=True).aggregate(**_SUMS)
    return ReportCluster(found["all"], found["late"], found["done"], None, None) if found["all"] else None


def squares(box: MapBox, filters: MapFilters, level: int | None = None) -> list[ReportCluster]:
    """The squares in a part of the map, the largest number first; one query. The finest level of which MOST_SQUARES may lie there."""
    if level is None:
        fitting = (one for one in sorted(LEVELS, reverse=True) if _squares_of(box, one) <= MOST_SQUARES)
        level = next(fitting, min(LEVELS))
    side = STEP * LEVELS[level]
    south, west, north, east = (math.floor(edge / side) for edge in box)
    rows = _counts(level, filters).filter(north__range=(south, north), east__range=(west, east))
    found: list[Any] = list(rows.values("north", "east").annotate(**_SUMS, **_MIDDLE))
    most = max((row["all"] for row in found), default=0)
    clusters = []
    for row in found:
        edges = MapBox(row["north"] * side, row["east"] * side, (row["north"] + 1) * side, (row["east"] + 1) * side)
        middle = blurred(row["at_north"] / row["all"], row["at_east"] / row["all"])
        clusters.append(ReportCluster(row["all"], row["late"], row["done"], *middle, box=edges, heat=heat_of(row["all"], most)))
    return sorted(clusters, key=lambda one: (-one.count, one.latitude or 0, one.longitude or 0))


def _squares_of(box: MapBox, level: int) -> float:
    side = STEP * LEVELS[level]
    return ((box.north - box.south) / side + 1) * ((box.east - box.west) / side + 1)


def heat_of(count: int, most: int) -> int:
    """The step of a number among HEAT, by equal parts of the largest."""
    return max(1, math.ceil(HEAT * count / most)) if most else 1


def points(box: MapBox, filters: MapFilters) -> list[Report] | None:
    """The reports in a small part of the map, newest first; None where it is too large or they are too many."""
    if box.north - box.south > NEAR or box.east - box.west > NEAR:
        return None
    if sum(one.count for one in squares(box, MapFilters(), level=max(LEVELS))) > MOST_POINTS * 4:
        return None  # too many rows to look at, whatever the filters leave of them
    rows = narrowed(standings.recent(), filters)
    # The index finds a box that is a square larger; the places that are shown decide.
    rows = rows.filter(latitude__range=(box.south - NORTH, box.north + NORTH), longitude__range=(box.west - EAST, box.east + EAST))
    rows = rows.annotate(north=SHOWN_LATITUDE, east=SHOWN_LONGITUDE)
    rows = rows.filter(north__range=(box.south, box.north), east__range=(box.west, box.east))
    found: list[Any] = list(rows.select_related("area").order_by("-received_at", "-pk")[: MOST_POINTS + 1])
    return found if len(found) <= MOST_POINTS else None


def narrowed(rows: QuerySet[Report], filters: MapFilters) -> QuerySet[Report]:
    if filters.category:
        rows = rows.filter(category=filters.category)
    return standings.with_standing(rows, filters.standing)


def geojson(box: MapBox, filters: MapFilters, link: Any) -> dict[str, Any]:
    """The reports or the squares of a part of the map as GeoJSON (RFC 7946); `link` makes the address of a report of its id."""
    found = points(box, filters)
    if found is None:
        features = [
            _feature(one.longitude, one.latitude, {"count": one.count, "overdue": one.overdue, "closed": one.closed, "open": one.open})
            for one in squares(box, filters)
        ]
        return {"type": "FeatureCollection", "features": features}
    features = []
    for row in found:
        latitude, longitude = blurred(row.latitude or 0.0, row.longitude or 0.0)
        said = {"number": row.number, "category": row.category, "standing": standings.standing_of(row), "url": link(row.public_id)}
        features.append(_feature(longitude, latitude, {"count": 1, **said, "received_at": row.received_at.isoformat()}))
    return {"type": "FeatureCollection", "features": features}


def _feature(longitude: float | None, latitude: float | None, properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": {"type": "Point", "coordinates": [longitude, latitude]}, "properties": properties}
