"""The three lists of a plot in words: what applies, what does not, and what nothing is known about."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from municipality.rulebook.land import LandRules
from municipality.ui.templatetags.portal import bilingual
from zoning.geometry import measures
from zoning.layers.queries import LayerFinding
from zoning.models import Layer


@dataclass(frozen=True)
class TopicPart:
    """A part of the plot: its name, square metres and per cent with one digit."""

    name: str
    square_metres: float
    percent: float


@dataclass(frozen=True)
class Topic:
    """What a layer says about the plot. `is_counted`: whether a rule on activities asks for the layer."""

    finding: LayerFinding
    parts: tuple[TopicPart, ...]
    unknown_percent: float
    is_counted: bool

    @property
    def absence_key(self) -> list[object]:
        """All that the text on a layer that does not apply shows: the key of its cached fragment."""
        layer, version, pending = self.finding.layer, self.finding.version, self.finding.pending
        names = [layer.pk, layer.name_ar, layer.name_en, layer.absence_ar, layer.absence_en, layer.office_ar, layer.office_en]
        if version is not None:
            names += [version.article_ar, version.article_en, version.instrument_ar, version.instrument_en]
        days = (version and version.valid_from, pending and pending.valid_from, self.finding.ends_on, self.finding.contested_since)
        return [*names, *days]


def topics(findings: list[LayerFinding], rules: LandRules | None) -> dict[str, list[Topic]]:
    """The topics of a plot by standing; every layer is in exactly one list."""
    lists: dict[str, list[Topic]] = {"applies": [], "does_not_apply": [], "no_data": []}
    for finding in findings:
        lists[finding.standing].append(_topic(finding, rules))
    return lists


def class_name(code: str, rules: LandRules | None) -> str:
    """The name of a class of land use; without a rule for it, that it is not known."""
    found = rules.classes.get(code) if rules is not None else None
    if found is None:
        return _("Land use without data") if not code else _("A land use that the rules do not name")
    return found.name_ar if get_language() == "ar" else found.name_en


def said_of(finding: LayerFinding, rules: LandRules | None) -> str:
    """What a layer says of a plot in one line, in the active language."""
    if finding.nearest is not None:
        facts = {
            "name": bilingual(finding.nearest.feature, "label"),
            "metres": number_format(measures.round_down(finding.nearest.distance.metres)),
        }
        return _("%(name)s, %(metres)s m from the plot") % facts
    topic = _topic(finding, rules)
    parts = [_("%(name)s (%(percent)s%%)") % {"name": part.name, "percent": number_format(part.percent)} for part in topic.parts]
    if topic.unknown_percent or finding.standing == "no_data":
        parts.append(_("No data"))
    return "; ".join(parts) or _("Does not apply")


def _topic(finding: LayerFinding, rules: LandRules | None) -> Topic:
    is_land_use = finding.layer.kind == Layer.Kind.LAND_USE
    parts = []
    for surface in finding.surfaces:
        name = class_name(surface.code, rules) if is_land_use else bilingual(surface, "label")
        parts.append(TopicPart(name, surface.square_metres, round(100 * surface.share, 1)))
    is_counted = is_land_use or (rules is not None and any(rule.layer == finding.layer.pk for rule in rules.spacings))
    return Topic(finding, tuple(parts), round(100 * finding.unknown_share, 1), is_counted)
