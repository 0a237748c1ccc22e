"""Every route of the portal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

LANGUAGES = ("ar", "en")


def patterns() -> dict[str, URLPattern]:
    """Every route of the portal with its pattern, those under a language once for each."""
    found: dict[str, URLPattern] = {}
    for language in LANGUAGES:
        with translation.override(language):
            found |= dict(_walk(get_resolver().url_patterns, ""))
    return found


def _walk(entries: Any, before: str) -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        route = before + str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, route)
        else:
            yield route, entry
