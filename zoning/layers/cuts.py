"""The map cut of a layer: the surfaces that apply on a plot, as far as they lie on and around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import shapely
from shapely.geometry.base import BaseGeometry

from zoning.geometry import boxes
from zoning.layers.queries import LayerFinding
from zoning.models import LayerFeature

_WITHIN = 5e-7  # degrees, five centimetres: what an outline of a map cut may differ by


def on_map(findings: Iterable[LayerFinding], square: BaseGeometry) -> dict[str, list[BaseGeometry]]:
    """By the code of each layer that applies, its surfaces within a square (WGS 84), one for each of `finding.surfaces`; one statement."""
    applying = {one.version.pk: one for one in findings if one.version is not None and one.surfaces}
    rows = boxes.meeting(LayerFeature.objects.filter(version__in=applying, is_coverage=False), square.bounds)
    found: dict[int, list[LayerFeature]] = {version: [] for version in applying}
    for row in rows.defer("original").order_by("pk"):
        found[row.version_id].append(row)
    return {one.layer.pk: _within(one, found[version], square) for version, one in applying.items()}


def _within(finding: LayerFinding, rows: Sequence[LayerFeature], square: BaseGeometry) -> list[BaseGeometry]:
    named: dict[tuple[str, str, str], list[BaseGeometry]] = {}
    for row in rows:
        named.setdefault((row.code, row.label_ar, row.label_en), []).append(row.shape.intersection(square))
    parts = (shapely.union_all(named.get((one.code, one.label_ar, one.label_en), [])) for one in finding.surfaces)
    return [shapely.simplify(part, _WITHIN) for part in parts]
