"""Width and height of a board by its outline on a photo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.translation import gettext_lazy as _

from licensing.signage.drawing.perspective import Horizon, Point, ShapeUnknown, Wall, shape
from municipality.kernel.errors import Refused

SMALLEST = 0.01  # sides of outlines, as a share of the longer side of the photo: less is not measured well
FARTHEST = 25  # widths of the known rectangle that an outline may be away from it or wide


@dataclass(frozen=True)
class Drawn:
    """What was drawn on a photo of `size` pixels: the corners of a rectangle of known size in metres, and the outline of the board."""

    size: tuple[int, int]
    known: Sequence[Point]
    known_width: float
    known_height: float | None
    outline: Sequence[Point]


@dataclass(frozen=True)
class Measured:
    """The smallest upright rectangle round the board on the wall, in metres."""

    width: float
    height: float


def measure(drawing: Drawn) -> Measured:
    """The size of the board. Raises Refused with a sentence that says what to draw anew: outside, crossed, too_small, not_a_rectangle,
    height_needed, too_far."""
    for points in (drawing.known, drawing.outline):
        _check(points, drawing.size)
    if not _is_convex(drawing.known):
        raise Refused(
            "not_a_rectangle", _("The corners of the door or shutter are not in order: top left, top right, bottom right, bottom left.")
        )
    try:
        ratio = drawing.known_width / drawing.known_height if drawing.known_height else shape(drawing.known, drawing.size)
        wall = Wall(drawing.known)
        spots = [wall.on_wall(point) for point in drawing.outline]
    except (ShapeUnknown, ZeroDivisionError):
        raise Refused(
            "height_needed",
            _(
                "This frame does not tell the height: move the corners of the black frame to the corners of the door or shutter. "
                "If they are there, enter the height too."
            ),
        ) from None
    except Horizon:
        spots = [(float("inf"), 0.0)]
        ratio = 1.0
    if any(abs(x) > FARTHEST or abs(y) > FARTHEST for x, y in spots):
        raise Refused("too_far", _("The board is too far from the door or shutter to be measured: mark something nearer to it."))
    xs, ys = ([spot[axis] for spot in spots] for axis in (0, 1))
    return Measured((max(xs) - min(xs)) * drawing.known_width, (max(ys) - min(ys)) * drawing.known_width / ratio)


def _check(points: Sequence[Point], size: tuple[int, int]) -> None:
    if any(not (0 <= x <= size[0] and 0 <= y <= size[1]) for x, y in points):
        raise Refused("outside", _("A corner lies outside the photo: all corners must be on it."))
    sides = list(pairwise([*points, points[0]]))
    if any(_cut(one, other) for at, one in enumerate(sides) for other in sides[at + 2 :] if not (at == 0 and other is sides[-1])):
        raise Refused("crossed", _("Two sides cross: move the corners so that they follow the edge round."))
    least = SMALLEST * max(size)
    if any(abs(a[0] - b[0]) < least and abs(a[1] - b[1]) < least for a, b in sides) or abs(_area(points)) < least * least:
        raise Refused("too_small", _("It is too small on the photo to be measured: choose a photo from nearer."))


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _cut(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    return (_turn(*one, other[0]) > 0) != (_turn(*one, other[1]) > 0) and (_turn(*other, one[0]) > 0) != (_turn(*other, one[1]) > 0)


def _area(points: Sequence[Point]) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise([*points, points[0]])) / 2


def _is_convex(corners: Sequence[Point]) -> bool:
    """Whether the four corners turn to the same side all the way, clockwise on the screen."""
    a, b, c, d = corners
    return all(_turn(*three) > 0 for three in ((a, b, c), (b, c, d), (c, d, a), (d, a, b)))
