"""Messages about opinions, and the letter to consulted bodies; their texts are in templates/zoning/messages."""

from __future__ import annotations

from municipality.kernel import clock
from municipality.notifications.legal import LAPSED, TAKEN_BACK
from municipality.notifications.models import Channel
from municipality.notifications.registry import SAMPLE_DAY, CaseMessage, LetterKind
from municipality.rulebook import land
from municipality.rulebook import queries as rulebook
from zoning.models import Consultation


class OpinionSubmitted(CaseMessage):
    kind = "zoning.opinion_submitted"
    samples = {"until": SAMPLE_DAY}


class OpinionPaid(CaseMessage):
    """A text message: the payment sends the e-mail."""

    channels = (Channel.SMS,)
    kind = "zoning.opinion_paid"
    samples = {"due_on": SAMPLE_DAY}


class OpinionSigned(CaseMessage):
    """The planner, and where needed a second person, signed; the sealed opinion follows."""

    kind = "zoning.opinion_signed"


class OpinionIssued(CaseMessage):
    kind = "zoning.opinion_issued"


class OpinionLapsed(CaseMessage):
    """Closed without payment, or without an answer to corrections."""

    kind = "zoning.opinion_lapsed"
    legal = LAPSED


class OpinionHeld(CaseMessage):
    """The bank took the payment back; `is_over`: its study has ended without an opinion, or the last day of the opinion is over."""

    kind = "zoning.opinion_held"
    legal = TAKEN_BACK


class OpinionPaidAgain(CaseMessage):
    """Paid once more after a reversal: in force again, or its last day is over meanwhile (`is_over`)."""

    kind = "zoning.opinion_paid_again"


class ConsultationLetter(LetterKind):
    """The question to a consulted body, with the day until which it can answer."""

    kind = "zoning.consultation"
    roles = ("planner",)

    def stands(self, key: str) -> bool:
        return Consultation.objects.filter(pk=int(key), answer="", opinion__case__is_open=True).exists()

    def awaits(self, key: str) -> bool:
        """Locks the body, so that it is not recorded as silent meanwhile."""
        rows = Consultation.objects.select_for_update(of=("self",)).filter(pk=int(key), answer="", silent_at__isnull=True)
        return rows.filter(opinion__case__is_open=True).first() is not None

    def address(self, code: str) -> str:
        return next((body.email for body in rulebook.edition(land.BODIES, clock.today()).bodies if body.code == code and body.email), "")
