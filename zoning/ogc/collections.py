"""The two collections: plots, and surfaces of land use. A feature is a dictionary of GeoJSON (RFC 7946)."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import shapely
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text
from zoning.answer.queries import rules_on
from zoning.geometry import boxes
from zoning.geometry.shapes import geojson
from zoning.models import Layer, LayerFeature, LayerStatus, LayerVersion, PlotShape
from zoning.plots.queries import not_undone

Feature = dict[str, Any]
Period = tuple[dt.date | None, dt.date | None]  # first and last day, both inclusive; None is open
CHUNK = 500  # candidates that are read at a time


@dataclass(frozen=True)
class Collection:
    """A collection of features. `rows` are those that exist in a period, `features` the GeoJSON of some of them."""

    name: str
    title: Text
    description: Text
    filters: tuple[str, ...]  # query parameters that compare a property
    rows: Callable[[Period, dict[str, str]], QuerySet[Any]]
    features: Callable[[Sequence[Any]], list[Feature]]
    by_id: Callable[[str], Any]


COLLECTIONS: Registry[Collection] = Registry()


def page(rows: QuerySet[Any], box: boxes.Box | None, after: int, limit: int) -> tuple[list[Any], bool]:
    """The next rows in the order of their keys whose shape meets a box, and whether there are more."""
    found: list[Any] = []
    for row in _meeting(rows, box, after):
        if len(found) == limit:
            return found, True
        found.append(row)
    return found, False


def _meeting(rows: QuerySet[Any], box: boxes.Box | None, after: int) -> Iterator[Model]:
    edge = shapely.union_all([shapely.box(*half) for half in boxes.halves(box)]) if box is not None else None
    if box is not None:
        rows = boxes.meeting(rows, box)
    while True:
        candidates = list(rows.filter(pk__gt=after).order_by("pk")[:CHUNK])
        for row in candidates:
            if edge is None or row.shape.intersects(edge):
                yield row
        if len(candidates) < CHUNK:
            return
        after = candidates[-1].pk


def _valid(period: Period) -> Q:
    first, last = period
    condition = Q()
    if last is not None:
        condition &= Q(valid_from__lte=last)
    if first is not None:
        condition &= Q(valid_to__isnull=True) | Q(valid_to__gt=first)
    return condition


def _geometries(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in geojson(shapely.from_wkb([bytes(row.geometry) for row in rows]))]


def _feature(identity: str, geometry: dict[str, Any], properties: dict[str, Any]) -> Feature:
    return {"type": "Feature", "id": identity, "geometry": geometry, "properties": properties}


def _day(day: dt.date | None) -> str | None:
    return day.isoformat() if day is not None else None


def _plot_rows(period: Period, filters: dict[str, str]) -> QuerySet[PlotShape]:
    conditions = {f"plot__{name}": value for name, value in filters.items()}
    rows = PlotShape.objects.filter(_valid(period), not_undone(), **conditions)
    if period[0] is None or period[0] != period[1]:  # over an interval a plot may have several shapes; it is one feature, with the last
        rows = rows.exclude(Exists(rows.filter(plot=OuterRef("plot"), valid_from__gt=OuterRef("valid_from"))))
    return rows.select_related("plot__area")


def _plots(rows: Sequence[PlotShape]) -> list[Feature]:
    return [
        _feature(
            row.plot.public_id,
            geometry,
            {
                "governorate": row.plot.area.governorate_id,
                "area": row.plot.area_id,
                "area_ar": row.plot.area.name_ar,
                "area_en": row.plot.area.name_en,
                "block": row.plot.block,
                "number": row.plot.number,
                "official_area_m2": row.plot.official_area / 100 if row.plot.official_area is not None else None,
                "source_system": row.system,
                "valid_from": _day(row.valid_from),
                "valid_to": _day(row.valid_to),
            },
        )
        for row, geometry in zip(rows, _geometries(rows), strict=True)
    ]


def _plot(identity: str) -> PlotShape | None:
    return PlotShape.objects.filter(not_undone(), plot__public_id=identity).select_related("plot__area").order_by("-valid_from").first()


def _land_use_rows(period: Period, filters: dict[str, str]) -> QuerySet[LayerFeature]:
    first, last = period
    condition = ~Q(version__status=LayerStatus.PENDING) & Q(version__layer__kind=Layer.Kind.LAND_USE, is_coverage=False)
    if last is not None:
        condition &= Q(version__valid_from__lte=last)
    if first is not None:
        condition &= Q(version__valid_to__isnull=True) | Q(version__valid_to__gt=first)
    return LayerFeature.objects.filter(condition, **filters).select_related("version")


def _land_use(rows: Sequence[LayerFeature]) -> list[Feature]:
    last_days = {row.version_id: _last_day(row.version) for row in rows}
    editions = {day: rules_on(day) for day in set(last_days.values())}
    found = []
    for row, geometry in zip(rows, _geometries(rows), strict=True):
        edition = editions[last_days[row.version_id]]
        rule = edition.land.classes.get(row.code) if edition is not None and edition.land is not None else None
        properties = {
            "code": row.code,
            "name_ar": rule.name_ar if rule is not None else "",
            "name_en": rule.name_en if rule is not None else "",
            "layer": row.version.layer_id,
            "version": row.version.number,
            "instrument_ar": row.version.instrument_ar,
            "instrument_en": row.version.instrument_en,
            "article_ar": row.version.article_ar,
            "article_en": row.version.article_en,
            "valid_from": _day(row.version.valid_from),
            "valid_to": _day(row.version.valid_to),
        }
        found.append(_feature(str(row.pk), geometry, properties))
    return found


def _last_day(version: LayerVersion) -> dt.date:
    """Today, or the last day on which a version that ended was in force: whose rules name its classes."""
    today = clock.today()
    return today if version.valid_to is None else min(today, version.valid_to - dt.timedelta(days=1))


def _surface(identity: str) -> LayerFeature | None:
    if not identity.isascii() or not identity.isdigit() or len(identity) > 18:
        return None
    return _land_use_rows((None, None), {}).filter(pk=int(identity)).first()


COLLECTIONS.register(
    "plots",
    Collection(
        "plots",
        _("Plots"),
        _("The plots of the cadastre with their numbers. Without a time, those of today."),
        ("area", "block", "number"),
        _plot_rows,
        _plots,
        _plot,
    ),
)
COLLECTIONS.register(
    "land_use",
    Collection(
        "land_use",
        _("Land use"),
        _("Surfaces of land use by layer and version. Without a time, those of today."),
        ("code",),
        _land_use_rows,
        _land_use,
        _surface,
    ),
)
FILTERS = tuple(dict.fromkeys(name for one in COLLECTIONS.values() for name in one.filters))
