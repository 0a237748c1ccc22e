"""Shapes of files: repaired where that is harmless, else refused by a code."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
import shapely
from shapely.geometry import GeometryCollection, LineString, Point, Polygon, box

from zoning.geometry import measures, shapes
from zoning.geometry.shapes import BadShape, take
from zoning.geometry.systems import SYSTEMS

PLOT = box(47.97, 29.37, 47.9705, 29.3705)


def with_number(number: float) -> Polygon:
    """The plot with a coordinate that is no place, as a file may hold it."""
    with np.errstate(invalid="ignore"):
        return shapely.from_wkb(shapely.to_wkb(PLOT).replace(struct.pack("<d", 47.97), struct.pack("<d", number)))


def refused(geometry: object, system: str = "wgs84") -> str:
    with pytest.raises(BadShape) as raised:
        take(geometry, system)  # type: ignore[arg-type]
    return raised.value.code


def test_a_plot_is_kept_as_it_came_and_in_wgs84() -> None:
    in_metres = SYSTEMS["kudams-2019"].from_wgs84(PLOT)
    kept = take(in_metres, "kudams-2019")
    assert kept.shape.hausdorff_distance(PLOT) < 1e-7 and not kept.was_repaired
    assert shapely.from_wkb(kept.original).equals(in_metres)
    assert shapes.read(shapes.write(kept.shape)).equals(kept.shape)


def test_a_polygon_that_crosses_itself_is_put_in_order() -> None:
    bow = Polygon([(47.97, 29.37), (47.9705, 29.3705), (47.9705, 29.37), (47.97, 29.3705)])
    kept = take(bow, "wgs84")
    assert kept.was_repaired and kept.shape.is_valid and len(kept.shape.geoms) == 2
    assert measures.area_m2(kept.shape) == pytest.approx(measures.area_m2(PLOT) / 2, rel=0.001)


def test_a_third_coordinate_is_dropped() -> None:
    assert not take(shapely.force_3d(PLOT, 12.0), "wgs84").shape.has_z


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (None, "empty"),
        (Polygon(), "empty"),
        (Point(47.97, 29.37), "no_polygon"),
        (LineString([(47.97, 29.37), (47.98, 29.38)]), "no_polygon"),
        (GeometryCollection([PLOT, Point(47.97, 29.37)]), "no_polygon"),
        (Polygon([(47.97, 29.37), (47.98, 29.38), (47.99, 29.39), (47.97, 29.37)]), "no_area"),
        (Polygon([(47.97, 29.37), (47.97, 29.37), (47.97, 29.37), (47.97, 29.37)]), "no_area"),
        (box(47.97, 29.37, 47.970001, 29.370001), "no_area"),
        (shapely.transform(PLOT, lambda points: points[:, ::-1]), "swapped"),
        (box(0, 0, 1, 1), "outside"),
        (box(46.0, 29.0, 49.0, 29.5), "outside"),
        (with_number(math.nan), "not_finite"),
        (with_number(math.inf), "not_finite"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_kept_has_a_code(geometry: object, code: str) -> None:
    assert refused(geometry) == code


def test_a_million_points_are_refused_before_anything_is_computed() -> None:
    angles = np.linspace(0, 2 * np.pi, 1_000_000, endpoint=False)
    ring = np.column_stack([47.97 + 0.001 * np.cos(angles), 29.37 + 0.001 * np.sin(angles)])
    assert refused(Polygon(ring)) == "too_many_points"


@pytest.mark.parametrize("system", ["kudams-2019", "utm38", "utm39"])
def test_coordinates_of_another_system_than_said_lie_outside(system: str) -> None:
    assert refused(SYSTEMS[system].from_wgs84(PLOT), "wgs84") == "outside"
    assert refused(PLOT, system) == "outside"
