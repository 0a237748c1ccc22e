"""A document in XML, and the same in JSON.

A document is a dict or a list under the name of its root. The JSON is the Spark transform of the XML: a wrapper whose children are all
alike is a list, and the root is left out. An empty element is null.
"""

from __future__ import annotations

import json
import re
from typing import Any
from xml.sax.saxutils import escape

TYPES = {"xml": "text/xml; charset=utf-8", "json": "application/json; charset=utf-8"}
# The wrappers of lists, and the name of each of their children.
CHILDREN = {
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "notes": "note",
    "media_urls": "media_url",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
# What XML 1.0 cannot hold, and lone surrogates, which UTF-8 cannot.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>\n'


def clean(text: str) -> str:
    """The text without characters that XML cannot hold."""
    return _ILLEGAL.sub("", text)


def form_of(path: str) -> str:
    """The format that the end of a path asks for; XML where it names none."""
    return "json" if path.endswith(".json") else "xml"


def render(form: str, root: str, content: Any) -> bytes:
    """The document in `xml` or `json`."""
    text = json.dumps(_plain(content), ensure_ascii=False) if form == "json" else f"{_DECLARATION}{_element(root, content)}\n"
    return text.encode()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return clean(str(value)) or None


def _element(name: str, value: Any) -> str:
    inner = _inner(name, value)
    return f"<{name}>{inner}</{name}>" if inner else f"<{name}/>"


def _inner(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):
        return "".join(_element(child, part) for child, part in value.items())
    if isinstance(value, list):
        return "".join(_element(CHILDREN[name], part) for part in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    # A bare carriage return would be read as a line feed.
    return escape(clean(str(value)), {"\r": "&#13;"})
