"""Rules on land use as plain values, and how an edition of them is read."""

from __future__ import annotations

from dataclasses import dataclass, fields

from municipality.rulebook.models import RuleSet

SUBJECT, BODIES = "zoning.uses", "zoning.bodies"


@dataclass(frozen=True)
class LandClass:
    """A class of land use; the ratio in per cent, lengths in centimetres, None where the rules name no limit."""

    code: str
    name_ar: str
    name_en: str
    ratio_percent: int | None
    floors: int | None
    height_cm: int | None
    front_cm: int | None
    side_cm: int | None
    article_ar: str
    article_en: str
    is_assumption: bool


@dataclass(frozen=True)
class LandUse:
    """What a group of activities may do from one floor to another of a class (see `models.LandUseRule`)."""

    land_class: str
    group: str
    first_floor: int
    last_floor: int
    outcome: str
    condition_ar: str
    condition_en: str
    article_ar: str
    article_en: str
    is_assumption: bool


@dataclass(frozen=True)
class Spacing:
    """The least distance of a group of activities to objects of a layer, in metres."""

    group: str
    layer: str
    metres: int
    outcome: str
    condition_ar: str
    condition_en: str
    article_ar: str
    article_en: str
    is_assumption: bool


@dataclass(frozen=True)
class ConsultedBody:
    """A body that is asked about a group of activities (see `models.ConsultationRule`)."""

    group: str
    code: str
    name_ar: str
    name_en: str
    question_ar: str
    question_en: str
    working_days: int
    is_safety: bool
    article_ar: str
    article_en: str
    is_assumption: bool
    email: str = ""


@dataclass(frozen=True)
class LandRules:
    """The rules on land use of an edition; `groups` by code of the activity."""

    classes: dict[str, LandClass]
    groups: dict[str, str]
    uses: tuple[LandUse, ...]
    spacings: tuple[Spacing, ...]


def read(ruleset: RuleSet) -> LandRules:
    """The rows of an edition, in the order in which they were written."""
    return LandRules(
        {row["code"]: LandClass(**row) for row in ruleset.land_classes.order_by("pk").values(*_names(LandClass))},
        dict(ruleset.activity_groups.values_list("activity_id", "group")),
        tuple(LandUse(**row) for row in ruleset.land_uses.order_by("pk").values(*_names(LandUse))),
        tuple(Spacing(**row) for row in ruleset.spacings.order_by("pk").values(*_names(Spacing))),
    )


def read_bodies(ruleset: RuleSet) -> tuple[ConsultedBody, ...]:
    """The consulted bodies of an edition, in the order in which they were written."""
    return tuple(ConsultedBody(**row) for row in ruleset.consultations.order_by("pk").values(*_names(ConsultedBody)))


def _names(kind: type) -> list[str]:
    return [field.name for field in fields(kind)]
