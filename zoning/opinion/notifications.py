"""Messages about opinions; their texts are in templates/zoning/messages."""

from __future__ import annotations

import datetime as dt

from municipality.notifications.models import Channel
from municipality.notifications.registry import MessageKind

_DAY = dt.date(2027, 11, 24)


class _AboutOpinion(MessageKind):
    page = "/cases/{case.public_id}/"


class OpinionSubmitted(_AboutOpinion):
    kind = "zoning.opinion_submitted"
    samples = {"until": _DAY}


class OpinionPaid(_AboutOpinion):
    """A text message: the payment sends the e-mail."""

    channels = (Channel.SMS,)
    kind = "zoning.opinion_paid"
    samples = {"due_on": _DAY}


class OpinionSigned(_AboutOpinion):
    """The planner, and where needed a second person, signed; the sealed opinion follows."""

    kind = "zoning.opinion_signed"


class OpinionIssued(_AboutOpinion):
    kind = "zoning.opinion_issued"


class OpinionLapsed(_AboutOpinion):
    """Closed without payment, or without an answer to corrections."""

    kind = "zoning.opinion_lapsed"
    is_legal = True


class OpinionHeld(_AboutOpinion):
    """The bank took the payment back."""

    kind = "zoning.opinion_held"
    is_legal = True


class OpinionPaidAgain(_AboutOpinion):
    kind = "zoning.opinion_paid_again"
