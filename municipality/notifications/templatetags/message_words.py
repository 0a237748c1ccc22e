"""Filters for message templates (a field of a row in the active language) and for pages that show stored texts."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()

_ARABIC_RUN = re.compile("([\u0600-\u06ff]+(?:[ \u0600-\u06ff]*[\u0600-\u06ff])?)")
# References, addresses and Latin names: words of Latin letters and digits that hold at least one letter or a hyphen.
_LATIN_WORD = r"(?=[\w.@:/&-]*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9_.@:/&-]*[A-Za-z0-9/])?"
_LATIN_RUN = re.compile(f"({_LATIN_WORD}(?: {_LATIN_WORD})*)", re.ASCII)


@register.filter
def words(row: Any, name: str) -> Any:
    """`{{ shop|words:"name" }}` is `shop.name_ar` in Arabic and `shop.name_en` in English."""
    return getattr(row, f"{name}_{'en' if (get_language() or 'ar').startswith('en') else 'ar'}")


@register.filter
def marked(text: str) -> SafeString:
    """A stored text as HTML paragraphs, with runs in the other script (references, names) in `<bdi>`."""
    paragraphs = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    return format_html_join("", "<p>{}</p>", ((_lines(part),) for part in paragraphs))


@register.filter
def marked_line(text: str) -> SafeString:
    """One line of a stored text as HTML, with runs in the other script in `<bdi>`."""
    is_english = (get_language() or "ar").startswith("en")
    parts = (_ARABIC_RUN if is_english else _LATIN_RUN).split(text)
    wrap = '<bdi lang="ar" data-term>{}</bdi>' if is_english else '<bdi dir="ltr">{}</bdi>'
    # split() with one group returns texts at even indexes and the matched runs at odd ones
    return format_html_join(
        "", "{}", ((format_html(wrap, part) if index % 2 else conditional_escape(part),) for index, part in enumerate(parts))
    )


def _lines(text: str) -> SafeString:
    return format_html_join(mark_safe("<br>"), "{}", ((marked_line(line),) for line in text.strip().splitlines()))
