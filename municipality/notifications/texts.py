"""Values in both languages, rendering of message templates, and links into the portal."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template import Context, Engine
from django.urls import Resolver404, resolve
from django.utils import translation
from django.utils.html import strip_tags

LANGUAGES = ("ar", "en")
_LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"']+", re.IGNORECASE)


@dataclass(frozen=True)
class Bilingual:
    """A value in both languages, such as the trade name of a shop."""

    ar: str
    en: str

    def in_language(self, language: str) -> str:
        return self.ar if language == "ar" else self.en


def in_both(text: Callable[[], object]) -> Bilingual:
    """What `text` returns in each language, without its HTML."""
    found = []
    for language in LANGUAGES:
        with translation.override(language):
            found.append(html.unescape(strip_tags(str(text()))))
    return Bilingual(*found)


def render(template: str, context: Mapping[str, Any], language: str) -> str:
    """Render a text template in one language, without HTML escaping, stripped. Raises TemplateDoesNotExist."""
    for name, value in context.items():
        if isinstance(value, Bilingual):
            context = {**context, name: value.in_language(language)}
    with translation.override(language):
        return Engine.get_default().get_template(template).render(_context(context)).strip()


def _context(context: Mapping[str, Any]) -> Context:
    values = Context(autoescape=False)
    values.dicts.append(context)
    values.push()  # template tags that set a name must not change the caller's mapping
    return values


def page_path(path: str, language: str) -> str:
    """The path of a page, with the language prefix where the page has one (not /verify/…)."""
    if not path:
        return ""
    with translation.override(language):
        try:
            resolve(f"/{language}{path}")
        except Resolver404:
            return path
    return f"/{language}{path}"


def link(path: str, language: str) -> str:
    """The full address of a page of the portal; empty for no page."""
    return f"{settings.PORTAL_URL}{page_path(path, language)}" if path else ""


def foreign_links(text: str) -> list[str]:
    """Addresses in a text that do not lead to the portal; messages may not contain any."""
    own = urlsplit(settings.PORTAL_URL)
    return [a for a in _LINK.findall(text) if (urlsplit(a).scheme, urlsplit(a).netloc) != (own.scheme, own.netloc)]
