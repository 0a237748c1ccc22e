"""The facts of an extract as JSON and as XML; both hold the same values."""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from django.conf import settings

from municipality.documents.models import Document

NAMESPACE = "urn:kuwait-municipality:plot-extract:1"
# The name of an entry of a list in XML; entries of other lists are called `point` or `ring`.
_ENTRIES = {
    "paci_numbers": "paci_number",
    "origins": "origin",
    "layers": "layer",
    "parts": "part",
    "limits": "limit",
    "answers": "answer",
    "grounds": "ground",
    "editions": "edition",
    "neighbours": "neighbour",
}


def data_of(document: Document) -> dict[str, Any]:
    """The facts with number, code and check address: ISO 8601 days, metres, WGS 84 as longitude and latitude."""
    return {
        "document": document.kind,
        "number": document.number,
        "verification_code": document.code,
        "verification_url": f"{settings.PORTAL_URL}/verify/{document.code}",
        **document.facts,
    }


def as_json(document: Document) -> bytes:
    """The extract as JSON (RFC 8259)."""
    return json.dumps(data_of(document), ensure_ascii=False, indent=1).encode()


def as_xml(document: Document) -> bytes:
    """The extract as XML 1.0 in `NAMESPACE`; an element without content is a value that is not known."""
    root = Element("extract", {"xmlns": NAMESPACE})
    _append(root, data_of(document))
    indent(root)
    return tostring(root, encoding="utf-8", xml_declaration=True)


def _append(parent: Element, value: Any, name: str = "") -> None:
    if isinstance(value, dict):
        for key, entry in value.items():
            _append(SubElement(parent, key), entry, key)
    elif isinstance(value, list) and len(value) == 2 and all(isinstance(part, float) for part in value):
        parent.text = f"{value[0]} {value[1]}"
    elif isinstance(value, list):
        for entry in value:
            is_point = isinstance(entry, list) and bool(entry) and isinstance(entry[0], float)
            _append(SubElement(parent, _ENTRIES.get(name, "point" if is_point else "ring")), entry)
    elif value is not None:
        parent.text = str(value)
