"""Messages of zoning; their texts are in templates/zoning/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from municipality.notifications.registry import MessageKind


class ContestSent(MessageKind):
    """To the person: the number of the contest, and the day by which planners decide."""

    kind = "zoning.contest_sent"
    samples: ClassVar[Mapping[str, Any]] = {"contest.due_on": dt.date(2027, 11, 24)}
    page = "/zoning/contests/{contest.public_id}/"


class ContestDecided(MessageKind):
    """To the person: whether the contest was upheld."""

    kind = "zoning.contest_decided"
    page = "/zoning/contests/{contest.public_id}/"
