"""The building limits of a plot: what the rules on its land use allow, in square metres and metres."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shapely.geometry.base import BaseGeometry

from municipality.rulebook.land import LandClass, LandRules
from zoning.answer.queries import land_parts
from zoning.geometry import measures, setbacks
from zoning.layers.queries import LayerFinding


@dataclass(frozen=True)
class BuildingLimits:
    """The limits of the part of a plot with one class of land use; None where the rules name none.

    Square metres: `part_m2` of the part, `floors_m2` of all floors together, `footprint_m2` of one floor after setbacks, which is
    known for an undivided plot only. Lengths are metres.
    """

    land_class: LandClass
    part_m2: float
    floors_m2: float | None
    footprint_m2: float | None = None

    @property
    def height(self) -> float | None:
        return _metres(self.land_class.height_cm)

    @property
    def front(self) -> float | None:
        return _metres(self.land_class.front_cm)

    @property
    def side(self) -> float | None:
        return _metres(self.land_class.side_cm)


def _metres(centimetres: int | None) -> float | None:
    return None if centimetres is None else centimetres / 100


def limits_of(
    shape: BaseGeometry, around: Sequence[BaseGeometry], findings: list[LayerFinding], rules: LandRules | None
) -> tuple[list[BuildingLimits], BaseGeometry | None]:
    """The limits of each part of a plot, largest first, and the surface that setbacks leave of an undivided one (WGS 84), or None."""
    parts = sorted(land_parts(findings), key=lambda part: -part.share)
    known = [(part, rules.classes[part.land_class]) for part in parts if rules is not None and part.land_class in rules.classes]
    inner = _inner(shape, around, known[0][1]) if len(parts) == 1 and known else None
    whole = measures.area_m2(shape)
    footprint = measures.area_m2(inner) if inner is not None else None
    found = [
        BuildingLimits(
            one, part.share * whole, None if one.ratio_percent is None else part.share * whole * one.ratio_percent / 100, footprint
        )
        for part, one in known
    ]
    return found, inner


def _inner(shape: BaseGeometry, around: Sequence[BaseGeometry], one: LandClass) -> BaseGeometry | None:
    if one.front_cm is None and one.side_cm is None:
        return None
    return setbacks.within(shape, around, front=(one.front_cm or 0) / 100, side=(one.side_cm or 0) / 100)
