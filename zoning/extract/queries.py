"""Queries on extracts."""

from __future__ import annotations

from uuid import UUID

from municipality.documents.facts import EditionLabel
from municipality.kernel import clock
from zoning.answer.queries import rules_on
from zoning.extract.facts import ExtractFacts, ExtractLayer, rings
from zoning.layers.queries import in_force
from zoning.models import Layer, LayerVersion, Plot, PlotExtract
from zoning.plots.queries import not_undone, valid_shape


def by_uuid(uuid: UUID) -> PlotExtract | None:
    """An extract with its plot and document, or None."""
    return PlotExtract.objects.select_related("plot__area", "document__file").filter(uuid=uuid).first()


def changed_since(facts: ExtractFacts) -> list[ExtractLayer | Layer | EditionLabel]:
    """The layers that have another version for the day of an extract now than when it was issued, or none any more; and the rules.

    Of objects, which an extract does not list, those that were put in force since it was issued, where it has an answer.
    """
    rows = LayerVersion.objects.filter(in_force(facts.day)).select_related("layer", "load").order_by("layer__order", "layer")
    now, said = {row.layer_id: row for row in rows}, {layer.code: layer.version for layer in facts.layers}

    def is_other(row: LayerVersion) -> bool:
        if row.layer.kind != Layer.Kind.OBJECTS:
            return said.get(row.layer_id) != row.number
        released_at = row.load.released_at if row.load is not None else None
        return bool(facts.answers) and released_at is not None and released_at > facts.issued_at

    ended = [layer for layer in facts.layers if layer.version and layer.code not in now]
    rules = rules_on(facts.day)
    version = f"v{rules.version}" if rules is not None else ""
    is_replaced = version != "".join(one.version for one in facts.editions)  # an extract names one edition, or none
    replaced = [EditionLabel("قواعد استعمالات الأراضي", "Rules on land use", version)] if is_replaced else []
    return [*(row.layer for row in rows if is_other(row)), *ended, *replaced]


def plot_changes(plot: Plot, facts: ExtractFacts) -> list[str]:
    """What of the plot is another one than when its extract was issued: `undone` (its load), `ended`, `again`, `official_area`, `shape`."""
    if plot.valid_to == plot.valid_from:
        return ["undone"]
    found = []
    if (plot.valid_to.isoformat() if plot.valid_to is not None else "") != facts.ended:
        found.append("ended" if plot.valid_to is not None else "again")
    if (plot.official_area / 100 if plot.official_area is not None else None) != facts.official_square_metres:
        found.append("official_area")
    shapes = list(plot.shapes.filter(not_undone()).defer("original").order_by("valid_from"))
    said = valid_shape(shapes, facts.day)
    if said is None or rings(said.shape) != facts.map.plot or shapes[-1].valid_from > clock.day_of(facts.issued_at):
        found.append("shape")
    return found
