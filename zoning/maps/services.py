"""Computes the outlines of maps from the plots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np
import shapely
from django.db import transaction
from shapely.geometry.base import BaseGeometry

from municipality.kernel import clock
from municipality.places.models import Area
from zoning.geometry import measures, shapes
from zoning.models import MapOutline, PlotShape

# Half the width of a street inside a block, and of a road between two blocks of an area (metres).
STREET, ROAD = 9.0, 30.0
SYSTEM = "wgs84"


@transaction.atomic
def refresh_outlines(areas: Iterable[Area], given: Mapping[int, BaseGeometry] | None = None) -> int:
    """Compute the outlines of areas and their blocks from the present plots; to be called after plots of these areas changed.

    `given` are outlines of areas from a source, by the key of the area, in WGS 84; one that was given earlier stays. Returns how many
    outlines there are.
    """
    areas = list(areas)
    made: list[MapOutline] = []
    now = clock.now()
    kept = {row.area_id: row.shape for row in MapOutline.objects.filter(area__in=areas, block="", is_given=True)}
    kept |= {key: _polygons(shape) for key, shape in (given or {}).items()}
    for area in areas:
        rows = PlotShape.objects.filter(plot__area=area, plot__valid_to=None, valid_to=None).order_by("plot__block")
        by_block: list[tuple[str, int, BaseGeometry]] = []
        for block, members in groupby(rows.values_list("plot__block", "geometry").iterator(), key=lambda row: row[0]):
            forms = shapely.from_wkb([bytes(geometry) for _, geometry in members])
            by_block.append((block, len(forms), closed(forms, STREET)))
        of_area = kept.get(area.pk)
        is_given = of_area is not None
        if of_area is None and by_block:
            of_area = closed([form for _, _, form in by_block], ROAD)
        if of_area is not None:
            by_block.append(("", sum(count for _, count, _ in by_block), of_area))
        for block, count, form in by_block:
            row = MapOutline(area=area, block=block, plots=count, is_given=is_given and not block, refreshed_at=now)
            row.put(shapes.take(form, SYSTEM), SYSTEM)
            made.append(row)
    MapOutline.objects.filter(area__in=areas).delete()
    MapOutline.objects.bulk_create(made, batch_size=500)
    return len(made)


def closed(forms: Sequence[BaseGeometry] | np.ndarray, metres: float) -> BaseGeometry:
    """The outline of shapes in WGS 84 with the gaps up to twice `metres` between them closed."""
    together = shapely.union_all(forms)
    stretch = measures.metres_per_degree(*(round(part, 1) for part in together.centroid.coords[0]))
    plane = shapely.transform(together, lambda points: points * stretch)
    wide = plane.buffer(metres, join_style="mitre").buffer(-metres, join_style="mitre")
    return _polygons(shapely.transform(shapely.simplify(wide, 0.5), lambda points: points / stretch))


def _polygons(shape: BaseGeometry) -> BaseGeometry:
    """The polygons of a shape without lines and points."""
    return shapely.multipolygons([part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"])
