"""Plots of the sample: one that was split, its halves with land use and a school nearby, and the visits of their pages."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shapely.affinity import translate
from shapely.geometry import box

from municipality.kernel import clock
from municipality.rulebook.models import ActivityGroupRule, ConsultationRule, LandClassRule, LandUseRule, SpacingRule
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.answer.queries import ActivityQuestion
from zoning.extract import services as extracts
from zoning.maps.services import refresh_outlines
from zoning.models import Plot, PlotAddress, PlotChange, PlotExtract, PlotSuccession

if TYPE_CHECKING:
    from tests.architecture.page_responses import Visit

SPLIT_ON = dt.date(2020, 3, 1)
PACI = "20000001"
RULES = (LandClassRule, ActivityGroupRule, LandUseRule, SpacingRule, ConsultationRule)


@dataclass
class PlotRows:
    old: Plot
    plot: Plot
    half: Plot
    extract: PlotExtract


def fill() -> PlotRows:
    """Plot 44 of block 3 of the first area, split into 44 and 44B; a commercial half, a road over it, nothing known of heritage."""
    west, south, east, north = SQUARE.bounds
    middle, around = (west + east) / 2, SQUARE.buffer(0.02)
    old = PlotFactory(number="44", valid_to=SPLIT_ON)
    old.shapes.update(valid_to=SPLIT_ON)
    plot = PlotFactory(number="44", shape=box(west, south, middle, north), valid_from=SPLIT_ON)
    half = PlotFactory(number="44B", shape=box(middle, south, east, north), valid_from=SPLIT_ON)
    change = PlotChange.objects.create(kind="split", day=SPLIT_ON, instrument_ar="قرار فرز", instrument_en="Decision on a split")
    for new in (plot, half):
        PlotSuccession.objects.create(change=change, predecessor=old, successor=new)
    PlotAddress.objects.create(plot=plot, paci_number=PACI, street="7", building="12")
    refresh_outlines([plot.area])
    make_layer("land_use", ("COMMERCIAL", box(west - 0.01, south - 0.01, middle, north + 0.01)), kind="land_use", covers=around)
    make_layer("schools", ("schools", translate(SQUARE, 0.001, 0)), kind="objects", covers=around)
    make_layer("heritage", covers=translate(SQUARE, 0.1, 0))
    extract = extracts.make(plot, clock.today(), ActivityQuestion("WSAL", 0))
    assert extract is not None
    extracts.write_document(extract_id=extract.pk)
    extract.document.refresh_from_db()
    return PlotRows(old, plot, half, extract)


def visits() -> list[Visit]:
    """The pages of plots, for everybody."""
    from tests.architecture.page_responses import Visit

    find, plot = "/{lang}/zoning/", "/{lang}/plots/{s.zoning.plot.public_id}/"
    return [
        Visit(find),
        Visit(f"{find}?area={{s.zoning.plot.area_id}}", note="the blocks of an area"),
        Visit(f"{find}?area={{s.zoning.plot.area_id}}&block=3", note="a block"),
        Visit(f"{find}?area={{s.zoning.plot.area_id}}&block=3&number=44", note="a number that two plots had"),
        Visit(f"{find}?area={{s.zoning.plot.area_id}}&block=9&number=1", note="nothing fits"),
        Visit(f"{find}?area={{s.zoning.plot.area_id}}&block=", status=400, note="no block"),
        Visit(f"{find}?q=", status=400, note="no address"),
        Visit(f"{find}?q=Salmiya+block+40+plot+3", note="an address that is not known"),
        Visit(f"{find}?q=السالمية+قطعة+40", note="an Arabic address that is not known"),
        Visit(f"{find}?q=xyzzyx+3", note="no area"),
        Visit(f"{find}?near=29.3701,47.9703", note="beside a plot"),
        Visit("/{lang}/zoning/where/"),
        Visit("/{lang}/zoning/where/?activity=LAUN&floor=0&area={s.zoning.plot.area_id}", note="blocks"),
        Visit("/{lang}/zoning/where/?activity=LAUN&floor=0&area={s.zoning.plot.area_id}&block=3", note="plots of a block"),
        Visit("/{lang}/zoning/where/?activity=CARG&floor=9&area={s.zoning.plot.area_id}", note="nowhere"),
        Visit("/{lang}/zoning/where/?activity=&floor=x&area=", status=400, note="no question"),
        Visit(plot),
        Visit(f"{plot}?activity=WSAL&floor=0&on=", note="an answer"),
        Visit(f"{plot}?activity=LAUN&floor=0&on=", note="permitted"),
        Visit(f"{plot}?activity=REST&floor=0&on=2026-01-01", note="conditions, on another day"),
        Visit(f"{plot}?activity=WSAL&floor=0&on=2001-01-01", note="before there were rules"),
        Visit(f"{plot}?activity=&floor=99&on=x", status=400, note="no question"),
        Visit("/{lang}/plots/{s.zoning.old.public_id}/", note="split"),
        Visit("/{lang}/plots/{s.zoning.half.public_id}/?activity=LAUN&floor=0&on=", note="no data"),
        Visit("/{lang}/plots/0000/", status=404),
        Visit(f"{plot}layers/land_use.svg", note="the map cut of a layer"),
        Visit(f"{plot}layers/heritage.svg", status=404, note="a layer that does not apply"),
        Visit("/{lang}/zoning/extracts/{s.zoning.extract.uuid}/", note="an extract with an answer"),
        Visit("/verify/{s.zoning.extract.document.code}", note="an extract"),
        Visit("/{lang}/zoning/map.json"),
        Visit("/map-tiles/16/41500/27170.json"),
        Visit("/map-tiles/1/0/0.json", status=400, note="no tile"),
    ]
