"""Handlers that other apps register for the publication of an edition."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from municipality.kernel.registry import Registry

if TYPE_CHECKING:
    from municipality.rulebook.models import RuleSet

PublicationHandler = Callable[["RuleSet"], None]

# By name: the subject of an edition, and its handler, called in the transaction of the publication in the order of registration.
# An exception rolls the publication back. Handlers enqueue long work as a job.
PUBLICATION_HANDLERS: Registry[tuple[str, PublicationHandler]] = Registry()


def call_handlers(ruleset: RuleSet) -> None:
    """Call the handlers of the subject of a published edition."""
    for subject, handler in PUBLICATION_HANDLERS.values():
        if subject == ruleset.subject:
            handler(ruleset)
