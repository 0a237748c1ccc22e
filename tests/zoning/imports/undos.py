"""A load that two people undo, and what the register says before and after."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tests.due_jobs import run_due
from tests.zoning.imports.conftest import Office
from tests.zoning.imports.files import SOUTH, WEST, WIDE
from zoning.imports import undo
from zoning.models import LoadUndo, MapOutline, Plot, PlotAddress
from zoning.plots import queries

WHY = "رفع مساحي خاطئ في القطعة"
JOBS = ("zoning.undo_load",)


def answers() -> dict[str, Any]:
    """What the register says of every place and number on three days."""
    found: dict[str, Any] = {}
    area = Plot.objects.order_by("pk")[0].area
    for day in (dt.date(2026, 11, 25), dt.date(2026, 12, 24), dt.date(2027, 6, 1)):
        for step in range(8):
            plot = queries.at_point(WEST + (step + 0.5) * WIDE, SOUTH + WIDE / 2, day)
            shape = queries.shape_on(plot, day) if plot else None
            found[f"{day} {step}"] = (plot and plot.public_id, shape and bytes(shape.geometry), plot and plot.official_area)
    for number in ("1", "2", "3", "4", "4A", "5"):
        plots = queries.by_number(area, "3", number)
        found[number] = [(plot.public_id, plot.valid_to, queries.present(plot), len(queries.successions([plot]))) for plot in plots]
    found["outlines"] = sorted(MapOutline.objects.values_list("block", "plots", "west", "east"))
    found["paci"] = sorted(PlotAddress.objects.values_list("paci_number", "plot__number"))
    return found


def allowed(office: Office, file: Any) -> LoadUndo:
    asked = undo.ask(file=file, reason=WHY, asked_by=office.clerk)
    undo.allow(undo=asked, allowed_by=office.planner)
    return asked


def undone(office: Office, file: Any) -> None:
    allowed(office, file)
    run_due(JOBS)
