"""Queries of the base data: its edition, the content of a tile, and the levels of the lists beside a map."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import shapely
from django.db.models import Count, Max, Q, QuerySet
from django.db.models.functions import Length
from shapely.geometry.base import BaseGeometry

from municipality.places.models import Area
from zoning.geometry import boxes
from zoning.maps.tiles import MOST_ROWS, Tile
from zoning.models import MapOutline, PlotShape
from zoning.plots.queries import period


def edition() -> dt.datetime | None:
    """When outlines changed last; None if there are none."""
    return MapOutline.objects.aggregate(last=Max("refreshed_at"))["last"]


def rows_of(tile: Tile, day: dt.date) -> Iterator[tuple[dict[str, Any], BaseGeometry]]:
    """What lies in a tile on a day, as the fields of its features and shapes; their boxes meet the tile. One statement."""
    if tile.level.name == "plots":
        shapes = PlotShape.objects.filter(period(day)).filter(Q(plot__valid_to=None) | Q(plot__valid_to__gt=day))
        plots = boxes.meeting(shapes, tile.box).values_list("plot__public_id", "plot__number", "geometry").order_by("plot_id")[:MOST_ROWS]
        for public_id, number, geometry in plots:
            yield {"id": public_id, "name": number}, shapely.from_wkb(bytes(geometry))
        return
    is_area = tile.level.name == "areas"
    known = (MapOutline.objects.filter(block="") if is_area else MapOutline.objects.exclude(block="")).filter(plots__gt=0)
    wanted = boxes.meeting(known, tile.box).values_list("area_id", "block", "area__name_ar", "area__name_en", "geometry").order_by("pk")
    for area, block, ar, en, geometry in wanted[:MOST_ROWS]:
        fields = {"id": str(area), "ar": ar, "en": en} if is_area else {"id": f"{area}/{block}", "area": area, "name": block}
        yield fields, shapely.from_wkb(bytes(geometry))


def areas() -> list[tuple[MapOutline, int]]:
    """The areas with present plots and the number of their blocks, by governorate and Arabic name."""
    per_area = dict(MapOutline.objects.exclude(block="").filter(plots__gt=0).values_list("area").annotate(blocks=Count("pk")))
    rows = MapOutline.objects.filter(block="", plots__gt=0).select_related("area__governorate").defer("original")
    return [(row, per_area.get(row.area_id, 0)) for row in rows.order_by("area__governorate_id", "area__folded", "area_id")]


def blocks(area: Area) -> QuerySet[MapOutline]:
    """The blocks of an area with present plots, by number."""
    return MapOutline.objects.filter(area=area, plots__gt=0).exclude(block="").defer("original").order_by(Length("block"), "block")
