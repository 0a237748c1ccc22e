"""Titles and pages of drafts, registered by the services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from municipality.drafts.models import Draft
from municipality.kernel.registry import Registry


@dataclass(frozen=True)
class DraftKind:
    """`title` returns the Arabic and the English title of a draft, `path` the page that continues it, without the language."""

    title: Callable[[Draft], tuple[str, str]]
    path: Callable[[Draft], str]


# By the code of the workflow.
DRAFT_KINDS: Registry[DraftKind] = Registry()
