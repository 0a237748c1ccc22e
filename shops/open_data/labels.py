"""Labels of the types of changes."""

from __future__ import annotations

from typing import Any

from shops.models import EventKind
from shops.models.open_data import OTHER_TYPES


def label_of(kind: str) -> Any:
    """The label of a type in the active language; the type itself if unknown."""
    labels: dict[str, Any] = {**dict(EventKind.choices), **OTHER_TYPES}
    return labels.get(kind, kind)
