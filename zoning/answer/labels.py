"""An answer in words: its state, each ground with value, limit and article, and what would change a no."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from municipality.rulebook.land import LandRules
from municipality.rulebook.queries import RulebookEdition
from zoning.answer.queries import PlotAnswer
from zoning.answer.rules import CONDITIONAL, NO_DATA, NOT_PERMITTED, PERMITTED, Ground
from zoning.contests.queries import objects_contested_since
from zoning.geometry import measures
from zoning.layers.labels import class_name
from zoning.models import Layer


@dataclass(frozen=True)
class GroundText:
    """One ground: the outcome it leads to, a sentence, the article, and the day since which a person contests the objects it is about."""

    outcome: str
    sentence: str
    article: str
    contested: dt.date | None = None


@dataclass(frozen=True)
class AnswerText:
    """`outcome` is the state; `edition` the rules that gave it, None where none were in force."""

    outcome: str
    state: str
    activity: str
    floor: str
    grounds: tuple[GroundText, ...]
    edition: RulebookEdition | None


# The tag of an outcome on lists and maps.
TONES = {PERMITTED: "ok", CONDITIONAL: "warn", NOT_PERMITTED: "bad", NO_DATA: "wait"}


def state_of(outcome: str) -> str:
    """An outcome in words."""
    states = {
        PERMITTED: _("Permitted"),
        CONDITIONAL: _("Permitted with conditions"),
        NOT_PERMITTED: _("Not permitted"),
        NO_DATA: _("No data"),
    }
    return states[outcome]


def text_of(found: PlotAnswer, layers: Mapping[str, Layer], activity: str, floor: str) -> AnswerText:
    """An answer in the active language; `layers` are all layers by code, `activity` and `floor` are names."""
    rules = found.edition.land if found.edition is not None else None
    grounds = tuple(_ground(ground, rules, layers) for ground in found.answer.grounds)
    return AnswerText(found.answer.outcome, state_of(found.answer.outcome), activity, floor, grounds, found.edition)


def _ground(ground: Ground, rules: LandRules | None, layers: Mapping[str, Layer]) -> GroundText:
    rule = ground.use or ground.spacing
    article = _in(rule, "article") if rule is not None else ""
    sentence = _of_distance(ground, layers) if ground.spacing is not None else _of_land(ground, rules)
    condition = _in(rule, "condition") if rule is not None and ground.outcome == CONDITIONAL else ""
    contested = objects_contested_since(layers.get(ground.spacing.layer)) if ground.spacing is not None else None
    return GroundText(ground.outcome, f"{sentence} {condition}".strip(), article, contested)


def _of_land(ground: Ground, rules: LandRules | None) -> str:
    if ground.part is None:
        return _("No layer says what this land is for.")
    facts = {"land": class_name(ground.part.land_class, rules), "percent": number_format(round(100 * ground.part.share, 1))}
    if ground.use is None:
        return _("%(land)s (%(percent)s%% of the plot): no rule decides this activity on this floor.") % facts
    if ground.outcome == NOT_PERMITTED:
        return _("%(land)s (%(percent)s%% of the plot): this activity is not among the uses of this floor.") % facts
    if ground.outcome == CONDITIONAL:
        return _("%(land)s (%(percent)s%% of the plot), on condition:") % facts
    return _("%(land)s (%(percent)s%% of the plot): this activity is among the uses of this floor.") % facts


def _of_distance(ground: Ground, layers: Mapping[str, Layer]) -> str:
    assert ground.spacing is not None  # noqa: S101 - asked by the caller
    layer = layers.get(ground.spacing.layer)
    facts = {
        "limit": number_format(ground.spacing.metres),
        "objects": _in(layer, "name") if layer else _("the objects that the rule names"),
    }
    if ground.nearest is not None:
        facts |= {"metres": number_format(measures.round_down(ground.nearest.metres)), "name": _in(ground.nearest, "name")}
        if ground.outcome == PERMITTED:
            return _("%(metres)s m to %(name)s; at least %(limit)s m is required.") % facts
        return _("%(metres)s m to %(name)s, less than the %(limit)s m that is required.") % facts
    if ground.outcome == NO_DATA:
        return _("Whether %(objects)s lie within %(limit)s m is not known.") % facts
    return _("None of these lie within %(limit)s m: %(objects)s.") % facts


def _in(row: object, name: str) -> str:
    language = "ar" if get_language() == "ar" else "en"
    return str(getattr(row, f"{name}_{language}"))
