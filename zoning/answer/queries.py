"""The answer for a plot on a day: its land use and surroundings from the layers, by the rules in force on that day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from shapely.geometry.base import BaseGeometry

from municipality.kernel.errors import Refused
from municipality.rulebook import land
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from zoning.answer import rules
from zoning.answer.rules import Answer, LandPart, LayerSurroundings, Nearest
from zoning.layers.queries import LayerFinding, LayersAround, NearObject, Surroundings, surroundings
from zoning.models import Layer


@dataclass(frozen=True)
class ActivityQuestion:
    """Whether an activity (code) may open on a floor; 0 is the ground floor."""

    activity: str
    floor: int


@dataclass(frozen=True)
class PlotAnswer:
    """An answer with the rules that gave it, None where no edition was in force, and by layer what was measured."""

    answer: Answer
    edition: RulebookEdition | None = None
    surroundings: dict[str, Surroundings] = field(default_factory=dict)


def rules_on(day: dt.date, *, is_shown: bool = False) -> RulebookEdition | None:
    """The edition of the rules on land use in force on a day, or None.

    `is_shown`: for a page that decides nothing by it; up to a minute old.
    """
    try:
        return (rulebook.shown_edition if is_shown else rulebook.edition)(land.SUBJECT, day)
    except Refused:
        return None


def land_parts(findings: list[LayerFinding]) -> list[LandPart]:
    """The land use of a plot from what its layers say; a part that no layer covers has the class ""."""
    parts = []
    for finding in findings:
        if finding.layer.kind == Layer.Kind.LAND_USE:
            parts += [LandPart(surface.code, surface.share) for surface in finding.surfaces]
            if finding.unknown_share:
                parts.append(LandPart("", finding.unknown_share))
    return parts


def distances_of(edition: RulebookEdition | None, question: ActivityQuestion | None) -> dict[str, float]:
    """The layers whose objects a question asks for, with the metres of their rules."""
    found = edition.land if edition is not None else None
    return {rule.layer: rule.metres for rule in rules.spacings_of(found, question.activity)} if found is not None and question else {}


def ask(
    shape: BaseGeometry,
    findings: list[LayerFinding],
    edition: RulebookEdition | None,
    question: ActivityQuestion,
    day: dt.date,
    known: LayersAround | None = None,
) -> PlotAnswer:
    """The answer to a question about a plot on a day. `findings`, `edition` and what is `known` around it are those of the same day."""
    found = edition.land if edition is not None else None
    if found is None:
        return PlotAnswer(Answer(rules.NO_DATA))
    distances = distances_of(edition, question)
    near = surroundings(shape, distances, day, known) if distances else {}
    places = {layer: LayerSurroundings(one.is_known, _named(one.nearest)) for layer, one in near.items()}
    return PlotAnswer(rules.answer(found, question.activity, question.floor, land_parts(findings), places), edition, near)


def _named(near: NearObject | None) -> Nearest | None:
    return Nearest(near.distance.metres, near.feature.label_ar, near.feature.label_en) if near is not None else None
