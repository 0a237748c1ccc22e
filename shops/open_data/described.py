"""What is said about the files: JSON schemas, the data dictionary, and how the newest edition stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import translation

from municipality.kernel import clock
from shops.open_data import feed
from shops.open_data.models import Edition
from shops.open_data.table import FIELDS, Field
from shops.open_data.writing import MEDIA_TYPES, PACKED

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "day": {"type": "string", "format": "date", "pattern": _DAY},
}
_IN_CSV = {"text": "", "integer": r"^-?[0-9]+$", "number": r"^-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?$", "day": _DAY}


def newest() -> Edition | None:
    """The edition that readers are led to."""
    return Edition.objects.order_by("-pk").first()


def is_stale(edition: Edition | None) -> bool:
    """Whether a night has failed: there is no edition, or the newest is older than it may be."""
    return edition is None or clock.now() - edition.as_of > dt.timedelta(seconds=settings.OPEN_DATA_STALE_SECONDS)


def address(name: str, edition: Edition | None = None) -> str:
    """Where a file is read: the newest of its name, or that of one edition."""
    return f"{settings.PORTAL_URL}/open-data/{f'{edition.folder}/' if edition else ''}{name}"


def both(text: Any) -> dict[str, str]:
    """A text in both languages."""
    said = {}
    for language in ("ar", "en"):
        with translation.override(language):
            said[language] = str(text)
    return said


def dictionary() -> list[dict[str, Any]]:
    """Every column with its words in both languages."""
    return [
        {
            "name": field.name,
            "type": field.kind,
            "nullable": field.may_be_null,
            "choices": list(field.choices),
            **{f"label_{language}": text for language, text in both(field.label).items()},
            **{f"note_{language}": text for language, text in both(field.note).items()},
        }
        for field in FIELDS
    ]


def _property(field: Field) -> dict[str, Any]:
    said = {"type": "string", "enum": list(field.choices)} if field.choices else dict(_TYPES[field.kind])
    if field.may_be_null:
        said = {"anyOf": [said, {"type": "null"}]}
    return {**said, "title": both(field.label)["en"], "description": both(field.note)["en"]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _row() -> dict[str, Any]:
    return _object({field.name: _property(field) for field in FIELDS})


def _csv_row() -> dict[str, Any]:
    """A row as a reader of CSV has it: texts only, an empty one for null."""
    properties: dict[str, Any] = {}
    for field in FIELDS:
        pattern = f"^({'|'.join(field.choices)})$" if field.choices else _IN_CSV[field.kind]
        properties[field.name] = {"type": "string"}
        if pattern:
            properties[field.name]["pattern"] = f"^$|{pattern}" if field.may_be_null else pattern
    return _object(properties)


def _features() -> dict[str, Any]:
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    point = _object({"type": {"const": "Point"}, "coordinates": numbers})
    feature = _object(
        {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {"anyOf": [point, {"type": "null"}]},
            "properties": _row(),
        }
    )
    members = {"type": {"const": "FeatureCollection"}, **{name: {"type": "string"} for name in ("as_of", "cursor", "licence")}}
    return _object({**members, "features": {"type": "array", "items": feature}})


def schemas() -> dict[str, dict[str, Any]]:
    """The JSON schema of each format by the name of its file: of a line of JSON Lines, of a row of CSV, of the GeoJSON as a whole."""
    made = {"jsonl": _row(), "csv": _csv_row(), "geojson": _features()}
    return {
        f"shops.{form}.schema.json": {"$schema": DRAFT, "$id": address(f"shops.{form}.schema.json"), **schema}
        for form, schema in made.items()
    }


def listing() -> dict[str, Any]:
    """How the open data stand, for machines."""
    edition = newest()
    return {
        "as_of": edition.as_of if edition else None,
        "stale": is_stale(edition),
        "rows": edition.rows if edition else 0,
        "cursor": feed.token_of(edition.cursor) if edition else None,
        "changes": f"{settings.PORTAL_URL}/api/v1/changes/",
        "licence": settings.OPEN_DATA_LICENCE_URL,
        "files": [
            {
                "name": said["name"],
                "format": said["format"],
                "media_type": PACKED if said["is_compressed"] else MEDIA_TYPES[said["format"]],
                "is_compressed": said["is_compressed"],
                "bytes": said["bytes"],
                "sha256": said["sha256"],
                "url": address(said["name"]),
                "edition_url": address(said["name"], edition),
                "schema": address(f"shops.{said['format']}.schema.json"),
            }
            for said in (edition.files if edition else [])
        ],
        "dictionary": dictionary(),
    }
