"""The conformance classes, and the interface in OpenAPI 3.0."""

from __future__ import annotations

from typing import Any

from zoning.ogc.collections import COLLECTIONS
from zoning.ogc.parameters import LIMIT, MOST

_CLASSES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
CONFORMANCE = (f"{_CLASSES}/core", f"{_CLASSES}/oas30", f"{_CLASSES}/geojson")
_ERRORS = {"400": {"description": "A parameter is wrong; the body says which."}, "429": {"description": "Too many requests."}}


def _operation(name: str, summary: str, media_type: str, parameters: list[dict[str, Any]], *, is_found: bool = False) -> dict[str, Any]:
    answers: dict[str, Any] = {"200": {"description": "OK", "content": {media_type: {"schema": {"type": "object"}}}}, **_ERRORS}
    if is_found:
        answers["404"] = {"description": "There is none."}
    return {"get": {"operationId": name, "summary": summary, "parameters": parameters, "responses": answers}}


def _query(name: str, text: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": text, "schema": schema, **more}


def description(server: str) -> dict[str, Any]:
    """The OpenAPI document. `server` is the address of the landing page without its slash."""
    numbers = {"type": "array", "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}], "items": {"type": "number"}}
    common = [
        _query("bbox", "West, south, east, north in degrees of WGS 84.", numbers, style="form", explode=False),
        _query("datetime", "An instant or an interval of RFC 3339; without it, today.", {"type": "string"}),
        _query("limit", "Features of a page.", {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}),
        _query("after", "From the link to the next page.", {"type": "integer"}),
    ]
    paths: dict[str, Any] = {
        "/": _operation("landing", "Where everything is", "application/json", []),
        "/conformance": _operation("conformance", "Conformance classes", "application/json", []),
        "/api": _operation("description", "This document", "application/vnd.oai.openapi+json;version=3.0", []),
        "/collections": _operation("collections", "Every collection", "application/json", []),
    }
    identity = {"name": "featureId", "in": "path", "required": True, "schema": {"type": "string"}}
    for name, one in COLLECTIONS.items():
        own = [_query(text, "Exactly this value.", {"type": "string", "maxLength": 30}) for text in one.filters]
        base = f"/collections/{name}"
        paths[base] = _operation(f"collection_{name}", f"The collection {name}", "application/json", [])
        paths[f"{base}/items"] = _operation(f"items_{name}", f"Features of {name}", "application/geo+json", [*common, *own])
        paths[f"{base}/items/{{featureId}}"] = _operation(
            f"item_{name}", f"One feature of {name}", "application/geo+json", [identity], is_found=True
        )
    info = {"title": "Plots of Kuwait Municipality", "version": "1", "description": "OGC API - Features, Part 1."}
    return {"openapi": "3.0.3", "info": info, "servers": [{"url": server}], "paths": paths}
