"""Reports as open data: the columns of an Open311 bulk file, with blurred places and without names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.open_data import DatasetField, OpenSet
from municipality.ui.texts import both
from reports import queries
from reports.models import Standing
from reports.places import blurred
from reports.public_page import standings
from reports.states import ReportState

CHUNK = 2000  # rows in memory at a time
_CODE = _("Name of the code.")
_TIME = _("ISO 8601, with the time of Kuwait.")
_PLACE = _("In degrees, WGS 84, at most 15 metres from the real place; null where only the area is known.")
COLUMNS: tuple[DatasetField, ...] = (
    DatasetField("id", "text", _("Identifier of the report"), _("Part of the address of its page.")),
    DatasetField("service_request_id", "text", _("Number of the report"), _("Its last character checks the others.")),
    DatasetField("requested_datetime", "text", _("Received at"), _TIME),
    DatasetField("expected_datetime", "text", _("Promised by"), _TIME),
    DatasetField("updated_datetime", "text", _("Last step at"), _TIME),
    DatasetField("closed_datetime", "text", _("Closed at"), _("Null while it is open."), may_be_null=True),
    DatasetField("status", "choice", _("State"), _("As in the standard Open311."), choices=("open", "closed")),
    DatasetField("standing", "choice", _("Standing"), _("At the night of the file."), choices=tuple(Standing.values)),
    DatasetField("standing_ar", "text", _("Standing in Arabic"), _CODE),
    DatasetField("standing_en", "text", _("Standing in English"), _CODE),
    DatasetField("service_code", "text", _("Code of the kind"), _("From the categories of reports.")),
    DatasetField("service_name_ar", "text", _("Kind in Arabic"), _("As the categories named it on the day of the report.")),
    DatasetField("service_name_en", "text", _("Kind in English"), _("As the categories named it on the day of the report.")),
    DatasetField("description", "text", _("Description"), _("Only where an employee agreed that everybody may read it."), may_be_null=True),
    DatasetField("governorate", "text", _("Code of the governorate"), _("That of the area."), may_be_null=True),
    DatasetField("area", "integer", _("Code of the area"), _("Null where it is not known."), may_be_null=True),
    DatasetField("area_ar", "text", _("Area in Arabic"), _CODE, may_be_null=True),
    DatasetField("area_en", "text", _("Area in English"), _CODE, may_be_null=True),
    DatasetField("block", "text", _("Block"), _("Empty where it is not known.")),
    DatasetField("latitude", "number", _("Latitude"), _PLACE, may_be_null=True),
    DatasetField("longitude", "number", _("Longitude"), _PLACE, may_be_null=True),
    DatasetField("me_too", "integer", _("Others who saw it"), _("Each person or device once.")),
    DatasetField("part_of", "text", _("Divided report"), _("Its id; null where it is no part."), may_be_null=True),
)


def rows(_today: dt.date) -> Iterator[Sequence[Any]]:
    """The row of each report that is neither hidden nor joined with another, and of each part of one, in the order of COLUMNS."""
    names = {choice.value: both(choice.label) for choice in Standing}
    reports = queries.public_reports().exclude(state=ReportState.MERGED).select_related("area", "parent").order_by("public_id")
    for report in reports.iterator(chunk_size=CHUNK):
        standing, area, facts = standings.standing_of(report), report.area, report.category_facts
        place = (None, None) if report.latitude is None or report.longitude is None else blurred(report.latitude, report.longitude)
        yield (
            report.public_id,
            report.number,
            _text(report.received_at),
            _text(report.due_at),
            _text(report.updated_at),
            _text(report.closed_at) if standing == Standing.CLOSED else None,
            "closed" if standing == Standing.CLOSED else "open",
            standing,
            *names[standing],
            report.category,
            facts.get("name_ar", ""),
            facts.get("name_en", ""),
            report.public_words or None,
            area and area.governorate_id,
            area and area.pk,
            area and area.name_ar,
            area and area.name_en,
            report.block,
            *place,
            report.me_too_count,
            report.parent and report.parent.public_id,
        )


def _text(at: dt.datetime | None) -> str | None:
    """The time of Kuwait, to the second."""
    return at.astimezone(clock.KUWAIT).isoformat(timespec="seconds") if at is not None else None


REPORTS_SET = OpenSet(
    "reports",
    title=_("Reports of the public"),
    about=_("Every report of a problem that is not hidden, with its promise, state and approximate place; without its reporter."),
    counted=_("Reports"),
    keywords=(_("reports of the public"), _("cleanliness"), _("inspections")),
    theme="GOVE",
    columns=COLUMNS,
    rows=rows,
)
