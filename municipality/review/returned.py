"""Cases that came back to their officer without an answer: the second signature sent the proposal back, or the time to answer is over."""

from __future__ import annotations

from municipality.review.models import QueueEntry, QueueEntryEvent

MOVES = ("return", "go_on")


def is_returned(entry: QueueEntry) -> bool:
    """Whether a case lies with its officer since it came back by one of `MOVES`."""
    return entry.last_event is not None and entry.last_event.move in MOVES


def returned_by(entry: QueueEntry) -> QueueEntryEvent | None:
    """The event by which a case came back by one of `MOVES`, until its officer has acted on it; None otherwise."""
    last = entry.last_event
    if last is None or is_returned(entry):
        return last
    if last.move != "take_up":
        return None
    before = QueueEntryEvent.objects.filter(subject=entry, pk__lt=last.pk).order_by("-pk").first()
    return before if before is not None and before.move in MOVES else None
