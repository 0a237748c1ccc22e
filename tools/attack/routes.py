"""The portal's routes, and which of them an address belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from django.urls import Resolver404, URLResolver, get_resolver, resolve
from django.utils import translation

LANGUAGES = ("ar", "en")


def routes() -> dict[str, str]:
    """Route → who may open it (`municipality.accounts.access`), those under a language once for each."""
    found = {}
    for language in LANGUAGES:
        with translation.override(language):
            for route, pattern in _walk(get_resolver().url_patterns, ""):
                found[route] = getattr(pattern.callback, "portal_access", "")
    return found


def _walk(entries: Any, before: str) -> Iterator[tuple[str, Any]]:
    for entry in entries:
        route = before + str(entry.pattern).removeprefix("^")
        if isinstance(entry, URLResolver):
            yield from _walk(entry.url_patterns, route)
        else:
            yield route, entry


def is_plain(route: str) -> bool:
    """Whether the route is written with `<…>` and not as a regular expression."""
    return not re.search(r"[$|()]", route)


@cache
def of(path: str) -> tuple[str, str]:
    """Route and audience of an address; empty texts where none answers."""
    with translation.override("en" if path.startswith("/en/") else "ar"):
        try:
            match = resolve(path.partition("?")[0])
        except (Resolver404, ValueError):
            return "", ""
    return match.route, getattr(match.func, "portal_access", "")
