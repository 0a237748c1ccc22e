"""Files of surfaces, and versions that are loaded from them."""

from __future__ import annotations

import json
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from zoning.layers import reading, services
from zoning.models import Layer, LayerVersion


def surfaces(*rows: tuple[str, BaseGeometry | None], **more: Any) -> bytes:
    """A GeoJSON of surfaces by code; an empty code is a surveyed surface. `more` are further properties of each."""
    features = []
    for code, shape in rows:
        names = {"label_ar": "اسم", "label_en": code.title()} if code else {}
        properties = {"code": code, "coverage": "" if code else "1", **names, **more}
        geometry = json.loads(shapely.to_geojson(shape)) if shape is not None else None
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def texts(first: Any, **more: Any) -> dict[str, Any]:
    names = ("instrument_ar", "instrument_en", "article_ar", "article_en")
    return {**dict.fromkeys(names, "قرار 12"), "valid_from": first, "is_assumption": False, **more}


def loaded(layer: str, content: bytes, first: Any, by: Any, *, is_whole: bool = False) -> LayerVersion:
    row = Layer.objects.get(pk=layer)
    file = reading.read(content, row.kind)
    return services.load(layer=row, file=file, name="طبقة.geojson", texts=texts(first), is_whole=is_whole, loaded_by=by)
