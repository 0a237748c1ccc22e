"""The plots and layers of the invented city. Some plots were split, some layers have no data for an area, one change is announced."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from municipality.places.models import Area
from sandbox.demo.loading import Loading, batches
from sandbox.demo.seeds import public_id, seeded
from sandbox.demo.zoning import city
from sandbox.demo.zoning.city import Block, Centre
from zoning.geometry import measures, shapes
from zoning.maps.services import refresh_outlines
from zoning.models import Layer, LayerFeature, LayerStatus, LayerVersion, Plot, PlotAddress, PlotChange, PlotShape, PlotSuccession

BEGUN, SPLIT_ON = dt.date(2006, 7, 1), dt.date(2020, 3, 1)
SYSTEM = "wgs84"
OFFICE = ("إدارة المخطط الهيكلي (جهة افتراضية)", "Structural plan department (invented)")
INSTRUMENT = ("مخطط تنظيمي افتراضي للعرض فقط", "Invented plan, for the demo only")
ARTICLE = ("بيان افتراضي", "Invented entry")
# Code, kind, Arabic, English.
LAYERS = (
    ("land_use", Layer.Kind.LAND_USE, "استعمال الأرض", "Land use"),
    ("road_reserve", Layer.Kind.RESTRICTION, "حرم طريق", "Road reservation"),
    ("heritage", Layer.Kind.RESTRICTION, "منطقة تراثية", "Heritage area"),
    ("power_line", Layer.Kind.RESTRICTION, "حرم خط كهرباء", "Power line corridor"),
    ("schools", Layer.Kind.OBJECTS, "المدارس", "Schools"),
    ("mosques", Layer.Kind.OBJECTS, "المساجد", "Mosques"),
    ("hospitals", Layer.Kind.OBJECTS, "المستشفيات", "Hospitals"),
    ("fuel_stations", Layer.Kind.OBJECTS, "محطات الوقود", "Fuel stations"),
)
# What stands on the three plots of a public block, by the number of the plot.
OBJECTS = {1: ("schools", "مدرسة", "School"), 2: ("mosques", "مسجد", "Mosque"), 3: ("hospitals", "مركز صحي", "Health centre")}


def run(loading: Loading) -> str:
    areas = {f"{area.governorate_id} {area.name_ar}": area for area in Area.objects.exclude(latitude=None)}
    blocks = list(city.blocks(centres(areas.values()), most_blocks(loading)))
    plots = _plots(blocks, areas)
    shown = city.outlines(centres(areas.values()))
    refresh_outlines(areas.values(), {areas[name].pk: shape for name, shape in shown.items()})
    _layers(blocks, loading.today)
    return f"{plots} plots in {len(blocks)} blocks of {len({block.area for block in blocks})} areas"


def most_blocks(loading: Loading) -> int:
    """The number of blocks of an area, at most."""
    return 8 if loading.scale.shops > 1000 else 2


def centres(areas: Iterable[Area]) -> list[Centre]:
    """The areas with a known centre as those of the city."""
    return [
        Centre(f"{area.governorate_id} {area.name_ar}", area.latitude, area.longitude, "صناعية" in area.name_ar)
        for area in sorted(areas, key=lambda area: area.pk)
        if area.latitude is not None and area.longitude is not None
    ]


def _plots(blocks: Sequence[Block], areas: dict[str, Area]) -> int:
    rows: list[Plot] = []
    for block in blocks:
        names = [f"plot {block.area} {block.number} {number}" for number in range(1, len(block.plots) + 1)]
        rows += [
            Plot(
                public_id=public_id(seeded(name)),
                area=areas[block.area],
                block=block.number,
                number=str(number),
                official_area=round(block.plot_area * 100),
                valid_from=BEGUN,
            )
            for number, name in enumerate(names, 1)
        ]
    single = np.concatenate([block.plots for block in blocks])
    forms = shapely.multipolygons(single, indices=np.arange(len(single)))
    for batch in batches(list(zip(rows, shapely.to_wkb(forms), shapely.bounds(forms), strict=True))):
        Plot.objects.bulk_create(row for row, _, _ in batch)
        PlotShape.objects.bulk_create(
            PlotShape(plot=row, valid_from=BEGUN, system=SYSTEM, geometry=wkb, original=wkb, west=west, south=south, east=east, north=north)
            for row, wkb, (west, south, east, north) in batch
        )
    paci = 20_000_000
    PlotAddress.objects.bulk_create(PlotAddress(plot=row, paci_number=str(paci + number)) for number, row in enumerate(rows) if number % 2)
    return len(rows) + _split([row for row in rows if row.number == "44"])


def _shape(row: PlotShape, form: BaseGeometry) -> PlotShape:
    row.put(shapes.take(form, SYSTEM), SYSTEM)
    return row


def _split(plots: Sequence[Plot]) -> int:
    """Every plot 44 was split into 44 and 44B."""
    made = 0
    for old in plots:
        whole = old.shapes.get()
        west, south, east, north = whole.shape.bounds
        halves = [
            whole.shape.intersection(shapely.box(*edges))
            for edges in ((west, south, (west + east) / 2, north), ((west + east) / 2, south, east, north))
        ]
        Plot.objects.filter(pk=old.pk).update(valid_to=SPLIT_ON)
        PlotShape.objects.filter(pk=whole.pk).update(valid_to=SPLIT_ON)
        change = PlotChange.objects.create(
            kind=PlotChange.Kind.SPLIT, day=SPLIT_ON, instrument_ar="قرار فرز افتراضي", instrument_en="Invented decision on a split"
        )
        for number, half in zip(("44", "44B"), halves, strict=True):
            identity, hundredths = public_id(seeded(f"split {old.public_id} {number}")), round(measures.area_m2(half) * 100)
            new = Plot.objects.create(
                public_id=identity, area=old.area, block=old.block, number=number, official_area=hundredths, valid_from=SPLIT_ON
            )
            _shape(PlotShape(plot=new, valid_from=SPLIT_ON), half).save()
            PlotSuccession.objects.create(change=change, predecessor=old, successor=new)
            made += 1
    return made


def _layers(blocks: Sequence[Block], today: dt.date) -> None:
    surfaces: dict[str, list[tuple[str, str, str, BaseGeometry]]] = {code: [] for code, *_ in LAYERS}
    for block in blocks:
        surfaces["land_use"].append((block.use, "", "", block.outline.buffer(0.00005)))
        if block.use == "PUBLIC":
            for number, shape in enumerate(block.plots, 1):
                objects, ar, en = OBJECTS[number]
                surfaces[objects].append((objects, f"{ar} {block.area.partition(' ')[2]}", f"{en}, block {block.number}", shape))
    for area in sorted({block.area for block in blocks}):
        first = next(block for block in blocks if block.area == area)
        west, south, east, _ = first.outline.bounds
        strip = shapely.box(west - 0.01, south - 0.0003, east + 0.01, south + 0.0002)
        surfaces["road_reserve"].append(("road", "حرم الطريق الدائري", "Ring road reservation", strip))
        surfaces["fuel_stations"].append(("fuel_stations", "محطة وقود", "Fuel station", first.plots[-1]))
    known = _covers(blocks)
    for order, (code, kind, ar, en) in enumerate(LAYERS):
        layer = Layer.objects.create(code=code, kind=kind, name_ar=ar, name_en=en, office_ar=OFFICE[0], office_en=OFFICE[1], order=order)
        # Nobody surveyed the heritage of every second area, and the corridors of power lines nowhere.
        covers = known[::2] if code == "heritage" else [] if code == "power_line" else known
        _version(layer, 1, BEGUN, surfaces[code], covers)


def _covers(blocks: Sequence[Block]) -> list[BaseGeometry]:
    """Where the layers have data: around the blocks of each area."""
    areas = sorted({block.area for block in blocks})
    hulls = [shapely.union_all([block.outline for block in blocks if block.area == area]).convex_hull.buffer(0.006) for area in areas]
    return [hull for hull in hulls if np.isfinite(hull.area)]


def _version(
    layer: Layer, number: int, since: dt.date, surfaces: Sequence[tuple[str, str, str, BaseGeometry]], covers: Sequence[BaseGeometry]
) -> None:
    version = LayerVersion.objects.create(
        layer=layer,
        number=number,
        valid_from=since,
        instrument_ar=INSTRUMENT[0],
        instrument_en=INSTRUMENT[1],
        article_ar=ARTICLE[0],
        article_en=ARTICLE[1],
        is_assumption=True,
    )
    rows = [(LayerFeature(version=version, code=code, label_ar=ar, label_en=en), form) for code, ar, en, form in surfaces]
    rows += [(LayerFeature(version=version, is_coverage=True), form) for form in covers]
    for row, form in rows:
        row.put(shapes.take(form, SYSTEM), SYSTEM)
    LayerFeature.objects.bulk_create(row for row, _ in rows)
    LayerVersion.objects.filter(pk=version.pk).update(status=LayerStatus.IN_FORCE)  # what is in force takes no further surface
