"""All that is known about a plot on a day: shape, layers, rules, building limits, and the answer to a question."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from municipality.rulebook.land import LandRules
from municipality.rulebook.queries import RulebookEdition
from zoning.answer import queries as answers
from zoning.answer.queries import ActivityQuestion, PlotAnswer
from zoning.contests import queries as contests
from zoning.layers import queries as layers
from zoning.layers.queries import LayerFinding
from zoning.models import Layer, Plot, PlotShape
from zoning.plots import queries
from zoning.plots.limits import BuildingLimits, limits_of


@dataclass(frozen=True)
class PlotSummary:
    """`shape` is None for a plot without one; then there are no findings. `answer` is None where nothing was asked.

    `around` are the shapes of neighbours, `inner` is what setbacks leave (WGS 84).
    """

    plot: Plot
    day: dt.date
    catalogue: dict[str, Layer]
    edition: RulebookEdition | None
    shape: PlotShape | None
    findings: list[LayerFinding] = field(default_factory=list)
    around: Sequence[BaseGeometry] = ()
    limits: list[BuildingLimits] = field(default_factory=list)
    inner: BaseGeometry | None = None
    answer: PlotAnswer | None = None

    @property
    def rules(self) -> LandRules | None:
        """The rules on land use of the day."""
        return self.edition.land if self.edition is not None else None


def summary(
    plot: Plot,
    day: dt.date,
    question: ActivityQuestion | None = None,
    *,
    has_contests: bool = True,
    shapes: Sequence[PlotShape] | None = None,
    is_shown: bool = False,
) -> PlotSummary:
    """What is known about a plot on a day, and the answer to a question.

    `has_contests`: whether there can be any to read; `shapes` are those of the plot by their first day, where they were read already.
    `is_shown`: for a page that decides nothing by it, by rules that are up to a minute old.
    """
    row = queries.shape_on(plot, day) if shapes is None else queries.valid_shape(shapes, day)
    catalogue = contests.catalogue(plot, day) if has_contests else layers.catalogue()
    edition = answers.rules_on(day, is_shown=is_shown)
    if row is None:
        return PlotSummary(plot, day, catalogue, edition, None)
    shape = row.shape
    known = layers.around(shape, day, catalogue, answers.distances_of(edition, question))
    findings = contests.marked(layers.findings(shape, day, catalogue, known))
    around = queries.neighbours(row, day)
    limits, inner = limits_of(shape, around, findings, edition.land if edition is not None else None)
    answer = answers.ask(shape, findings, edition, question, day, known) if question is not None else None
    return PlotSummary(plot, day, catalogue, edition, row, findings, around, limits, inner, answer)
