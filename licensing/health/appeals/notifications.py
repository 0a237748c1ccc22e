"""Messages about appeals; their texts are in templates/licensing/messages."""

from __future__ import annotations

import datetime as dt

from municipality.notifications.registry import MessageKind

_DAY = dt.date(2027, 11, 24)


class _AboutAppeal(MessageKind):
    page = "/cases/{case.public_id}/"


class AppealFiled(_AboutAppeal):
    kind = "licensing.appeal_filed"
    samples = {"until": _DAY}


class AppealAllowed(_AboutAppeal):
    """`reopens`: the request goes on; otherwise another one is under way already."""

    kind = "licensing.appeal_allowed"
    is_legal = True


class AppealLapsed(_AboutAppeal):
    """Nobody answered within the legal time, which counts as a refusal."""

    kind = "licensing.appeal_lapsed"
    is_legal = True
    samples = {"court_until": _DAY}
