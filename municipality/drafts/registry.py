"""Names and pages of drafts, registered by the services."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from municipality.drafts.models import Draft
from municipality.kernel.registry import Registry

# What each of several drafts is about, in Arabic and English, by its primary key; without those that their person may not send any more.
Abouts = Callable[[Sequence[Draft]], Mapping[int, tuple[str, str]]]


@dataclass(frozen=True)
class DraftKind:
    """`name`: the request in Arabic and English; `path(draft)`: the page that continues it, without the language.

    `has_obligation`: its service names the draft itself among what its person has to do. `is_personal`: nobody else continues it.
    """

    name: tuple[str, str]
    abouts: Abouts
    path: Callable[[Draft], str]
    has_obligation: bool = False
    is_personal: bool = False

    def title(self, draft: Draft) -> tuple[str, str] | None:
        """The Arabic and the English title of one draft; None where its person may not send it any more."""
        about = self.abouts([draft]).get(draft.pk)
        return (f"{self.name[0]}، {about[0]}", f"{self.name[1]}, {about[1]}") if about is not None else None


# By the code of the workflow.
DRAFT_KINDS: Registry[DraftKind] = Registry()
