"""Codes of the record in words for staff. Each app says its own in its `admin`; a gate asks that none is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

CODE_LABELS: dict[str, Any] = {}


def label_codes(words: Mapping[str, Any]) -> None:
    """Declare the words of codes: of an action, a job, a message, a role, a reason. Raises ValueError for two words of one code."""
    for code, word in words.items():
        if CODE_LABELS.setdefault(code, word) is not word:
            raise ValueError(f"the code {code} has two words")


def label_of(code: Any, *details: Any) -> SafeString | str:
    """The word of a code, or the code itself marked as data; `details` (keys, numbers) follow as data."""
    if code in (None, ""):
        return "—"
    said = format_html("{}", CODE_LABELS[code]) if code in CODE_LABELS else format_html('<bdi dir="ltr">{}</bdi>', code)
    for detail in details:
        said += format_html(' <bdi dir="ltr">{}</bdi>', detail)
    return said


def moved(source: Any, target: Any) -> SafeString:
    """From one state to another, in the direction in which the admin is read; the first state comes from nowhere."""
    return format_html("{} ← {}", source, target) if source else format_html("{}", target)
