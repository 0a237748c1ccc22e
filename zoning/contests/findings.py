"""What a layer says of a plot, so that a person can contest it; a layer of objects says which one is near."""

from __future__ import annotations

from zoning.layers import queries as layers
from zoning.layers.queries import LayerFinding
from zoning.models import Layer
from zoning.plots.summary import PlotSummary


def finding_of(found: PlotSummary, code: str) -> LayerFinding | None:
    """The finding of a layer on a plot; None where it says nothing there, as objects that no distance rule asks for."""
    layer = found.catalogue.get(code)
    if layer is None or layer.kind != Layer.Kind.OBJECTS:
        return next((one for one in found.findings if one.layer.pk == code), None)
    metres = max((rule.metres for rule in found.rules.spacings if rule.layer == code), default=0) if found.rules is not None else 0
    if not metres or found.shape is None:
        return None
    shape, distances = found.shape.shape, {code: metres}
    known = layers.around(shape, found.day, {}, distances)
    version = next((one for one in known.versions if layers.applies(one, found.day)), None)
    near = layers.surroundings(shape, distances, found.day, known)[code]
    return LayerFinding(layer, version, unknown_share=0.0 if near.is_known else 1.0, nearest=near.nearest)
