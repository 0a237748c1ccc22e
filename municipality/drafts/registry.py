"""How a kept request is named and where it goes on: the services above register here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from municipality.drafts.models import Draft


@dataclass(frozen=True)
class Kept:
    """`title` answers the Arabic and the English name of what is asked for; `path` the page to go on with, without the language."""

    service: str
    title: Callable[[Draft], tuple[str, str]]
    path: Callable[[Draft], str]


KEPT: dict[str, Kept] = {}


def keeps(entry: Kept) -> None:
    """Register a service whose requests are kept; called from an app's `ready`. A second registration is a programming error."""
    if KEPT.setdefault(entry.service, entry) != entry:
        raise ValueError(f"kept requests of {entry.service} are registered already")
