"""What happens when an edition is published: other parts register here what they do about a subject of theirs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from municipality.rulebook.models import RuleSet

Reaction = Callable[["RuleSet"], None]

_reactions: dict[str, list[Reaction]] = {}


def on_publish(subject: str, reaction: Reaction) -> None:
    """Call `reaction(ruleset)` within the transaction that publishes an edition of `subject`; once however often registered.

    An exception of a reaction takes the publication back. Long work is promised there as a job.
    """
    held = _reactions.setdefault(subject, [])
    if reaction not in held:
        held.append(reaction)


def react(ruleset: RuleSet) -> None:
    """Call what was registered for the subject of a published edition, in the order of registration."""
    for reaction in _reactions.get(ruleset.subject, ()):
        reaction(ruleset)
