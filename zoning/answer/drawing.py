"""The drawing of a distance rule: the plot, the limit around it, the object, and the shortest way between them. North is up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from zoning.answer.queries import PlotAnswer
from zoning.geometry import measures
from zoning.layers.queries import NearObject
from zoning.plots.drawing import path_of, round_length

_MARGIN = 0.06  # of the limit


@dataclass(frozen=True)
class DistanceDrawing:
    """`view` is the viewBox in metres; paths are those of SVG. `limit` is the line at `least` metres around the plot.

    `metres` is the measured distance and `way` the line from the plot to the object, with its middle; `bar` is the length of the scale
    bar, `text` the size of letters.
    """

    layer: str
    near: NearObject
    view: str
    plot: str
    limit: str
    object: str
    way: str
    x: float
    y: float
    metres: float
    least: float
    bar: int
    bar_x: float
    bar_y: float
    text: float


def distances(shape: BaseGeometry, found: PlotAnswer) -> Iterator[DistanceDrawing]:
    """A drawing for each distance rule that an object near a shape (WGS 84) falls under."""
    for ground in found.answer.grounds:
        near = found.surroundings[ground.spacing.layer].nearest if ground.spacing is not None else None
        if ground.spacing is not None and near is not None and near.distance.metres <= ground.spacing.metres:
            yield _draw(shape, ground.spacing.layer, near, ground.spacing.metres)


def _draw(shape: BaseGeometry, layer: str, near: NearObject, least: float) -> DistanceDrawing:
    centre = np.array(shape.centroid.coords[0])
    stretch = measures.metres_per_degree(*centre) * [1, -1]  # the y axis of SVG points down

    def metres(one: BaseGeometry) -> BaseGeometry:
        return shapely.transform(one, lambda points: (points - centre) * stretch)

    plot = metres(shape)
    limit = shapely.simplify(plot.buffer(least), 0.5)
    way = metres(shapely.LineString([near.distance.start, near.distance.end]))
    margin = least * _MARGIN
    west, top, east, bottom = limit.buffer(margin).bounds
    wide, high = east - west, bottom - top
    (start_x, start_y), (end_x, end_y) = way.coords
    return DistanceDrawing(
        layer=layer,
        near=near,
        view=f"{west:.1f} {top:.1f} {wide:.1f} {high:.1f}",
        plot=path_of(plot),
        limit=path_of(limit),
        object=path_of(metres(near.feature.shape).intersection(shapely.box(west, top, east, bottom))),
        way=f"M{start_x:.1f},{start_y:.1f}L{end_x:.1f},{end_y:.1f}",
        x=round((start_x + end_x) / 2, 1),
        y=round((start_y + end_y) / 2, 1),
        metres=measures.round_down(near.distance.metres),
        least=least,
        bar=round_length(wide / 4),
        bar_x=round(west + wide * 0.04, 1),
        bar_y=round(top + high * 0.96, 1),
        text=round(wide / 24, 2),
    )
