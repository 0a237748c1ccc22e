"""Proposals that the second signature sent back to their officer."""

from __future__ import annotations

from municipality.review.models import QueueEntry, QueueEntryEvent


def is_returned(entry: QueueEntry) -> bool:
    """Whether a case lies with its officer since the second signature sent the proposal back."""
    return entry.last_event is not None and entry.last_event.move == "return"


def returned_by(entry: QueueEntry) -> QueueEntryEvent | None:
    """The event by which the second signature sent the proposal of a case back, until its officer has acted on it; None otherwise."""
    last = entry.last_event
    if last is None or is_returned(entry):
        return last
    if last.move != "take_up":
        return None
    before = QueueEntryEvent.objects.filter(subject=entry, pk__lt=last.pk).order_by("-pk").first()
    return before if before is not None and before.move == "return" else None
