"""The drawing of a plot with its neighbours: north is up, coordinates are metres, measures stand at the sides."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from zoning.geometry import measures

LEAST_SIDE = 3.0  # metres; shorter sides carry no measure
MOST_MEASURES = 16  # sides; a shoreline has thousands
CUT_AROUND = 1.5  # of the longer side of the plot, which a map cut shows on each side of it
MOST_AROUND, LEAST_AROUND = 60.0, 5.0  # metres of that
_MARGIN = 0.45  # of the longer side of the plot


@dataclass(frozen=True)
class Side:
    """One side of the plot: metres, and the place of its measure."""

    metres: float
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """`view` is the viewBox in metres; paths are those of SVG. `inner` is what setbacks leave, empty where it is not known.

    `surfaces` are those of a layer on a map cut.
    `bar` is the length of the scale bar, `text` the size of letters; `line` and `line_bold` are widths of lines for print.
    """

    view: str
    plot: str
    inner: str
    neighbours: Sequence[str]
    sides: Sequence[Side]
    bar: int
    bar_x: float
    bar_y: float
    text: float
    surfaces: Sequence[str] = ()

    @property
    def print_text(self) -> str:
        """The size of letters where the drawing is printed small."""
        return f"{self.text * 1.4:.2f}"

    @property
    def bar_middle(self) -> str:
        return f"{self.bar_x + self.bar / 2:.1f}"

    @property
    def line(self) -> str:
        return f"{self.text / 14:.2f}"

    @property
    def line_bold(self) -> str:
        return f"{self.text / 6:.2f}"


def cut_square(shape: BaseGeometry) -> BaseGeometry:
    """The square (WGS 84) that the map cuts of a plot show: the shape in its middle, with what is around it."""
    west, south, east, north = shape.bounds
    x, y = (west + east) / 2, (south + north) / 2
    across, up = map(float, measures.metres_per_degree(x, y))
    longer = max((east - west) * across, (north - south) * up)
    half = longer / 2 + min(MOST_AROUND, max(LEAST_AROUND, longer * CUT_AROUND))
    return shapely.box(x - half / across, y - half / up, x + half / across, y + half / up)


def draw(
    shape: BaseGeometry,
    around: Sequence[BaseGeometry],
    inner: BaseGeometry | None = None,
    *,
    square: BaseGeometry | None = None,
    surfaces: Sequence[BaseGeometry] = (),
) -> Drawing:
    """A drawing of a shape in WGS 84 with the shapes around it and the surface inside that may be built on.

    A map cut shows what lies in `square`, with the surfaces of a layer.
    """
    centre = np.array(shape.centroid.coords[0])
    stretch = measures.metres_per_degree(*centre) * [1, -1]  # the y axis of SVG points down

    def metres(one: BaseGeometry) -> BaseGeometry:
        return shapely.transform(one, lambda points: (points - centre) * stretch)

    plot = metres(shape)
    left, up, right, down = _with_margin(plot.bounds) if square is None else metres(square).bounds
    wide, high = right - left, down - up
    bar = round_length(wide / 4)
    return Drawing(
        view=f"{left:.1f} {up:.1f} {wide:.1f} {high:.1f}",
        plot=path_of(plot),
        inner=path_of(metres(inner)) if inner is not None and not inner.is_empty else "",
        neighbours=[path_of(metres(one)) for one in around],
        sides=_sides(plot),
        bar=bar,
        bar_x=round(left + wide * 0.04, 1),
        bar_y=round(up + high * 0.96, 1),
        text=round(wide / 26, 2),
        surfaces=[path_of(metres(one)) for one in surfaces],
    )


def _with_margin(bounds: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    west, top, east, bottom = bounds
    margin = max(east - west, bottom - top) * _MARGIN
    return west - margin, top - margin, east + margin, bottom + margin


def path_of(shape: BaseGeometry) -> str:
    """The polygons of a shape as a path of SVG, in the units of the shape."""
    rings = [ring for part in shapely.get_parts(shape) if part.geom_type == "Polygon" for ring in (part.exterior, *part.interiors)]
    return " ".join("M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in ring.coords[:-1]) + "z" for ring in rings)


def _sides(plot: BaseGeometry) -> list[Side]:
    """The measures of the longest sides of the outer outlines, each a little outside of its middle."""
    found = []
    for part in shapely.get_parts(plot):
        corners = np.array(shapely.simplify(part.exterior, 0.2).coords)
        middle = np.array(part.centroid.coords[0])
        for start, end in pairwise(corners):
            length = float(np.hypot(*(end - start)))
            if length < LEAST_SIDE:
                continue
            place = (start + end) / 2
            away = place - middle
            place = place + away / max(float(np.hypot(*away)), 0.1) * length * 0.12
            found.append(Side(round(length, 1), round(float(place[0]), 1), round(float(place[1]), 1)))
    return sorted(found, key=lambda side: -side.metres)[:MOST_MEASURES]


def round_length(metres: float) -> int:
    """1, 2 or 5 times a power of ten, at most `metres`; at least 1."""
    power = 10 ** math.floor(math.log10(max(metres, 1)))
    return int(max(step * power for step in (1, 2, 5) if step * power <= max(metres, 1)))
