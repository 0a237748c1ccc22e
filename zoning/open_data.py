"""Plots and surfaces of land use as sets of the open data. Owners are in neither."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any, TypeVar

import shapely
from django.utils.translation import gettext_lazy as _

from municipality.kernel.open_data import DatasetField, OpenSet
from zoning.answer.queries import rules_on
from zoning.answer.survey import parts_of
from zoning.geometry import boxes, measures, shapes
from zoning.layers.queries import in_force
from zoning.models import Layer, LayerFeature, LayerVersion, Plot, PlotShape
from zoning.plots.queries import period

T = TypeVar("T")
CHUNK = 500  # rows in memory at a time

_CODE = _("Name of the code.")
_SAME = _("The code stands in the list of codes of the public interface.")
_MIDDLE = _("Of a point on it, in degrees, WGS 84; null without an outline.")
_OUTLINE = DatasetField(
    "outline", "text", _("Outline"), _("As a geometry, in degrees, WGS 84, rounded to a centimetre; null where it is not known."), "", True
)
PLOT_COLUMNS: tuple[DatasetField, ...] = (
    DatasetField("id", "text", _("Identifier of the plot"), _("Part of the address of its page; a plot keeps it when it ends.")),
    DatasetField("governorate", "text", _("Code of the governorate"), _SAME),
    DatasetField("governorate_ar", "text", _("Governorate in Arabic"), _CODE),
    DatasetField("governorate_en", "text", _("Governorate in English"), _CODE),
    DatasetField("area", "integer", _("Code of the area"), _SAME),
    DatasetField("area_ar", "text", _("Area in Arabic"), _CODE),
    DatasetField("area_en", "text", _("Area in English"), _CODE),
    DatasetField("block", "text", _("Block"), _("Number of the block in its area.")),
    DatasetField("number", "text", _("Plot"), _("Number of the plot in its block; it may hold letters.")),
    DatasetField(
        "official_area_m2", "number", _("Official area"), _("Of the cadastre, in square metres; null where it has none."), "", True
    ),
    DatasetField("latitude", "number", _("Latitude"), _MIDDLE, "", True),
    DatasetField("longitude", "number", _("Longitude"), _MIDDLE, "", True),
    DatasetField(
        "land_use",
        "text",
        _("Land use"),
        _("Codes of the set of land use with a space between them, largest part first; empty without data."),
    ),
    DatasetField(
        "land_use_version", "text", _("Version of the layer"), _("Layer and number of the version from which the land use is taken.")
    ),
    DatasetField("valid_from", "day", _("From"), _("Day from which the plot exists under this number.")),
    _OUTLINE,
)
LAND_USE_COLUMNS: tuple[DatasetField, ...] = (
    DatasetField("id", "text", _("Identifier of the surface"), _("That of the map service; another version of the layer has other ones.")),
    DatasetField("layer", "text", _("Code of the layer"), _("As in the map service.")),
    DatasetField("layer_ar", "text", _("Layer in Arabic"), _CODE),
    DatasetField("layer_en", "text", _("Layer in English"), _CODE),
    DatasetField("version", "integer", _("Version of the layer"), _("Only the version in force on the day of the file is in it.")),
    DatasetField("code", "text", _("Code of the land use"), _("Class of the rules on land use.")),
    DatasetField("name_ar", "text", _("Land use in Arabic"), _("Name of the code; empty where the rules of the day do not have it.")),
    DatasetField("name_en", "text", _("Land use in English"), _("Name of the code; empty where the rules of the day do not have it.")),
    DatasetField("instrument_ar", "text", _("Legal text in Arabic"), _("By which the version is in force.")),
    DatasetField("instrument_en", "text", _("Legal text in English"), _("By which the version is in force.")),
    DatasetField("article_ar", "text", _("Article in Arabic"), _("Of the legal text.")),
    DatasetField("article_en", "text", _("Article in English"), _("Of the legal text.")),
    DatasetField(
        "is_assumption", "choice", _("Assumption"), _("Whether the planners have not confirmed the version yet."), choices=("yes", "no")
    ),
    DatasetField("valid_from", "day", _("From"), _("First day of the version.")),
    _OUTLINE,
)


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    source = iter(rows)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _versions(day: dt.date) -> list[LayerVersion]:
    """The versions of land use in force on a day, by layer."""
    rows = LayerVersion.objects.filter(in_force(day), layer__kind=Layer.Kind.LAND_USE).select_related("layer")
    return list(rows.order_by("layer__order", "layer_id"))


def plot_rows(day: dt.date) -> Iterator[Sequence[Any]]:
    """The row of each plot of a day in the order of PLOT_COLUMNS, by area and block; a chunk costs three statements and one an area."""
    versions = _versions(day)
    plots = Plot.objects.filter(period(day)).select_related("area__governorate").order_by("area_id", "block", "pk")
    for chunk in _chunks(plots.iterator(chunk_size=CHUNK)):
        outlines = {row.plot_id: bytes(row.geometry) for row in PlotShape.objects.filter(period(day), plot__in=chunk).defer("original")}
        for _area, here in groupby(chunk, lambda plot: plot.area_id):
            yield from _plots(list(here), outlines, versions)


def _plots(plots: Sequence[Plot], outlines: dict[int, bytes], versions: Sequence[LayerVersion]) -> Iterator[Sequence[Any]]:
    known = [plot.pk for plot in plots if plot.pk in outlines]
    polygons = shapely.from_wkb([outlines[pk] for pk in known])
    places = dict(zip(known, shapely.get_coordinates(shapely.point_on_surface(polygons)).round(7).tolist(), strict=True))
    texts = dict(zip(known, shapes.geojson(polygons), strict=True))
    uses = dict(zip(known, _land_use(polygons, versions), strict=True)) if known else {}
    for plot in plots:
        area, place = plot.area, places.get(plot.pk, (None, None))
        yield (
            plot.public_id,
            area.governorate_id,
            area.governorate.name_ar,
            area.governorate.name_en,
            area.pk,
            area.name_ar,
            area.name_en,
            plot.block,
            plot.number,
            plot.official_area / 100 if plot.official_area is not None else None,
            place[1],
            place[0],
            *uses.get(plot.pk, ("", "")),
            plot.valid_from.isoformat(),
            texts.get(plot.pk),
        )


def _land_use(polygons: Any, versions: Sequence[LayerVersion]) -> list[tuple[str, str]]:
    """The codes of the land use of each polygon, largest first, and the versions that say so."""
    box: Any = tuple(shapely.total_bounds(polygons).tolist())
    rows = boxes.meeting(LayerFeature.objects.filter(version__in=versions, is_coverage=False).defer("original"), box)
    features = list(rows.order_by("pk"))
    stretch = measures.metres_per_degree((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    found: list[tuple[list[str], list[str]]] = [([], []) for _ in polygons]
    for version in versions:
        parts = parts_of(polygons, [[row for row in features if row.version_id == version.pk]], stretch)
        for (codes, said), here in zip(found, parts, strict=True):
            named = [part.land_class for part in here if part.land_class]
            codes += named
            said += [f"{version.layer_id}/{version.number}"] if named else []
    return [(" ".join(codes), " ".join(said)) for codes, said in found]


def land_use_rows(day: dt.date) -> Iterator[Sequence[Any]]:
    """The row of each surface of land use in force on a day, in the order of LAND_USE_COLUMNS."""
    edition = rules_on(day)
    classes = edition.land.classes if edition is not None and edition.land is not None else {}
    versions = {version.pk: version for version in _versions(day)}
    rows = LayerFeature.objects.filter(version__in=versions, is_coverage=False).defer("original").order_by("version_id", "pk")
    for chunk in _chunks(rows.iterator(chunk_size=CHUNK)):
        texts = shapes.geojson(shapely.from_wkb([bytes(row.geometry) for row in chunk]))
        for row, outline in zip(chunk, texts, strict=True):
            version, named = versions[row.version_id], classes.get(row.code)
            yield (
                str(row.pk),
                version.layer_id,
                version.layer.name_ar,
                version.layer.name_en,
                version.number,
                row.code,
                named.name_ar if named is not None else "",
                named.name_en if named is not None else "",
                version.instrument_ar,
                version.instrument_en,
                version.article_ar,
                version.article_en,
                "yes" if version.is_assumption else "no",
                version.valid_from.isoformat(),
                outline,
            )


PLOTS = OpenSet(
    "plots",
    title=_("Plots"),
    about=_("Every plot with its number, official area, outline and land use; without its owner."),
    counted=_("Plots"),
    keywords=(_("plots"), _("cadastre"), _("land use")),
    theme="REGI",
    columns=PLOT_COLUMNS,
    rows=plot_rows,
)
LAND_USE = OpenSet(
    "land_use",
    title=_("Layers of land use"),
    about=_("The surfaces of land use in force, with the version of their layer and its legal text."),
    counted=_("Surfaces"),
    keywords=(_("land use"), _("zoning")),
    theme="REGI",
    columns=LAND_USE_COLUMNS,
    rows=land_use_rows,
)
