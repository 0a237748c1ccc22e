"""Violations as an open data set: exactly what the public pages of shops show."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.open_data import DatasetField, OpenSet
from violations import publication
from violations.publication import OUTCOMES, Finding
from violations.rules import CONTESTED, FINAL

_CODE = _("Name of the code.")
_PLACE = _("That of the shop, in degrees, WGS 84; null where the place is not known.")
COLUMNS: tuple[DatasetField, ...] = (
    DatasetField("id", "text", _("Identifier of the violation"), _("Stays the same; the page of the shop marks the finding with it.")),
    DatasetField("shop", "text", _("Identifier of the shop"), _("As in the set of shops.")),
    DatasetField("offence", "text", _("Code of the offence"), _("From the catalogue of offences.")),
    DatasetField("offence_ar", "text", _("Offence in Arabic"), _("As the catalogue named it on the day it was seen.")),
    DatasetField("offence_en", "text", _("Offence in English"), _("As the catalogue named it on the day it was seen.")),
    DatasetField("article_ar", "text", _("Article in Arabic"), _("The article that it offends against.")),
    DatasetField("article_en", "text", _("Article in English"), _("The article that it offends against.")),
    DatasetField("seen_on", "day", _("Seen on"), _("Day of Kuwait.")),
    DatasetField(
        "standing",
        "choice",
        _("Standing"),
        _("final: nobody can contest it any more, and it counts. contested: its party speaks against it, and it does not count."),
        choices=(FINAL, CONTESTED),
    ),
    DatasetField("outcome", "choice", _("Code of what became of it"), _("At the night of the file."), choices=tuple(OUTCOMES)),
    DatasetField("outcome_ar", "text", _("What became of it, in Arabic"), _CODE),
    DatasetField("outcome_en", "text", _("What became of it, in English"), _CODE),
    DatasetField("final_on", "day", _("Final outcome on"), _("Day of the outcome; null while it is contested."), may_be_null=True),
    DatasetField("governorate", "text", _("Code of the governorate"), _("That of the shop.")),
    DatasetField("governorate_ar", "text", _("Governorate in Arabic"), _CODE),
    DatasetField("governorate_en", "text", _("Governorate in English"), _CODE),
    DatasetField("area", "integer", _("Code of the area"), _("That of the shop.")),
    DatasetField("area_ar", "text", _("Area in Arabic"), _CODE),
    DatasetField("area_en", "text", _("Area in English"), _CODE),
    DatasetField("latitude", "number", _("Latitude"), _PLACE, may_be_null=True),
    DatasetField("longitude", "number", _("Longitude"), _PLACE, may_be_null=True),
)


def _outcome_names() -> dict[str, tuple[str, ...]]:
    """Names of the outcomes in Arabic and English, by code."""
    names: dict[str, tuple[str, ...]] = dict.fromkeys(OUTCOMES, ())
    for language in ("ar", "en"):
        with translation.override(language):
            names = {code: (*names[code], str(text)) for code, text in OUTCOMES.items()}
    return names


def rows(_today: dt.date) -> Iterator[Sequence[Any]]:
    """The row of each finding, in the order of COLUMNS."""
    outcome_names = _outcome_names()
    return (_row(finding, outcome_names) for finding in publication.all_findings())


def _row(finding: Finding, outcome_names: dict[str, tuple[str, ...]]) -> Sequence[Any]:
    row, facts = finding.violation, finding.violation.offence_facts
    shop = finding.shop
    governorate = shop.area.governorate
    ended = row.last_event if finding.status == FINAL else None
    return (
        row.public_id,
        shop.public_id,
        row.offence,
        facts["name_ar"],
        facts["name_en"],
        facts["article_ar"],
        facts["article_en"],
        clock.day_of(row.seen_at).isoformat(),
        finding.status,
        finding.outcome,
        *outcome_names[finding.outcome],
        clock.day_of(ended.at).isoformat() if ended else None,
        governorate.pk,
        governorate.name_ar,
        governorate.name_en,
        shop.area_id,
        shop.area.name_ar,
        shop.area.name_en,
        shop.latitude,
        shop.longitude,
    )


VIOLATIONS = OpenSet(
    "violations",
    title=_("Violations of shops"),
    about=_("Every violation that stands on the page of a shop, final or contested, with its article and outcome; without persons."),
    counted=_("Violations"),
    keywords=(_("violations"), _("inspections"), _("shops")),
    theme="GOVE",
    columns=COLUMNS,
    rows=rows,
)
