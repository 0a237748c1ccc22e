"""The levels of a map as lists: the areas with plots, the blocks of an area, the plots of a block."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import shapely
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from municipality.places.models import Area
from municipality.ui.templatetags.portal import bilingual, counted, ltr
from zoning.maps import queries
from zoning.models import Plot
from zoning.models.shapes import SavedShape
from zoning.plots.queries import shapes_of


@dataclass(frozen=True)
class Place:
    """An entry of the list; `latitude` and `longitude` lie on it, and are None without a shape."""

    word: str
    name: str | SafeString
    detail: str
    url: str
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True)
class MapLevel:
    """`path` leads to the level from above, as names and addresses; the last is the level itself. `zoom` is its nearest."""

    name: str
    zoom: int
    path: Sequence[tuple[str | SafeString, str]]
    places: Sequence[Place]
    edition: dt.datetime


def level_of(area: Area | None, block: str, plots: Sequence[Plot]) -> MapLevel | None:
    """The level of an area, of a block with its plots, or of all areas; None if maps have no base data."""
    edition = queries.edition()
    if edition is None:
        return None
    path: list[tuple[str | SafeString, str]] = [(_("All areas"), link())]
    if area is None:
        found = [
            _place(
                row, "", bilingual(row.area, "name"), f"{counted(blocks, 'block')} · {counted(row.plots, 'plot')}", link(area=row.area_id)
            )
            for row, blocks in queries.areas()
        ]
        return MapLevel("areas", 12, path, found, edition)
    path.append((bilingual(area, "name"), link(area=area.pk)))
    if not block:
        rows = queries.blocks(area)
        found = [_place(row, _("Block"), ltr(row.block), counted(row.plots, "plot"), link(area=area.pk, block=row.block)) for row in rows]
        return MapLevel("blocks", 15, path, found, edition)
    path.append((format_html("{} {}", _("Block"), ltr(block)), link(area=area.pk, block=block)))
    shapes = shapes_of(plots)
    found = [_place(shapes.get(one.pk), _("Plot"), ltr(one.number), "", reverse("zoning:plot", args=[one.public_id])) for one in plots]
    return MapLevel("plots", 18, path, found, edition)


def link(**query: object) -> str:
    """The address of a level, at its map."""
    return reverse("zoning:find") + (f"?{urlencode(query)}" if query else "") + "#on-map"


def _place(row: SavedShape | None, word: str, name: str | SafeString, detail: str, url: str) -> Place:
    if row is None:
        return Place(word, name, detail, url)
    point = shapely.point_on_surface(row.shape)
    return Place(word, name, detail, url, point.y, point.x)
