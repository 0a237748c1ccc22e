"""Messages about delegations and assistance; their texts are in templates/delegation/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from municipality.notifications.models import Channel
from municipality.notifications.registry import SAMPLE_DAY, MessageKind


class _OfDelegation(MessageKind):
    samples: ClassVar[Mapping[str, Any]] = {"until": SAMPLE_DAY}
    page = "/delegations/{delegation.public_id}/"


class DelegationOffered(_OfDelegation):
    """To the delegate: a delegation was offered."""

    kind = "delegation.delegation_offered"


class DelegationAccepted(_OfDelegation):
    """To the giver: the delegate accepted."""

    kind = "delegation.delegation_accepted"


class DelegationOver(_OfDelegation):
    """To the other party: how the delegation ended."""

    kind = "delegation.delegation_over"


class AssistanceBegun(MessageKind):
    """To the person: a member of staff acts for them with their code."""

    kind = "delegation.assistance_begun"
    samples: ClassVar[Mapping[str, Any]] = {"until": dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)}
    page = "/delegations/"


class AssistedAct(MessageKind):
    """To the person: what a member of staff did for them, one message an act."""

    kind = "delegation.assisted_act"
    channels = (Channel.EMAIL, Channel.SMS)
    page = "/cases/{case.public_id}/"
