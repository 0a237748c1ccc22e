"""What other apps register about editions: handlers of their publication, what a draft would do to open requests, highest limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

if TYPE_CHECKING:
    from municipality.rulebook.models import RuleSet

PublicationHandler = Callable[["RuleSet"], None]

# By name: the subject of an edition, and its handler, called in the transaction of the publication in the order of registration.
# An exception rolls the publication back. Handlers enqueue long work as a job.
PUBLICATION_HANDLERS: Registry[tuple[str, PublicationHandler]] = Registry()


@dataclass(frozen=True)
class DraftEffect:
    """How many open requests or plots a draft would touch, or leave as they are, when it is published."""

    label: Text
    count: int


# By name: the effects of a draft, for its page and the page that publishes it; empty where its subject does not concern the app.
DRAFT_EFFECTS: Registry[Callable[[RuleSet], list[DraftEffect]]] = Registry()


# By `<subject>:<code>`: the highest value that a limit may have, where a higher one would meet a guard of the database.
HIGHEST: Registry[int] = Registry()


def call_handlers(ruleset: RuleSet) -> None:
    """Call the handlers of the subject of a published edition."""
    for subject, handler in PUBLICATION_HANDLERS.values():
        if subject == ruleset.subject:
            handler(ruleset)
