"""Messages to the applicant of a reviewed case; the texts are in templates/review/messages."""

from __future__ import annotations

import datetime as dt

from municipality.notifications.registry import MessageKind
from municipality.review.models import CorrectionRound
from municipality.review.states import QueueEntryState

_DAY = dt.date(2027, 11, 24)


class _AboutCase(MessageKind):
    page = "/cases/{case.public_id}/"


class InReview(_AboutCase):
    """An officer has taken up the case. `due_on` is the promised day, or None."""

    kind = "review.in_review"
    samples = {"due_on": _DAY}


class Overtaken(_AboutCase):
    """A later case was handed out first. `reason` is the published one, bilingual."""

    kind = "review.overtaken"


class CorrectionsAsked(_AboutCase):
    """`items` is the numbered list of corrections, bilingual."""

    kind = "review.corrections_asked"
    is_legal = True
    asks_for_answer = True
    samples = {"until": _DAY}

    def is_unanswered(self, subject_key: str) -> bool:
        rounds = CorrectionRound.objects.filter(answered_at__isnull=True, case__place__state=QueueEntryState.AWAY)
        return rounds.filter(case__public_id=subject_key.partition(":")[2]).exists()


class Accepted(_AboutCase):
    """The bill is ready. `note` is bilingual and may be empty."""

    kind = "review.accepted"


class RefusedByOfficer(_AboutCase):
    """`reason` is the coded text with its article and note, bilingual."""

    kind = "review.refused"
    is_legal = True
    samples = {"until": _DAY}


class Escalated(_AboutCase):
    kind = "review.escalated"
    samples = {"due_on": _DAY, "level": 1}


class PromiseMoved(_AboutCase):
    kind = "review.promise_moved"
    samples = {"before_day": _DAY, "after_day": dt.date(2027, 11, 25)}


class Reminded(MessageKind):
    """To an officer: a `supervisor` of the branch asks them to go on with what waits."""

    kind = "review.reminded"
    must_reach = False
    page = "/admin/"
