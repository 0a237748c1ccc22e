"""What applies on a shape on a day: of each layer the surfaces with square metres, or that nothing is known."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import shapely
from django.db.models import Q, QuerySet
from shapely.geometry.base import BaseGeometry

from municipality.kernel import clock
from zoning.geometry import boxes, measures
from zoning.models import Layer, LayerFeature, LayerStatus, LayerVersion

SLIVER_M2 = 0.5  # what two digitised outlines overlap by, or leave between them
SLIVER_SHARE = 0.001  # of the shape, for large ones


@dataclass(frozen=True)
class Surface:
    """The part of a shape with one code of a layer: square metres and share (0 to 1) of the shape."""

    code: str
    label_ar: str
    label_en: str
    square_metres: float
    share: float


@dataclass(frozen=True)
class LayerFinding:
    """What a layer says about a shape.

    `version` is None where the layer had none on the day. `unknown_share` is the part of the shape that it has no data for. `pending` is
    the first version that comes later, decided or loaded, and says something else. `ends_on` is the first day on which the version no
    longer applies, where that is decided and no other follows it. `contested_since` is the day since which a person contests it. `nearest`
    is the nearest object of a layer of objects.
    """

    layer: Layer
    version: LayerVersion | None = None
    surfaces: tuple[Surface, ...] = ()
    unknown_share: float = 1.0
    pending: LayerVersion | None = field(default=None)
    ends_on: dt.date | None = None
    contested_since: dt.date | None = None
    nearest: NearObject | None = None

    @property
    def standing(self) -> str:
        """`applies`, `does_not_apply` or `no_data`. What applies on a part applies, though the rest may be unknown."""
        if self.surfaces:
            return "applies"
        return "no_data" if self.version is None or self.unknown_share > 0 else "does_not_apply"

    @property
    def has_notes(self) -> bool:
        """Whether a change is announced, its end decided, or it is contested."""
        return bool(self.pending or self.ends_on or self.contested_since)


def in_force(day: dt.date) -> Q:
    """Versions that applied on a day, also those that were repealed since."""
    return ~Q(status=LayerStatus.PENDING) & Q(valid_from__lte=day) & (Q(valid_to__isnull=True) | Q(valid_to__gt=day))


def announced() -> Q:
    """Versions that wait to be put in force and were not refused."""
    return Q(status=LayerStatus.PENDING, load__refused_at__isnull=True)


def coming(day: dt.date) -> Q:
    """Versions that two people put in force and whose first day is still to come, after a day and after today."""
    return ~Q(status=LayerStatus.PENDING) & Q(valid_from__gt=max(day, clock.today()))


def catalogue(rows: QuerySet[Layer] | None = None) -> dict[str, Layer]:
    """All layers by code, in their order; `rows` are those asked for. A layer of which no version ever was in force is none yet."""
    layers = rows if rows is not None else Layer.objects.all()
    begun = LayerVersion.objects.exclude(status=LayerStatus.PENDING).values("layer")
    return {layer.pk: layer for layer in layers.filter(pk__in=begun).order_by("order", "code")}


@dataclass(frozen=True)
class LayersAround:
    """The versions of a day, also those that come later, and their surfaces on or near a shape by version."""

    versions: Sequence[LayerVersion]
    surfaces: Mapping[int, Sequence[LayerFeature]]


def around(shape: BaseGeometry, day: dt.date, catalogue: Mapping[str, Layer], distances: Mapping[str, float]) -> LayersAround:
    """What `findings` and `surroundings` need for a shape (WGS 84) on a day, in two statements; `distances` are metres by layer."""
    on = [layer.pk for layer in catalogue.values() if layer.kind != Layer.Kind.OBJECTS]
    versions = list(LayerVersion.objects.filter(announced() | coming(day) | in_force(day), layer__in={*on, *distances}))
    rows = boxes.meeting(LayerFeature.objects.filter(version__in=[one.pk for one in versions if one.layer_id in on]), shape.bounds)
    if distances:
        wide = measures.box_around(shape, max(distances.values()))
        rows |= boxes.meeting(LayerFeature.objects.filter(version__in=[one.pk for one in versions if one.layer_id in distances]), wide)
    surfaces: dict[int, list[LayerFeature]] = defaultdict(list)
    for row in rows.defer("original").order_by("pk"):
        surfaces[row.version_id].append(row)
    return LayersAround(versions, surfaces)


def findings(shape: BaseGeometry, day: dt.date, catalogue: Mapping[str, Layer], known: LayersAround | None = None) -> list[LayerFinding]:
    """What every layer of a catalogue says about a shape (WGS 84) on a day; not those of objects, which are asked for by distance."""
    known = known or around(shape, day, catalogue, {})
    applying = {version.layer_id: version for version in known.versions if applies(version, day)}
    later: dict[str, list[LayerVersion]] = defaultdict(list)
    for one in sorted(known.versions, key=lambda one: (one.valid_from, one.number)):
        if not applies(one, day):
            later[one.layer_id].append(one)
    whole = measures.area_m2(shape)
    found = []
    for layer in catalogue.values():
        if layer.kind == Layer.Kind.OBJECTS:
            continue
        version = applying.get(layer.pk)
        is_land_use = layer.kind == Layer.Kind.LAND_USE
        surfaces, unknown = _surfaces(shape, whole, known.surfaces[version.pk], is_land_use) if version is not None else ((), 1.0)
        said = _codes(surfaces)
        others = (one for one in later[layer.pk] if _codes(_surfaces(shape, whole, known.surfaces[one.pk], is_land_use)[0]) != said)
        ends_on = _ends_on(version, later[layer.pk]) if unknown < 1 else None
        found.append(LayerFinding(layer, version, surfaces, unknown, next(others, None), ends_on))
    return found


def applies(version: LayerVersion, day: dt.date) -> bool:
    """Whether a version of `around` is in force on its day, and not coming or only loaded."""
    return version.status != LayerStatus.PENDING and version.valid_from <= day


def _ends_on(version: LayerVersion | None, later: Sequence[LayerVersion]) -> dt.date | None:
    """The coming day on which a version ends without one that follows it on that day."""
    if version is None or version.valid_to is None or version.valid_to <= clock.today():
        return None
    is_followed = any(one.status != LayerStatus.PENDING and one.valid_from == version.valid_to for one in later)
    return None if is_followed else version.valid_to


def _surfaces(shape: BaseGeometry, whole: float, rows: Sequence[LayerFeature], is_land_use: bool) -> tuple[tuple[Surface, ...], float]:
    """The surfaces of one version on a shape, largest first, and the share of the shape that the version has no data for.

    `whole` is the area of the shape in square metres. Land that was surveyed and has no class of land use has no data.
    """
    parts: dict[tuple[str, str, str], list[BaseGeometry]] = defaultdict(list)
    covered: list[BaseGeometry] = []
    for row in rows:
        surface = row.shape
        part = shape if surface.contains(shape) else shape.intersection(surface)
        if row.is_coverage:
            covered.append(part)
        else:
            parts[(row.code, row.label_ar, row.label_en)].append(part)
    least = max(SLIVER_M2, whole * SLIVER_SHARE)
    sizes = {named: _area(shape, whole, shares) for named, shares in parts.items()}
    of_code: dict[str, float] = defaultdict(float)
    for named, size in sizes.items():
        of_code[named[0]] += size
    surfaces = [Surface(*named, size, size / whole) for named, size in sizes.items() if of_code[named[0]] >= least]
    if is_land_use and covered:
        surveyed, classed = _together(shape, covered), _together(shape, [part for shares in parts.values() for part in shares])
        covered = [classed if surveyed is shape else surveyed if classed is shape else surveyed.intersection(classed)]
    unknown = whole - _area(shape, whole, covered) if covered else whole
    return tuple(sorted(surfaces, key=lambda one: -one.square_metres)), unknown / whole if unknown >= least else 0.0


def _together(shape: BaseGeometry, parts: Sequence[BaseGeometry]) -> BaseGeometry:
    """Parts of a shape as one; most often one of them is all of it."""
    return shape if any(part is shape for part in parts) else shapely.union_all(parts)


def _area(shape: BaseGeometry, whole: float, parts: Sequence[BaseGeometry]) -> float:
    """Square metres of parts of a shape together; most often one of them is all of it."""
    return whole if any(part is shape for part in parts) else measures.area_m2(shapely.union_all(parts))


def _codes(surfaces: Sequence[Surface]) -> dict[tuple[str, str, str], float]:
    return {(one.code, one.label_ar, one.label_en): round(one.share, 3) for one in surfaces}


@dataclass(frozen=True)
class NearObject:
    """An object of a layer near a shape, with the shortest way between them."""

    feature: LayerFeature
    distance: measures.Distance


@dataclass(frozen=True)
class Surroundings:
    """The nearest object of a layer within a distance of a shape, and whether the layer has data for all of that surrounding."""

    is_known: bool = False
    nearest: NearObject | None = None


def surroundings(
    shape: BaseGeometry, distances: Mapping[str, float], day: dt.date, known: LayersAround | None = None
) -> dict[str, Surroundings]:
    """The surroundings of a shape (WGS 84) on a day by layer; `distances` are metres by layer."""
    known = known or around(shape, day, {}, distances)
    found = {layer: Surroundings() for layer in distances}
    for version in known.versions:
        if version.layer_id not in distances or not applies(version, day):
            continue
        metres, rows = distances[version.layer_id], known.surfaces[version.pk]
        covered = shapely.union_all([row.shape for row in rows if row.is_coverage])
        ways = [NearObject(row, measures.distance(shape, row.shape)) for row in rows if not row.is_coverage]
        within = [way for way in ways if way.distance.metres <= metres]
        found[version.layer_id] = Surroundings(
            bool(covered.contains(shapely.box(*measures.box_around(shape, metres)))),
            min(within, key=lambda way: way.distance.metres, default=None),
        )
    return found
