"""Messages about objections to opinions; their texts are in templates/zoning/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from municipality.notifications.legal import OBJECTIONS
from municipality.notifications.registry import SAMPLE_DAY, MessageKind


class _AboutObjection(MessageKind):
    def path(self, context: Mapping[str, Any]) -> str:
        return f"/cases/{context['case'].public_id}/"


class OpinionObjectionFiled(_AboutObjection):
    kind = "zoning.objection_filed"


class OpinionObjectionUpheld(_AboutObjection):
    """A new opinion replaces the old one, or the question is studied anew; the page says which."""

    kind = "zoning.objection_upheld"
    legal = OBJECTIONS


class OpinionObjectionLapsed(_AboutObjection):
    """Nobody answered within the legal time, which counts as a refusal."""

    kind = "zoning.objection_lapsed"
    legal = OBJECTIONS
    samples = {"court_until": SAMPLE_DAY}
