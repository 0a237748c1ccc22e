"""From a photo to the wall: a flat rectangle of known size on the same wall gives the mapping.

Points are pixels of the photo: x to the right, y downwards. Four corners begin at the top left and go clockwise. The mapping of the unit
square to four corners is that of Heckbert, "Fundamentals of Texture Mapping and Image Warping" (1989), section 2.2.3; the shape of a
rectangle from its four corners that of Zhang and He, "Whiteboard scanning and image enhancement" (2007), section 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
_Vector: TypeAlias = tuple[float, float, float]
LIKELY_FOCAL = (0.55, 1.6)  # focal lengths of phones, as shares of the longer side of a photo: wide angle to double
ALIKE = 0.01  # shapes that differ by less need no better focal length


class Horizon(ValueError):
    """A point lies on or beyond the line where the wall would end in the distance."""


class ShapeUnknown(ValueError):
    """The corners do not tell the shape of the rectangle: nearly no perspective in one direction."""


class Wall:
    """The plane of a rectangle in a photo, with the rectangle as the unit square."""

    def __init__(self, corners: Sequence[Point]) -> None:
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
        sum_x, sum_y = x0 - x1 + x2 - x3, y0 - y1 + y2 - y3
        dx1, dy1, dx2, dy2 = x1 - x2, y1 - y2, x3 - x2, y3 - y2
        area = dx1 * dy2 - dx2 * dy1
        g, h = (sum_x * dy2 - dx2 * sum_y) / area, (dx1 * sum_y - sum_x * dy1) / area
        self._rows = _inverse(((x1 - x0 + g * x1, x3 - x0 + h * x3, x0), (y1 - y0 + g * y1, y3 - y0 + h * y3, y0), (g, h, 1.0)))
        self._side = math.copysign(1.0, self._depth(corners[0]))

    def _depth(self, point: Point) -> float:
        return self._rows[2][0] * point[0] + self._rows[2][1] * point[1] + self._rows[2][2]

    def on_wall(self, point: Point) -> Point:
        """Where a point of the photo is on the wall, in widths and heights of the rectangle from its top left. Raises Horizon."""
        depth = self._depth(point)
        if depth * self._side <= 1e-12:
            raise Horizon
        x, y = ((row[0] * point[0] + row[1] * point[1] + row[2]) / depth for row in self._rows[:2])
        return x, y


def shape(corners: Sequence[Point], size: tuple[int, int]) -> float:
    """Width through height of the rectangle with these corners in a whole photo of `size` pixels. Raises ShapeUnknown."""
    middle, longer = (size[0] / 2, size[1] / 2), max(size)
    top_left, top_right, bottom_right, bottom_left = ((x - middle[0], y - middle[1], 1.0) for x, y in corners)
    diagonal = _cross(top_left, bottom_right)
    k2 = _dot(diagonal, bottom_left) / _dot(_cross(top_right, bottom_right), bottom_left)
    k3 = _dot(diagonal, top_right) / _dot(_cross(bottom_left, bottom_right), top_right)
    across, down = _less(k2, top_right, top_left), _less(k3, bottom_left, top_left)

    def of(focal: float) -> float:
        return _length(across, focal) / _length(down, focal)

    low, high = (share * longer for share in LIKELY_FOCAL)
    if abs(of(high) / of(low) - 1) < ALIKE:
        return of((low + high) / 2)
    product = across[2] * down[2]
    focal_squared = -(across[0] * down[0] + across[1] * down[1]) / product if product else 0.0
    if not low * low / 2 <= focal_squared <= high * high * 2:
        raise ShapeUnknown
    return of(math.sqrt(focal_squared))


def _length(vector: _Vector, focal: float) -> float:
    return math.hypot(vector[0] / focal, vector[1] / focal, vector[2])


def _less(factor: float, one: _Vector, other: _Vector) -> _Vector:
    return factor * one[0] - other[0], factor * one[1] - other[1], factor * one[2] - other[2]


def _dot(one: _Vector, other: _Vector) -> float:
    return one[0] * other[0] + one[1] * other[1] + one[2] * other[2]


def _cross(one: _Vector, other: _Vector) -> _Vector:
    return one[1] * other[2] - one[2] * other[1], one[2] * other[0] - one[0] * other[2], one[0] * other[1] - one[1] * other[0]


def _inverse(rows: tuple[_Vector, _Vector, _Vector]) -> tuple[_Vector, _Vector, _Vector]:
    """The inverse of a matrix up to a factor, which a mapping of points does not need."""
    columns = (_cross(rows[1], rows[2]), _cross(rows[2], rows[0]), _cross(rows[0], rows[1]))
    first, second, third = zip(*columns, strict=True)
    return first, second, third
