"""What happens when an edition is published: other parts register here what they do about a subject of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from municipality.kernel.registry import Registry

if TYPE_CHECKING:
    from municipality.rulebook.models import RuleSet

Reaction = Callable[["RuleSet"], None]

# By name: the subject of an edition, and what is called within the transaction that publishes one, in the order of registration.
# An exception of a reaction takes the publication back. Long work is enqueued there as a job.
REACTIONS: Registry[tuple[str, Reaction]] = Registry()


def react(ruleset: RuleSet) -> None:
    """Call what was registered for the subject of a published edition."""
    for subject, reaction in REACTIONS.values():
        if subject == ruleset.subject:
            reaction(ruleset)
