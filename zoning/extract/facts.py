"""The facts of an extract: one dataclass, of which the PDF, the JSON and the XML are three forms."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from shapely.geometry.base import BaseGeometry

from municipality.documents.facts import BilingualText, EditionLabel, Facts, LetterRow, day
from municipality.documents.models import Document
from municipality.kernel import clock
from zoning.plots.drawing import Drawing, cut_square, draw

Ring = tuple[tuple[float, float], ...]  # longitude and latitude (WGS 84) of each corner


def rings(shape: BaseGeometry | None) -> tuple[Ring, ...]:
    """The outlines of polygons, outer before inner ones of each, rounded to a centimetre."""
    if shape is None:
        return ()
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    outlines = [ring for part in parts for ring in (part.exterior, *part.interiors)]
    return tuple(tuple((round(x, 7), round(y, 7)) for x, y in ring.coords) for ring in outlines)


def shape_of(outlines: Sequence[Ring]) -> BaseGeometry:
    """The polygons of `rings`; one outline within another is a hole."""
    return shapely.build_area(shapely.GeometryCollection([shapely.LinearRing(ring) for ring in outlines]))


@dataclass(frozen=True)
class ExtractPart:
    """A part of the plot with one code of a layer; per cent of the plot. `outlines` are those on the map cut of the layer."""

    code: str
    name_ar: str
    name_en: str
    square_metres: float
    percent: float
    outlines: tuple[Ring, ...] = ()


@dataclass(frozen=True)
class ExtractLayer:
    """What a layer says. `standing` is applies, does_not_apply or no_data; `version` is 0 where there was none on the day.

    `since`, `coming` (of an announced change), `contested_since` (by an applicant) and `ends_on` (of a version that is repealed, the first
    day on which it no longer applies) are ISO dates or empty.
    """

    code: str
    name_ar: str
    name_en: str
    office_ar: str
    office_en: str
    standing: str
    version: int
    since: str
    instrument_ar: str
    instrument_en: str
    article_ar: str
    article_en: str
    parts: tuple[ExtractPart, ...]
    no_data_percent: float
    coming: str
    contested_since: str = ""
    ends_on: str = ""


@dataclass(frozen=True)
class ExtractLimit:
    """The building limits of the part with a class of land use; square metres, per cent, metres, None where the rules name none."""

    code: str
    name_ar: str
    name_en: str
    square_metres: float
    ratio_percent: int | None
    floors_square_metres: float | None
    floors: int | None
    height_metres: float | None
    front_metres: float | None
    side_metres: float | None
    footprint_square_metres: float | None
    article_ar: str
    article_en: str


@dataclass(frozen=True)
class ExtractGround:
    """A ground of the answer; `line` is the measured way (two points, WGS 84), empty where nothing was measured.

    `contested_since` (by an applicant, the objects) is an ISO date or empty.
    """

    outcome: str
    sentence_ar: str
    sentence_en: str
    article_ar: str
    article_en: str
    metres: float | None
    limit_metres: int | None
    line: Ring
    contested_since: str = ""


@dataclass(frozen=True)
class ExtractAnswer:
    """The instant answer for an activity on a floor (0 is the ground floor)."""

    activity: str
    activity_ar: str
    activity_en: str
    floor: int
    floor_ar: str
    floor_en: str
    outcome: str
    outcome_ar: str
    outcome_en: str
    grounds: tuple[ExtractGround, ...]


@dataclass(frozen=True)
class ExtractMap:
    """The map cut: outlines of the plot, of its neighbours and of what setbacks leave."""

    plot: tuple[Ring, ...]
    neighbours: tuple[tuple[Ring, ...], ...]
    inner: tuple[Ring, ...]


@dataclass(frozen=True, kw_only=True)
class ExtractFacts(Facts):
    """The facts of an extract: the plot, what applies on it on `day`, building limits, and an answer if one was asked for."""

    kind = "zoning.extract"
    name = _("Extract of a plot")
    template = "zoning/documents/extract.html"
    title = "مستخرج تنظيمي لقسيمة"
    reason = "Extract of a plot"
    single_page = False

    uuid: str
    plot: str
    governorate_ar: str
    governorate_en: str
    area_ar: str
    area_en: str
    block: str
    plot_number: str
    paci_numbers: tuple[str, ...]
    official_square_metres: float | None
    measured_square_metres: float
    origins: tuple[LetterRow, ...]
    day: dt.date
    system: str
    system_ar: str
    system_en: str
    map: ExtractMap
    layers: tuple[ExtractLayer, ...]
    limits: tuple[ExtractLimit, ...]
    answers: tuple[ExtractAnswer, ...]
    editions: tuple[EditionLabel, ...]
    issued_at: dt.datetime
    exists_from: str = ""  # ISO dates; `ended` is empty while the plot exists
    ended: str = ""

    @property
    def state(self) -> LetterRow | None:
        """That the plot did not exist on the day of the extract; None where it did."""
        ar, en, on = "", "", self.day.isoformat()
        if self.ended and self.ended <= on:
            ar, en = f"لم تعد القسيمة قائمة منذ {self.ended}", f"This plot has not existed since {self.ended}"
        elif on < self.exists_from:
            ar, en = f"لم تكن القسيمة قائمة قبل {self.exists_from}", f"This plot did not exist before {self.exists_from}"
        return LetterRow("حالة القسيمة", "State of the plot", ar, en) if ar else None

    def context(self) -> dict[str, Any]:
        """The context of `zoning/documents/extract.html`."""
        cut = self.map
        drawing = draw(shape_of(cut.plot), [shape_of(one) for one in cut.neighbours], shape_of(cut.inner) if cut.inner else None)
        standings = (
            ("applies", BilingualText("ينطبق", "Applies")),
            ("no_data", BilingualText("لا بيانات", "No data")),
            ("does_not_apply", BilingualText("لا ينطبق", "Does not apply")),
        )
        lists = [(label, self.standing(code)) for code, label in standings]
        return {
            **super().context(),
            "on": day(self.day),
            "made": day(clock.day_of(self.issued_at)),
            "rows": self._rows(),
            "drawing": drawing,
            "lists": lists,
            "cut_bar": next((cut.bar for _layer, cut in lists[0][1] if cut is not None), 0),
        }

    def standing(self, code: str) -> list[tuple[ExtractLayer, Drawing | None]]:
        """The layers of a standing, each with its map cut, None where nothing is drawn: extracts of earlier times have none."""
        rows = [layer for layer in self.layers if layer.standing == code]
        return [(layer, self._cut(layer) if any(part.outlines for part in layer.parts) else None) for layer in rows]

    def _cut(self, layer: ExtractLayer) -> Drawing:
        plot = shape_of(self.map.plot)
        around = [shape_of(one) for one in self.map.neighbours]
        return draw(plot, around, square=cut_square(plot), surfaces=[shape_of(part.outlines) for part in layer.parts])

    def _rows(self) -> list[LetterRow]:
        official = self.official_square_metres
        rows = [
            LetterRow("القسيمة", "Plot", self.plot_number, lead=True),
            LetterRow("القطعة", "Block", self.block),
            LetterRow("المنطقة", "Area", self.area_ar, self.area_en),
            LetterRow("المساحة المقاسة", "Measured area", f"{self.measured_square_metres} م²", f"{self.measured_square_metres} m²"),
            LetterRow("النظام الإحداثي للمصدر", "Reference system of the source", self.system_ar, self.system_en),
        ]
        if official is not None:
            rows.insert(3, LetterRow("المساحة الرسمية", "Official area", f"{official} م²", f"{official} m²"))
        if self.state is not None:
            rows.insert(1, self.state)
        if self.paci_numbers:
            rows.insert(3, LetterRow("الرقم الآلي", "PACI number", ", ".join(self.paci_numbers)))
        for edition in self.editions:
            named = f"{edition.name_ar} (إصدار {edition.number})", f"{edition.name_en} {edition.version}"
            rows.append(LetterRow("الأحكام المطبقة", "Rules applied", *named))
        return [*rows, *self.origins]

    @staticmethod
    def public_page(document: Document) -> str:
        """The address of the extract, for the check page."""
        return reverse("zoning:extract", args=[document.public_facts["uuid"]])
