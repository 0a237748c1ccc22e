"""Metadata of the files of each dataset: JSON schemas, the data dictionary, and the newest edition."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings
from django.utils import translation

from municipality.kernel import clock
from municipality.kernel.open_data import OPEN_SETS, DatasetField, OpenSet
from shops.models.open_data import Edition
from shops.open_data import feed
from shops.open_data.formats import MEDIA_TYPES, PACKED

DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "day": {"type": "string", "format": "date", "pattern": _DAY},
}
_IN_CSV = {"text": "", "integer": r"^-?[0-9]+$", "number": r"^-?[0-9]+(\.[0-9]+)?(e-?[0-9]+)?$", "day": _DAY}


def newest_edition(key: str = "shops") -> Edition | None:
    """The newest edition of a dataset."""
    return Edition.objects.filter(dataset=key).order_by("-pk").first()


def dataset_of(name: str) -> OpenSet | None:
    """The dataset of a file name."""
    return OPEN_SETS.get(name.partition(".")[0])


def is_stale(edition: Edition | None) -> bool:
    """Whether there is no edition, or the newest one is too old because a night failed."""
    return edition is None or clock.now() - edition.as_of > dt.timedelta(seconds=settings.OPEN_DATA_STALE_SECONDS)


def address(name: str, edition: Edition | None = None) -> str:
    """The URL of the newest file of a name, or of that of one edition."""
    return f"{settings.PORTAL_URL}/open-data/{f'{edition.folder}/' if edition else ''}{name}"


def in_both_languages(text: Any) -> dict[str, str]:
    """A text in both languages."""
    described = {}
    for language in ("ar", "en"):
        with translation.override(language):
            described[language] = str(text)
    return described


def keyed_by_language(name: str, text: Any) -> dict[str, str]:
    """A text in both languages, with the language after the key."""
    return {f"{name}_{language}": described for language, described in in_both_languages(text).items()}


def dictionary(dataset: OpenSet) -> list[dict[str, Any]]:
    """Every column of a dataset with its texts in both languages."""
    return [
        {
            "name": field.name,
            "type": field.kind,
            "nullable": field.may_be_null,
            "choices": list(field.choices),
            **keyed_by_language("label", field.label),
            **keyed_by_language("note", field.note),
        }
        for field in dataset.columns
    ]


def _property(field: DatasetField) -> dict[str, Any]:
    described = {"type": "string", "enum": list(field.choices)} if field.choices else dict(_TYPES[field.kind])
    if field.may_be_null:
        described = {"anyOf": [described, {"type": "null"}]}
    return {**described, "title": in_both_languages(field.label)["en"], "description": in_both_languages(field.note)["en"]}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _row(dataset: OpenSet) -> dict[str, Any]:
    return _object({field.name: _property(field) for field in dataset.columns})


def _csv_row(dataset: OpenSet) -> dict[str, Any]:
    """A row of CSV: strings only, empty for null."""
    properties: dict[str, Any] = {}
    for field in dataset.columns:
        pattern = f"^({'|'.join(field.choices)})$" if field.choices else _IN_CSV[field.kind]
        properties[field.name] = {"type": "string"}
        if pattern:
            properties[field.name]["pattern"] = f"^$|{pattern}" if field.may_be_null else pattern
    return _object(properties)


def _nested(items: dict[str, Any], depth: int) -> dict[str, Any]:
    return {"type": "array", "items": _nested(items, depth - 1)} if depth else items


def _features(dataset: OpenSet) -> dict[str, Any]:
    place: dict[str, Any] = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    kinds = {"Point": 0}
    if dataset.has_outline:
        kinds = {"Polygon": 2, "MultiPolygon": 3}
    geometries = [_object({"type": {"const": kind}, "coordinates": _nested(place, depth)}) for kind, depth in kinds.items()]
    feature = _object(
        {
            "type": {"const": "Feature"},
            "id": {"type": "string"},
            "geometry": {"anyOf": [*geometries, {"type": "null"}]},
            "properties": _object({field.name: _property(field) for field in dataset.columns if field.name != "outline"}),
        }
    )
    texts = ("as_of", "cursor", "licence") if dataset.has_changes else ("as_of", "licence")
    members = {"type": {"const": "FeatureCollection"}, **{name: {"type": "string"} for name in texts}}
    return _object({**members, "features": {"type": "array", "items": feature}})


_SCHEMAS = {"jsonl": _row, "csv": _csv_row, "geojson": _features}


def schema_name(key: str, form: str) -> str:
    """The name of the schema of a format."""
    return f"{key}.{form}.schema.json"


def schema(name: str) -> dict[str, Any] | None:
    """The JSON schema with a name: of a line of JSON Lines, a row of CSV, or a GeoJSON file. None for other names."""
    dataset = dataset_of(name)
    form = name.partition(".")[2].partition(".")[0]
    if dataset is None or form not in dataset.formats or name != schema_name(dataset.key, form):
        return None
    return {"$schema": DRAFT, "$id": address(name), **_SCHEMAS[form](dataset)}


def listing() -> dict[str, Any]:
    """All datasets for the API."""
    return {"licence": settings.OPEN_DATA_LICENCE_URL, "sets": [_dataset(dataset) for dataset in OPEN_SETS.values()]}


def _dataset(dataset: OpenSet) -> dict[str, Any]:
    edition = newest_edition(dataset.key)
    return {
        "key": dataset.key,
        **keyed_by_language("title", dataset.title),
        **keyed_by_language("about", dataset.about),
        "as_of": edition.as_of if edition else None,
        "stale": is_stale(edition),
        "rows": edition.rows if edition else 0,
        "cursor": feed.token_of(edition.cursor) if edition and edition.cursor is not None else None,
        "changes": f"{settings.PORTAL_URL}/api/v1/changes/" if dataset.has_changes else None,
        "files": [
            {
                "name": described["name"],
                "format": described["format"],
                "media_type": PACKED if described["is_compressed"] else MEDIA_TYPES[described["format"]],
                "is_compressed": described["is_compressed"],
                "bytes": described["bytes"],
                "sha256": described["sha256"],
                "url": address(described["name"]),
                "edition_url": address(described["name"], edition),
                "schema": address(schema_name(dataset.key, described["format"])),
            }
            for described in (edition.files if edition else [])
        ],
        "dictionary": dictionary(dataset),
    }
