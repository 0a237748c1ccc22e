"""Shapes as they are kept: valid polygons of WGS 84 inside Kuwait. What is wrong with any other is said by a code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from municipality.kernel.errors import BadValue
from zoning.geometry import measures
from zoning.geometry.systems import SYSTEMS

# Kuwait with its waters, EPSG extent 1136: west, south, east, north in degrees.
KUWAIT = (46.54, 28.53, 49.53, 30.09)
MOST_POINTS = 100_000  # of one shape; the longest outline of an area has some thousands
LEAST_AREA = 0.5  # square metres; below it lies what digitising leaves over
_GRID = 1e-8  # degrees, about a millimetre


class BadShape(BadValue):
    """A geometry that cannot be kept. `code` is a key of `problems.MESSAGES`."""


@dataclass(frozen=True)
class Kept:
    """A shape in WGS 84 and as it came. `was_repaired`: it crossed itself and was put in order without a change of its outline."""

    shape: MultiPolygon
    original: bytes  # well-known binary in the source's system
    was_repaired: bool


def take_binary(geometry: bytes | str | None, system: str) -> Kept:
    """`take` of well-known binary; of a text, which is the code of what a reader found wrong, its BadShape."""
    if isinstance(geometry, str):
        raise BadShape(geometry)
    try:
        with np.errstate(invalid="ignore"):  # `take` refuses what is no number
            read = shapely.from_wkb(geometry) if geometry is not None else None
    except shapely.errors.ShapelyError as error:
        raise BadShape("malformed") from error
    return take(read, system)


def take(geometry: BaseGeometry | None, system: str) -> Kept:
    """The shape of a row of a file. `system` is a code of `SYSTEMS`. Raises BadShape."""
    if geometry is None or geometry.is_empty:
        raise BadShape("empty")
    if not isinstance(geometry, Polygon | MultiPolygon):
        raise BadShape("no_polygon")
    if shapely.get_num_coordinates(geometry) > MOST_POINTS:
        raise BadShape("too_many_points")
    if not np.isfinite(shapely.get_coordinates(geometry)).all():
        raise BadShape("not_finite")
    moved = SYSTEMS[system].to_wgs84(shapely.force_2d(geometry))
    _inside(moved)
    shape, was_repaired = _in_order(moved)
    if measures.area_m2(shape) < LEAST_AREA:
        raise BadShape("no_area")
    return Kept(shape, shapely.to_wkb(geometry), was_repaired)


def read(kept: bytes) -> MultiPolygon:
    """A shape from its well-known binary."""
    return shapely.from_wkb(kept)


def write(shape: BaseGeometry) -> bytes:
    """Well-known binary of a shape."""
    return shapely.to_wkb(shape)


def geojson(polygons: Any) -> list[str]:
    """The geometry of each shape of an array as GeoJSON (RFC 7946): outer rings anticlockwise, rounded to a centimetre."""
    rounded = shapely.transform(shapely.orient_polygons(polygons), lambda points: np.round(points, 7))
    return list(shapely.to_geojson(rounded))


def _inside(shape: BaseGeometry) -> None:
    west, south, east, north = shape.bounds
    if not np.isfinite([west, south, east, north]).all():
        raise BadShape("outside")  # the projection knows no such place
    if KUWAIT[0] <= west and KUWAIT[1] <= south and east <= KUWAIT[2] and north <= KUWAIT[3]:
        return
    if KUWAIT[0] <= south and KUWAIT[1] <= west and north <= KUWAIT[2] and east <= KUWAIT[3]:
        raise BadShape("swapped")
    raise BadShape("outside")


def _in_order(shape: BaseGeometry) -> tuple[MultiPolygon, bool]:
    """The valid polygons of a shape. Crossings are resolved by shapely's structural repair; what is no polygon then is dropped."""
    was_valid = shape.is_valid
    valid = shape if was_valid else shapely.make_valid(shape, method="structure", keep_collapsed=False)
    valid = shapely.set_precision(valid, _GRID)
    polygons = [part for part in shapely.get_parts(valid, return_index=False) if isinstance(part, Polygon) and not part.is_empty]
    if not polygons:
        raise BadShape("no_area")
    return MultiPolygon(polygons), not was_valid
