"""A file with the surfaces of a version of a layer, read and checked as a whole: it comes in whole or not at all."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from municipality.imports import sheets
from municipality.kernel import arabic
from municipality.kernel.sheets import text_of
from zoning.geometry import shapes
from zoning.geometry.shapes import BadShape, Kept
from zoning.imports import problems, reader
from zoning.imports.columns import LAYER_COLUMNS
from zoning.models import Layer

MAX_BYTES = 25 * 1024 * 1024
MAX_ROWS = 10_000  # read and written in one request
_CODE = re.compile(r"[A-Za-z0-9_-]{1,30}")
_YES, _NO = {"1", "true", "yes", "t", "y", "نعم"}, {"", "0", "false", "no", "f", "n", "لا"}
_TOO_BIG = _("The file is larger than 25 MB, or too large when it is unpacked. Please simplify the outlines of its surfaces.")
_FILE: dict[str, Any] = {
    "empty": _("The file holds no surface. Please export the layer again."),
    "too_many_lines": _("The file holds more than 10,000 surfaces. Please join those with the same code."),
    "too_big": _TOO_BIG,
    "zip_size": _TOO_BIG,
    "layers": _("The GeoPackage must hold one layer, the surfaces. Please export that layer alone."),
    "computed": _("The GeoPackage holds views or computed columns. Please export the layer of surfaces itself into a new file."),
    "json_kind": _("This JSON is no collection of GeoJSON features (FeatureCollection). Please export the layer of surfaces as GeoJSON."),
}
SENTENCES: dict[str, Any] = {
    **problems.LINE,
    "code": _("A code has Latin letters, digits, dashes and underscores, thirty at most."),
    "code_of_coverage": _("A surveyed surface has no code. Please empty the code, or the mark of the surveyed surface."),
    "coverage": _("The mark of a surveyed surface is 1 or 0, or yes or no."),
    "empty": _("The row has no shape. Please draw it, or take the row out."),
    "malformed": _("The shape of the row cannot be read. Please export the layer again."),
    "no_polygon": _("The shape of the row is a point or a line. Please export surfaces."),
    "too_many_points": _("The outline has more than 100,000 points. Please simplify it and export the layer again."),
    "not_finite": _("The outline holds a coordinate that is no number. Please repair the shape."),
    "outside": _("The shape lies outside Kuwait. Please compare the reference system of the file with that of its coordinates."),
}


class LayerNotReadable(problems.NotReadable):
    """The file of a layer cannot be read at all."""

    sentences: ClassVar[dict[str, Any]] = {**problems.FILE, **_FILE}


@dataclass(frozen=True)
class ReadSurface:
    """A row of a file: a surveyed surface without a code, or a surface with its code and name."""

    code: str
    label_ar: str
    label_en: str
    kept: Kept

    @property
    def is_coverage(self) -> bool:
        return not self.code


@dataclass
class LayerFile:
    """What a file holds. `found` are [row, column, code of SENTENCES]; `repaired` are rows whose outline crossed itself."""

    content: bytes
    system: str
    surfaces: list[ReadSurface] = field(default_factory=list)
    found: list[tuple[int, str, str]] = field(default_factory=list)
    repaired: list[int] = field(default_factory=list)

    @property
    def has_coverage(self) -> bool:
        return any(one.is_coverage for one in self.surfaces)

    def counts(self) -> dict[str, int]:
        """Surfaces by code."""
        return dict(Counter(one.code for one in self.surfaces if not one.is_coverage))


def read(content: bytes, kind: str) -> LayerFile:
    """Read a file for a layer of a kind (`Layer.Kind`); rows are numbered from 1. Raises LayerNotReadable."""
    if len(content) > MAX_BYTES:
        raise LayerNotReadable("too_big")
    try:
        with reader.opened(content, whole=True, columns=LAYER_COLUMNS) as source:
            if not 0 < source.count <= MAX_ROWS:
                raise LayerNotReadable("too_many_lines" if source.count else "empty")
            file = LayerFile(content, source.system)
            for line, (values, geometry) in enumerate(source.rows(0), 1):
                _add(file, line, values, geometry, needs_names=kind != Layer.Kind.LAND_USE)
    except sheets.NotReadable as error:
        raise LayerNotReadable(error.code, **error.facts) from error
    return file


def _add(file: LayerFile, line: int, values: Mapping[str, Any], geometry: Any, *, needs_names: bool) -> None:
    found: list[tuple[str, str]] = []
    texts = {name: _text(found, name, values.get(name), 160 if name.startswith("label") else 60) for name in LAYER_COLUMNS.names}
    mark, code = arabic.fold(texts["coverage"].removesuffix(".0")).lower(), texts["code"]
    if mark not in {arabic.fold(one) for one in _YES | _NO}:
        found.append(("coverage", "coverage"))
    elif mark in {arabic.fold(one) for one in _YES}:
        if code:
            found.append(("code", "code_of_coverage"))
    elif not code:
        found.append(("code", "missing"))
    elif not _CODE.fullmatch(code):
        found.append(("code", "code"))
    elif needs_names:
        found += [(name, "missing") for name in ("label_ar", "label_en") if not texts[name]]
    try:
        kept = shapes.take_binary(geometry, file.system)
    except BadShape as bad:
        found.append(("", bad.code))
    else:
        if kept.was_repaired:
            file.repaired.append(line)
        file.surfaces.append(ReadSurface(code, texts["label_ar"] if code else "", texts["label_en"] if code else "", kept))
    file.found += [(line, column, problem) for column, problem in found]


def _text(found: list[tuple[str, str]], column: str, value: Any, most: int) -> str:
    text, problem = text_of("" if value is None else str(value), most)
    if problem:
        found.append((column, problem))
    return text
