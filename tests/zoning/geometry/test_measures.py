"""Areas and distances against an independent computation: a dense polygon and a search of the nearest points on the ellipsoid."""

from __future__ import annotations

import random

import numpy as np
import pytest
import shapely
from pyproj import Geod, Transformer
from shapely.geometry import LineString, Point, Polygon, box

from zoning.geometry import measures

ELLIPSOID = Geod(ellps="WGS84")


def near_kuwait(rng: random.Random, across: float = 0.004) -> Polygon:
    """A valid polygon of up to some hundred metres, convex or not."""
    x, y, corners = rng.uniform(47.4, 48.3), rng.uniform(28.8, 29.9), rng.randint(4, 12)
    angles = [(corner + rng.random() * 0.9) * 2 * np.pi / corners for corner in range(corners)]
    radii = [rng.uniform(0.2, 1) * across for _ in angles]
    return Polygon([(x + radius * np.cos(angle), y + radius * np.sin(angle)) for radius, angle in zip(radii, angles, strict=True)])


def test_areas_of_a_thousand_plots_agree_with_an_equal_area_projection() -> None:
    equal = Transformer.from_crs("EPSG:4326", "+proj=laea +lat_0=29.3 +lon_0=47.9 +ellps=WGS84", always_xy=True)
    rng = random.Random(2)
    for _ in range(1000):
        plot = near_kuwait(rng)
        dense = shapely.segmentize(plot, 0.0001)
        independent = shapely.transform(dense, lambda points: np.column_stack(equal.transform(points[:, 0], points[:, 1]))).area
        assert measures.area_m2(plot) == pytest.approx(independent, rel=0.001)


def test_a_hole_is_taken_out_of_the_area() -> None:
    outer, hole = box(47.9, 29.3, 47.91, 29.31), box(47.902, 29.302, 47.904, 29.304)
    whole, ring = measures.area_m2(outer), measures.area_m2(Polygon(outer.exterior.coords, [hole.exterior.coords]))
    assert whole - ring == pytest.approx(measures.area_m2(hole), rel=1e-6)


def test_a_thousand_distances_agree_with_a_search_along_both_outlines() -> None:
    rng = random.Random(3)
    for _ in range(1000):
        first = near_kuwait(rng, 0.0003)
        second = near_kuwait(rng, 0.0003)
        shift = np.array(first.centroid.coords[0]) - second.centroid.coords[0] + [rng.uniform(-0.006, 0.006), rng.uniform(-0.006, 0.006)]
        second = shapely.transform(second, lambda points, shift=shift: points + shift)
        found = measures.distance(first, second)
        if first.intersects(second):
            assert found.metres == 0
            continue
        assert found.metres == pytest.approx(nearest(first, second), abs=0.5)


def nearest(first: Polygon, second: Polygon) -> float:
    """Metres between two outlines by geodesics from many points of each, an upper bound that is exact to some centimetres."""
    points = [np.array(shapely.segmentize(shape, 0.00001).exterior.coords) for shape in (first, second)]
    low, high = (points[0][:, None, :], points[1][None, :, :])
    flat = ((low - high) * [97_300, 110_850]) ** 2
    order = np.argsort(flat.sum(axis=2), axis=None)[:20]
    pairs = np.unravel_index(order, flat.shape[:2])
    starts, ends = points[0][pairs[0]], points[1][pairs[1]]
    return float(ELLIPSOID.inv(starts[:, 0], starts[:, 1], ends[:, 0], ends[:, 1])[2].min())


def test_the_ends_of_a_distance_lie_on_both_shapes() -> None:
    plot, school = box(47.97, 29.37, 47.9705, 29.3705), box(47.9725, 29.371, 47.973, 29.372)
    found = measures.distance(plot, school)
    assert plot.distance(found.start) < 1e-9 and school.distance(found.end) < 1e-9
    assert found.metres == pytest.approx(ELLIPSOID.geometry_length(LineString([found.start, found.end])), abs=0.001)


@pytest.mark.parametrize("metres", [50, 200, 5000])
def test_a_box_around_a_shape_holds_all_within_the_distance(metres: float) -> None:
    plot = box(47.97, 29.37, 47.9705, 29.3705)
    west, south, east, north = measures.box_around(plot, metres)
    for azimuth in range(0, 360, 15):
        for x, y in plot.exterior.coords:
            lon, lat, _ = ELLIPSOID.fwd(x, y, azimuth, metres)
            assert box(west, south, east, north).contains(Point(lon, lat))
