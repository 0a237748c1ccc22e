"""Queries on extracts."""

from __future__ import annotations

from uuid import UUID

from municipality.documents.facts import EditionLabel
from zoning.answer.queries import rules_on
from zoning.extract.facts import ExtractFacts, ExtractLayer
from zoning.layers.queries import in_force
from zoning.models import Layer, LayerVersion, PlotExtract


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
