"""Messages about appeals; their texts are in templates/licensing/messages."""

from __future__ import annotations

from municipality.notifications.legal import OBJECTIONS
from municipality.notifications.registry import SAMPLE_DAY, CaseMessage


class AppealFiled(CaseMessage):
    kind = "licensing.appeal_filed"


class AppealAllowed(CaseMessage):
    """`reopens`: the request goes on; otherwise something else has come since the refusal."""

    kind = "licensing.appeal_allowed"
    legal = OBJECTIONS


class AppealLapsed(CaseMessage):
    """Nobody answered within the legal time, which counts as a refusal."""

    kind = "licensing.appeal_lapsed"
    legal = OBJECTIONS
    samples = {"court_until": SAMPLE_DAY}
