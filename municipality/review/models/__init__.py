"""The queue, rounds of corrections, decisions and clocks."""

from municipality.review.models.clock import Clock, Escalation
from municipality.review.models.desk import CheckAnswer, CorrectionItem, CorrectionRound, Decision
from municipality.review.models.queue import Assignment, Override, Party, QueueEntry, QueueEntryEvent
from municipality.review.models.staff import Absence, ConflictOfInterest, Skill

__all__ = [
    "Absence",
    "Assignment",
    "CheckAnswer",
    "Clock",
    "ConflictOfInterest",
    "CorrectionItem",
    "CorrectionRound",
    "Decision",
    "Escalation",
    "Override",
    "Party",
    "QueueEntry",
    "QueueEntryEvent",
    "Skill",
]
