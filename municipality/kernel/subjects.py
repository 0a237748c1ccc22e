"""Keys of the subjects of audit events, cases and blocks: `shop:<public id>`."""

from __future__ import annotations

import re
from typing import NamedTuple

_KEY = re.compile(r"(?P<kind>[a-z_]+):(?P<id>[A-Za-z0-9_-]+)")


class SubjectKey(NamedTuple):
    kind: str
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


def parse(text: str) -> SubjectKey:
    """Raises ValueError for anything that is not `kind:id`."""
    match = _KEY.fullmatch(text)
    if not match:
        raise ValueError(f"not a subject key: {text!r}")
    return SubjectKey(match["kind"], match["id"])
