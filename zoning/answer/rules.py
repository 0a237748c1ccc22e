"""The answer from plain values: land use of the plot, distances to objects, and the rules of an edition.

What is unknown makes the answer `no_data`, never `permitted`: a surface that no layer covers, a floor that no row decides, an activity
without a group, and objects that no layer lists round the plot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from municipality.rulebook.land import LandRules, LandUse, Spacing

PERMITTED, CONDITIONAL, NOT_PERMITTED, NO_DATA = "permitted", "conditional", "not_permitted", "no_data"
# The answer of several grounds is the gravest of them.
_GRAVITY = (PERMITTED, CONDITIONAL, NO_DATA, NOT_PERMITTED)


@dataclass(frozen=True)
class LandPart:
    """A part of the plot with one land use: its class ("" where no layer covers it) and its share of the plot, from 0 to 1."""

    land_class: str
    share: float


@dataclass(frozen=True)
class Nearest:
    """The nearest object of a layer: metres to the plot and its names."""

    metres: float
    name_ar: str
    name_en: str


@dataclass(frozen=True)
class LayerSurroundings:
    """The objects of a layer round the plot: the nearest within the distance that the rules ask for, or None.

    `is_known` tells whether the layer has data for all of that surrounding.
    """

    is_known: bool
    nearest: Nearest | None = None


@dataclass(frozen=True)
class Ground:
    """One ground of the answer. `use` or `spacing` is the rule, None where none was found; `part` the land that it is about."""

    outcome: str
    use: LandUse | None = None
    spacing: Spacing | None = None
    part: LandPart | None = None
    nearest: Nearest | None = None


@dataclass(frozen=True)
class Answer:
    """`outcome` is permitted, conditional, not_permitted or no_data; `grounds` are all of them, the gravest first."""

    outcome: str
    grounds: tuple[Ground, ...] = field(default=())


def spacings_of(rules: LandRules, activity: str) -> list[Spacing]:
    """The distance rules of an activity."""
    group = rules.groups.get(activity)
    return [rule for rule in rules.spacings if rule.group == group]


def answer(rules: LandRules, activity: str, floor: int, land: Sequence[LandPart], surroundings: Mapping[str, LayerSurroundings]) -> Answer:
    """Whether an activity may open on a floor (0 is the ground floor). `surroundings` by layer, for every distance rule of the activity."""
    group = rules.groups.get(activity)
    grounds = [_of_land(rules, group, floor, part) for part in land] or [Ground(NO_DATA)]
    grounds += [_of_distance(rule, surroundings.get(rule.layer)) for rule in spacings_of(rules, activity)]
    ordered = sorted(grounds, key=lambda reason: -_GRAVITY.index(reason.outcome))
    return Answer(ordered[0].outcome, tuple(ordered))


def _of_land(rules: LandRules, group: str | None, floor: int, part: LandPart) -> Ground:
    """The gravest of the rows that hold the floor, should several do."""
    holding = [rule for rule in rules.uses if rule.land_class == part.land_class and rule.group == group]
    fitting = [rule for rule in holding if rule.first_floor <= floor <= rule.last_floor]
    gravest = max(fitting, key=lambda rule: _GRAVITY.index(rule.outcome), default=None)
    return Ground(gravest.outcome, use=gravest, part=part) if gravest is not None else Ground(NO_DATA, part=part)


def _of_distance(rule: Spacing, around: LayerSurroundings | None) -> Ground:
    nearest = around.nearest if around is not None else None
    if nearest is not None and nearest.metres < rule.metres:
        return Ground(rule.outcome, spacing=rule, nearest=nearest)
    if around is None or not around.is_known:
        return Ground(NO_DATA, spacing=rule)
    return Ground(PERMITTED, spacing=rule, nearest=nearest)
