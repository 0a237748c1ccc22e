"""What is said about the files of each set: JSON schemas, the data dictionary, and how the newest edition stands."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import translation

from municipality.kernel import clock
from shops.models.open_data import Edition
from shops.open_data import feed
from shops.open_data.formats import MEDIA_TYPES, PACKED
from shops.registry import OPEN_SETS, Field, OpenSet

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "day": {"type": "string", "format": "date", "pattern": _DAY},
}
_IN_CSV = {"text": "", "integer": r"^-?[0-9]+$", "number": r"^-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?$", "day": _DAY}


def newest(key: str = "shops") -> Edition | None:
    """The edition of a set that readers are led to."""
    return Edition.objects.filter(dataset=key).order_by("-pk").first()


def set_of(name: str) -> OpenSet | None:
    """The set that a file belongs to by its name."""
    return OPEN_SETS.get(name.partition(".")[0])


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


def in_both(name: str, text: Any) -> dict[str, str]:
    """A text in both languages, each by the name with its language."""
    return {f"{name}_{language}": said for language, said in both(text).items()}


def dictionary(one: OpenSet) -> list[dict[str, Any]]:
    """Every column of a set with its words in both languages."""
    return [
        {
            "name": field.name,
            "type": field.kind,
            "nullable": field.may_be_null,
            "choices": list(field.choices),
            **in_both("label", field.label),
            **in_both("note", field.note),
        }
        for field in one.columns
    ]


def _property(field: Field) -> dict[str, Any]:
    said = {"type": "string", "enum": list(field.choices)} if field.choices else dict(_TYPES[field.kind])
    if field.may_be_null:
        said = {"anyOf": [said, {"type": "null"}]}
    return {**said, "title": both(field.label)["en"], "description": both(field.note)["en"]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _row(one: OpenSet) -> dict[str, Any]:
    return _object({field.name: _property(field) for field in one.columns})


def _csv_row(one: OpenSet) -> dict[str, Any]:
    """A row as a reader of CSV has it: texts only, an empty one for null."""
    properties: dict[str, Any] = {}
    for field in one.columns:
        pattern = f"^({'|'.join(field.choices)})$" if field.choices else _IN_CSV[field.kind]
        properties[field.name] = {"type": "string"}
        if pattern:
            properties[field.name]["pattern"] = f"^$|{pattern}" if field.may_be_null else pattern
    return _object(properties)


def _features(one: OpenSet) -> dict[str, Any]:
    numbers = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    point = _object({"type": {"const": "Point"}, "coordinates": numbers})
    feature = _object(
        {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {"anyOf": [point, {"type": "null"}]},
            "properties": _row(one),
        }
    )
    texts = ("as_of", "cursor", "licence") if one.has_changes else ("as_of", "licence")
    members = {"type": {"const": "FeatureCollection"}, **{name: {"type": "string"} for name in texts}}
    return _object({**members, "features": {"type": "array", "items": feature}})


_SCHEMAS = {"jsonl": _row, "csv": _csv_row, "geojson": _features}


def schema_name(key: str, form: str) -> str:
    """The name of the schema of a format."""
    return f"{key}.{form}.schema.json"


def schema(name: str) -> dict[str, Any] | None:
    """A JSON schema by its name: of a line of JSON Lines, of a row of CSV, of a GeoJSON as a whole. None for another name."""
    one = set_of(name)
    form = name.partition(".")[2].partition(".")[0]
    if one is None or form not in one.formats or name != schema_name(one.key, form):
        return None
    return {"$schema": DRAFT, "$id": address(name), **_SCHEMAS[form](one)}


def listing() -> dict[str, Any]:
    """How the open data stand, for machines."""
    return {"licence": settings.OPEN_DATA_LICENCE_URL, "sets": [_listed(one) for one in OPEN_SETS.values()]}


def _listed(one: OpenSet) -> dict[str, Any]:
    edition = newest(one.key)
    return {
        "key": one.key,
        **in_both("title", one.title),
        **in_both("about", one.about),
        "as_of": edition.as_of if edition else None,
        "stale": is_stale(edition),
        "rows": edition.rows if edition else 0,
        "cursor": feed.token_of(edition.cursor) if edition and edition.cursor is not None else None,
        "changes": f"{settings.PORTAL_URL}/api/v1/changes/" if one.has_changes else None,
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
                "schema": address(schema_name(one.key, said["format"])),
            }
            for said in (edition.files if edition else [])
        ],
        "dictionary": dictionary(one),
    }
