"""How a kept request is named and where it goes on: the services above register here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from municipality.drafts.models import Draft
from municipality.kernel.registry import Registry


@dataclass(frozen=True)
class DraftKind:
    """`title` answers the Arabic and the English name of what is asked for; `path` the page to go on with, without the language."""

    title: Callable[[Draft], tuple[str, str]]
    path: Callable[[Draft], str]


# By the code of the workflow.
DRAFT_KINDS: Registry[DraftKind] = Registry()
