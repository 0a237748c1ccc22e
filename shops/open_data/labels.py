"""How the type of a change reads."""

from __future__ import annotations

from typing import Any

from shops.models import EventKind
from shops.models.open_data import OTHER_TYPES


def word_of(kind: str) -> Any:
    """The word of a type in the language of the page; the type itself where it is not known any more."""
    words: dict[str, Any] = {**dict(EventKind.choices), **OTHER_TYPES}
    return words.get(kind, kind)
