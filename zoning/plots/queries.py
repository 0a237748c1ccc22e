"""Queries on plots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, F, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Length
from shapely.geometry import MultiPolygon, Point

from municipality.places.models import Area
from zoning.geometry import boxes, measures, shapes
from zoning.models import LayerContest, Plot, PlotAddress, PlotShape, PlotSuccession

MOST_GENERATIONS = 20  # of successions that are followed; more would be a circle
NEIGHBOURS_WITHIN = 60.0  # metres, at most
DRAWN = 0.5  # of the longer side of a plot; its drawing shows a little less around it
LEAST_AROUND = 5.0  # metres; setbacks ask what lies beyond the sides of the smallest plot too


def period(day: dt.date) -> Q:
    """What is valid on a day; `valid_to` is the first day on which it is not."""
    return Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gt=day))


def not_undone(prefix: str = "") -> Q:
    """What a load brought that was undone held on no day: it is as if it had never been. `prefix` leads to the plot or shape."""
    return Q(**{f"{prefix}valid_to__isnull": True}) | Q(**{f"{prefix}valid_to__gt": F(f"{prefix}valid_from")})


def by_public_id(public_id: str) -> Plot | None:
    """The plot of a link, ended or not, with its area and governorate, and its addresses in order."""
    return _of_links().filter(public_id=public_id).first()


def _of_links() -> QuerySet[Plot]:
    addresses = Prefetch("addresses", PlotAddress.objects.order_by("paci_number"))
    return Plot.objects.filter(not_undone()).select_related("area__governorate").prefetch_related(addresses)


@dataclass(frozen=True)
class PlotOnPage:
    """A plot with its shapes by their first day. `has_successions` and `has_contests` say whether there are any to read, of the plot
    itself; one with successions may have the contests of those that it came from."""

    plot: Plot
    shapes: Sequence[PlotShape]
    has_successions: bool
    has_contests: bool


def _with_hints(rows: QuerySet[Any], plot: str) -> QuerySet[Any]:
    successions = PlotSuccession.objects.filter(Q(predecessor=OuterRef(plot)) | Q(successor=OuterRef(plot)))
    return rows.annotate(has_successions=Exists(successions), has_contests=Exists(LayerContest.objects.filter(plot=OuterRef(plot))))


def on_its_page(public_id: str) -> PlotOnPage | None:
    """What `by_public_id` returns, with its shapes, in one statement and one for its addresses."""
    shapes = PlotShape.objects.filter(not_undone(), not_undone("plot__"), plot__public_id=public_id).defer("original")
    addresses = Prefetch("plot__addresses", PlotAddress.objects.order_by("paci_number"))
    rows = _with_hints(shapes.select_related("plot__area__governorate").prefetch_related(addresses), "plot")
    found = sorted(rows, key=lambda row: row.valid_from)  # an ORDER BY would have Django hash each of some fifty columns
    if found:
        return PlotOnPage(found[0].plot, found, found[0].has_successions, found[0].has_contests)
    plot = _with_hints(_of_links(), "pk").filter(public_id=public_id).first()
    return PlotOnPage(plot, [], plot.has_successions, plot.has_contests) if plot is not None else None


def by_number(area: Area | int, block: str, number: str) -> list[Plot]:
    """All plots that ever had a number, the present one first; the area or its key, numbers as `normal_number` returns them."""
    rows = Plot.objects.select_related("area").filter(not_undone(), area=area, block=block, number=number)
    return sorted(rows, key=lambda plot: (plot.valid_to is not None, -plot.valid_from.toordinal()))


def by_paci(paci_number: str) -> Plot | None:
    """The plot of a PACI address number of eight digits."""
    return Plot.objects.select_related("area").filter(addresses__paci_number=paci_number).first()


def in_block(area: Area, block: str, *, most: int) -> list[Plot]:
    """The first `most` present plots of a block, by number."""
    rows = Plot.objects.select_related("area").filter(area=area, block=block, valid_to__isnull=True)
    return list(rows.order_by(Length("number"), "number")[:most])


def in_area(area: Area, *, block: str = "", number: str = "", most: int) -> list[Plot]:
    """The first `most` present plots of an area, or of a block, or of a number in it, by block and number."""
    rows = Plot.objects.select_related("area").filter(area=area, valid_to__isnull=True)
    rows = rows.filter(block=block) if block else rows
    rows = rows.filter(number=number) if number else rows
    return list(rows.order_by(Length("block"), "block", Length("number"), "number")[:most])


def find(
    *,
    day: dt.date,
    most: int,
    area: Area | None = None,
    block: str = "",
    number: str = "",
    paci_number: str = "",
    near: tuple[float, float] | None = None,
) -> list[Plot]:
    """The plots of a search: at or near a place (latitude, longitude), of a PACI number, of an address, or of a whole block."""
    if near is not None:
        there = at_point(near[1], near[0], day)
        return [there] if there is not None else near_point(near[1], near[0], day)
    if paci_number:
        found = by_paci(paci_number)
        return [found] if found is not None else []
    if area is None:
        return []
    return by_number(area, block, number) if number else in_block(area, block, most=most)


def at_point(longitude: float, latitude: float, day: dt.date) -> Plot | None:
    """The plot on which a point of WGS 84 lies on a day; of two that share an edge the one with the smaller key."""
    point = Point(longitude, latitude)
    rows = boxes.meeting(PlotShape.objects.filter(period(day)), (longitude, latitude, longitude, latitude))
    for row in rows.select_related("plot__area").defer("original").order_by("plot_id"):
        if row.shape.intersects(point):
            return row.plot
    return None


def block_at(longitude: float, latitude: float, day: dt.date) -> tuple[int, str] | None:
    """The key of the area and the block of the plot of `at_point`, of which nothing else is read."""
    point = Point(longitude, latitude)
    rows = boxes.meeting(PlotShape.objects.filter(period(day)), (longitude, latitude, longitude, latitude)).order_by("plot_id")
    found = rows.values_list("geometry", "plot__area", "plot__block")
    return next(((area, block) for geometry, area, block in found if shapes.read(bytes(geometry)).intersects(point)), None)


def near_point(longitude: float, latitude: float, day: dt.date) -> list[Plot]:
    """The five plots nearest to a point on a day, of those within NEIGHBOURS_WITHIN metres; nearest first."""
    point = Point(longitude, latitude)
    rows = boxes.meeting(PlotShape.objects.filter(period(day)), measures.box_around(point, NEIGHBOURS_WITHIN))
    near = rows.select_related("plot__area").defer("original")
    found = sorted(((measures.distance(point, row.shape).metres, row.plot_id, row.plot) for row in near), key=lambda one: one[:2])
    return [plot for away, _, plot in found[:5] if away <= NEIGHBOURS_WITHIN]


def shape_on(plot: Plot, day: dt.date) -> PlotShape | None:
    """The shape of a plot on a day; its last one if the plot had ended by then, its first if it did not exist yet."""
    return valid_shape(list(plot.shapes.filter(not_undone()).defer("original").order_by("valid_from")), day)


def valid_shape(rows: Sequence[PlotShape], day: dt.date) -> PlotShape | None:
    """`shape_on` of the shapes of a plot, which come by their first day."""
    valid = [row for row in rows if row.valid_from <= day]
    return valid[-1] if valid else rows[0] if rows else None


def shapes_of(plots: Sequence[Plot]) -> dict[int, PlotShape]:
    """The present shapes of plots, by the key of the plot."""
    return {row.plot_id: row for row in PlotShape.objects.filter(plot__in=plots, valid_to__isnull=True).defer("original")}


def neighbours(row: PlotShape, day: dt.date, box: boxes.Box | None = None) -> list[MultiPolygon]:
    """The shapes of a day that meet a box, without the plot of a shape; without a box as far around it as its drawing shows."""
    box = box or _drawn(row)
    found = boxes.meeting(PlotShape.objects.filter(period(day)), box).exclude(plot=row.plot_id).order_by("pk")
    return [shapes.read(bytes(geometry)) for geometry in found.values_list("geometry", flat=True)]


def _drawn(row: PlotShape) -> boxes.Box:
    """What the drawing of a shape shows around it, at most NEIGHBOURS_WITHIN metres."""
    across, up = measures.metres_per_degree((row.west + row.east) / 2, (row.south + row.north) / 2)
    longer = max((row.east - row.west) * across, (row.north - row.south) * up)
    return measures.box_around(row.shape, min(NEIGHBOURS_WITHIN, max(LEAST_AROUND, longer * DRAWN)))


def present(*plots: Plot) -> list[Plot]:
    """The plots that plots have become: themselves while they exist, else their last successors, by number."""
    found, ended, seen = [], list(plots), {plot.pk for plot in plots}
    for _ in range(MOST_GENERATIONS):
        found += [one for one in ended if one.valid_to is None]
        ended = [one for one in ended if one.valid_to is not None]
        if not ended:
            break
        rows = PlotSuccession.objects.filter(predecessor__in=ended).select_related("successor__area")
        ended = [one for one in {row.successor_id: row.successor for row in rows}.values() if one.pk not in seen]
        seen |= {one.pk for one in ended}
    return sorted(found, key=lambda one: (len(one.number), one.number))


def successions(plots: Sequence[Plot]) -> list[PlotSuccession]:
    """What ended or began these plots, oldest first, with the decisions and the plots on both sides."""
    rows = PlotSuccession.objects.filter(Q(predecessor__in=plots) | Q(successor__in=plots), not_undone("successor__"))
    shown = [f"{side}__{name}" for side in ("predecessor", "successor") for name in ("public_id", "number")]
    rows = rows.select_related("change", "predecessor", "successor").only("change", *shown)
    return list(rows.order_by("change__day", "pk"))


def example() -> Plot | None:
    """A present plot whose number is written with digits alone, for the example beside the search; None where none is loaded."""
    rows = Plot.objects.filter(not_undone(), valid_to__isnull=True, number__regex="^[0-9]+$").select_related("area")
    return rows.order_by("pk").first()


def known_block(area: Area, block: str) -> tuple[Area, str] | None:
    """An area and a block of it, if there are plots in that block today."""
    return (area, block) if Plot.objects.filter(not_undone(), area=area, block=block, valid_to__isnull=True).exists() else None
