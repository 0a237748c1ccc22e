"""Queries on extracts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class ExtractChanges:
    """Layers, and the rules: `since` what may say something else about the day of an extract now than when it was issued, `later` what has
    another version today than on that day, or none any more."""

    since: Sequence[ExtractLayer | Layer | EditionLabel]
    later: Sequence[Layer | EditionLabel]


def changes(facts: ExtractFacts) -> ExtractChanges:
    """What has changed of the layers and rules of an extract.

    Of objects, which an extract does not list, those that were put in force since it was issued, or apply from a later day on, where it has
    an answer.
    """
    today = max(clock.today(), facts.day)
    rows = LayerVersion.objects.filter(in_force(facts.day) | in_force(today)).select_related("layer", "load")
    found = list(rows.order_by("layer__order", "layer"))
    on_day, on_today = _applying(found, facts.day), _applying(found, today)
    said = {layer.code: layer.version for layer in facts.layers}

    def is_other(row: LayerVersion) -> bool:
        if row.layer.kind != Layer.Kind.OBJECTS:
            return said.get(row.layer_id) != row.number
        released_at = row.load.released_at if row.load is not None else None
        return bool(facts.answers) and released_at is not None and released_at > facts.issued_at

    ended = [layer for layer in facts.layers if layer.version and layer.code not in on_day]
    layers = {row.layer_id: row.layer for row in found if row.layer.kind != Layer.Kind.OBJECTS or facts.answers}
    later = [layer for code, layer in layers.items() if on_day.get(code) != on_today.get(code)]
    rules, rules_today = _rules(facts.day), _rules(today)
    is_replaced = rules.version != "".join(one.version for one in facts.editions)  # an extract names one edition, or none
    return ExtractChanges(
        [*(row.layer for row in on_day.values() if is_other(row)), *ended, *([rules] if is_replaced else [])],
        [*later, *([rules_today] if rules_today != rules else [])],
    )


def _applying(rows: Sequence[LayerVersion], day: dt.date) -> dict[str, LayerVersion]:
    """Those of some versions that apply on a day, by the code of their layer."""
    return {row.layer_id: row for row in rows if row.valid_from <= day and (row.valid_to is None or row.valid_to > day)}


def _rules(day: dt.date) -> EditionLabel:
    rules = rules_on(day)
    return EditionLabel("قواعد استعمالات الأراضي", "Rules on land use", f"v{rules.version}" if rules is not None else "")


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
