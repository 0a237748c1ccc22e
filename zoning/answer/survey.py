"""The answer for every plot of an area at once: where an activity may open. It equals `answer.queries.ask` for each plot."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from municipality.places.models import Area
from municipality.rulebook.land import LandRules
from zoning.answer import rules
from zoning.answer.queries import ActivityQuestion, rules_on
from zoning.answer.rules import LandPart, LayerSurroundings, Nearest
from zoning.geometry import boxes, measures
from zoning.layers.queries import SLIVER_M2, SLIVER_SHARE, catalogue, in_force
from zoning.models import Layer, LayerFeature, LayerVersion, PlotShape
from zoning.plots.queries import period

CLOSE = 0.02  # of a limit: distances so near to it are measured on the ellipsoid, as the plot's page does


@dataclass(frozen=True)
class PlotOutcome:
    """The outcome for one plot: its public id, block and number, and its middle (WGS 84)."""

    public_id: str
    block: str
    number: str
    latitude: float
    longitude: float
    outcome: str


@dataclass(frozen=True)
class BlockOutcome:
    """The plots of a block by outcome, and the middle of the block (WGS 84)."""

    block: str
    counts: dict[str, int]
    latitude: float
    longitude: float

    @property
    def bars(self) -> list[tuple[str, float, float]]:
        """Outcome, start and width in per cent of the plots of the block, for a bar of shares."""
        whole, start, found = sum(self.counts.values()), 0.0, []
        for outcome in (rules.PERMITTED, rules.CONDITIONAL, rules.NOT_PERMITTED, rules.NO_DATA):
            width = 100 * self.counts.get(outcome, 0) / whole
            found.append((outcome, start, width))
            start += width
        return [one for one in found if one[2]]

    @property
    def mark(self) -> tuple[str, str]:
        """The tone of its mark on a map, and on how many plots of all where it is not all of them."""
        whole = sum(self.counts.values())
        for outcome, tone, tone_of_some in ((rules.PERMITTED, "ok", "some"), (rules.CONDITIONAL, "warn", "warn")):
            if count := self.counts.get(outcome, 0):
                return (tone, "") if count == whole else (tone_of_some, f"{count}/{whole}")
        return ("wait" if self.counts.get(rules.NO_DATA) else "bad"), ""


def of_area(area: Area, question: ActivityQuestion, day: dt.date, block: str = "") -> list[PlotOutcome]:
    """The outcome for each plot of an area, or of one block of it, that exists on a day; by block and number."""
    rows = PlotShape.objects.filter(period(day), plot__area=area).select_related("plot")
    found = list(rows.filter(plot__block=block) if block else rows)
    if not found:
        return []
    edition = rules_on(day)
    land = edition.land if edition is not None else None
    shapes = shapely.from_wkb([bytes(row.geometry) for row in found])
    outcomes = _outcomes(shapes, land, question, day) if land is not None else [rules.NO_DATA] * len(found)
    middles = shapely.get_coordinates(shapely.point_on_surface(shapes))
    plots = [
        PlotOutcome(row.plot.public_id, row.plot.block, row.plot.number, latitude, longitude, outcome)
        for row, (longitude, latitude), outcome in zip(found, middles.tolist(), outcomes, strict=True)
    ]
    return sorted(plots, key=lambda one: (len(one.block), one.block, len(one.number), one.number))


def by_block(plots: Sequence[PlotOutcome]) -> list[BlockOutcome]:
    """Plots summed by block; blocks with the most permitted plots first, then with the most permitted on condition."""
    grouped: dict[str, list[PlotOutcome]] = {}
    for plot in plots:
        grouped.setdefault(plot.block, []).append(plot)
    found = [
        BlockOutcome(
            block,
            dict(Counter(plot.outcome for plot in rows)),
            sum(plot.latitude for plot in rows) / len(rows),
            sum(plot.longitude for plot in rows) / len(rows),
        )
        for block, rows in grouped.items()
    ]
    return sorted(found, key=lambda one: (-one.counts.get(rules.PERMITTED, 0), -one.counts.get(rules.CONDITIONAL, 0)))


def _outcomes(shapes: np.ndarray, land: LandRules, question: ActivityQuestion, day: dt.date) -> list[str]:
    west, south, east, north = shapely.total_bounds(shapes)
    stretch = measures.metres_per_degree(float(west + east) / 2, float(south + north) / 2)
    spacings = rules.spacings_of(land, question.activity)
    reach = max((rule.metres for rule in spacings), default=0)
    versions = list(LayerVersion.objects.filter(in_force(day)).select_related("layer"))
    uses = {version.layer_id: version for version in versions if version.layer.kind == Layer.Kind.LAND_USE}
    objects = [version for version in versions if version.layer_id in {rule.layer for rule in spacings}]
    box = measures.box_around(shapely.box(west, south, east, north), reach)
    features = list(boxes.meeting(LayerFeature.objects.filter(version__in=[*uses.values(), *objects]), box).order_by("pk"))
    layers = catalogue(Layer.objects.filter(kind=Layer.Kind.LAND_USE))
    known = [{uses[layer].pk} if layer in uses else set() for layer in layers]  # a layer without a version knows nothing
    parts = parts_of(shapes, [[row for row in features if row.version_id in version] for version in known], stretch)
    around: list[dict[str, LayerSurroundings]] = [{} for _ in shapes]
    for version in objects:
        metres = max(rule.metres for rule in spacings if rule.layer == version.layer_id)
        rows = [row for row in features if row.version_id == version.pk]
        for place, one in zip(around, _surroundings(shapes, rows, metres, stretch), strict=True):
            place[version.layer_id] = one
    asked = zip(parts, around, strict=True)
    return [rules.answer(land, question.activity, question.floor, part, place).outcome for part, place in asked]


def _flat(shapes: Any, stretch: np.ndarray) -> Any:
    """Shapes in metres."""
    return shapely.transform(shapes, lambda points: points * stretch)


def parts_of(shapes: np.ndarray, versions: Sequence[Sequence[LayerFeature]], stretch: np.ndarray) -> list[list[LandPart]]:
    """The land use of each shape, as `answer.queries.land_parts` gives it; `versions` are the surfaces of each layer of land use."""
    plots = _flat(shapes, stretch)
    areas = shapely.area(plots)
    found: list[list[LandPart]] = [[] for _ in shapes]
    for rows in versions:
        surfaces = _flat(np.array([row.shape for row in rows], dtype=object), stretch) if rows else np.array([], dtype=object)
        pieces: list[dict[str, list[Any]]] = [{} for _ in shapes]
        for plot, row in zip(*shapely.STRtree(surfaces).query(plots, predicate="intersects").tolist(), strict=True):
            code = "" if rows[row].is_coverage else rows[row].code
            pieces[plot].setdefault(code, []).append(shapely.intersection(plots[plot], surfaces[row]))
        for part, shares, area in zip(found, pieces, areas.tolist(), strict=True):
            least = max(SLIVER_M2, area * SLIVER_SHARE)
            sizes = {code: shapely.union_all(all_).area for code, all_ in shares.items() if code}
            classed = shapely.union_all([piece for code, all_ in shares.items() if code for piece in all_])
            unknown = area - shapely.intersection(shapely.union_all(shares.get("", [])), classed).area
            part += [LandPart(code, size / area) for code, size in sorted(sizes.items(), key=lambda one: -one[1]) if size >= least]
            if unknown >= least:
                part.append(LandPart("", unknown / area))
    return found


def _surroundings(shapes: np.ndarray, rows: Sequence[LayerFeature], metres: float, stretch: np.ndarray) -> list[LayerSurroundings]:
    """The nearest object of a layer for each shape, and whether the layer has data for all of its surrounding."""
    objects = [row for row in rows if not row.is_coverage]
    covered = shapely.union_all([row.shape for row in rows if row.is_coverage])
    shapely.prepare(covered)
    boxes_around = shapely.box(*np.array([measures.box_around(shape, metres) for shape in shapes]).T)
    known = shapely.contains(covered, boxes_around)
    nearest: list[Nearest | None] = [None] * len(shapes)
    if objects:
        flat, tree = _flat(shapes, stretch), shapely.STRtree(_flat(np.array([row.shape for row in objects], dtype=object), stretch))
        pairs, away = tree.query_nearest(flat, max_distance=metres * (1 + CLOSE), return_distance=True, all_matches=False)
        for (plot, one), distance in zip(pairs.T.tolist(), away.tolist(), strict=True):
            if distance > metres * (1 - CLOSE):
                distance = measures.distance(shapes[plot], objects[one].shape).metres
            if distance <= metres:
                nearest[plot] = Nearest(distance, objects[one].label_ar, objects[one].label_en)
    return [LayerSurroundings(bool(is_known), one) for is_known, one in zip(known, nearest, strict=True)]
