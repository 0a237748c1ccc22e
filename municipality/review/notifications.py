"""Messages to the applicant of a reviewed case, and to staff; the texts are in templates/review/messages."""

from __future__ import annotations

import datetime as dt

from municipality.notifications.legal import CORRECTIONS, REFUSALS
from municipality.notifications.models import Channel
from municipality.notifications.registry import SAMPLE_DAY, CaseMessage, MessageKind
from municipality.review.models import CorrectionRound
from municipality.review.states import QueueEntryState


class InReview(CaseMessage):
    """An officer has taken up the case. `due_on` is the promised day, or None."""

    kind = "review.in_review"
    samples = {"due_on": SAMPLE_DAY}


class Overtaken(CaseMessage):
    """A later case was handed out first. `reason` is the published one, bilingual."""

    kind = "review.overtaken"


class CorrectionsAsked(CaseMessage):
    """`items` is the numbered list of corrections, bilingual. `refused_after`: the last day of a legal time that runs on, or None."""

    kind = "review.corrections_asked"
    legal = CORRECTIONS
    asks_for_answer = True
    samples = {"until": SAMPLE_DAY, "refused_after": None}

    def is_unanswered(self, subject_key: str) -> bool:
        rounds = CorrectionRound.objects.filter(answered_at__isnull=True, closed_at__isnull=True, case__place__state=QueueEntryState.AWAY)
        return rounds.filter(case__public_id=subject_key.partition(":")[2]).exists()


class Accepted(CaseMessage):
    """The bill is ready (`has_bill`), or nothing is to be paid (`is_free`). `note` is bilingual and may be empty."""

    kind = "review.accepted"


class RefusedByOfficer(CaseMessage):
    """`reason` is the coded text with its article and note, bilingual."""

    kind = "review.refused"
    legal = REFUSALS
    samples = {"until": SAMPLE_DAY}


class Escalated(CaseMessage):
    kind = "review.escalated"
    samples = {"due_on": SAMPLE_DAY, "level": 1}


class EscalatedToStaff(MessageKind):
    """To the supervisors of the branch, from level 2 also to the auditors: a request is past its promised time. Without its facts."""

    kind = "review.escalated_to_staff"
    channels = (Channel.EMAIL,)
    must_reach = False
    page = "/admin/desk/{case.public_id}/"
    samples = {"due_on": SAMPLE_DAY, "level": 1}


class PromiseMoved(CaseMessage):
    kind = "review.promise_moved"
    samples = {"before_day": SAMPLE_DAY, "after_day": dt.date(2027, 11, 25)}


class Reminded(MessageKind):
    """To an officer: a `supervisor` of the branch asks them to go on with what waits."""

    kind = "review.reminded"
    must_reach = False
    page = "/admin/"
