"""Messages about corrections and replies; their texts are in templates/shops/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from municipality.notifications.registry import MessageKind


class PageRequestSent(MessageKind):
    """To the sender of a correction or a reply (`is_reply`): its reference and the promised day."""

    kind = "shops.page_request_sent"
    samples: ClassVar[Mapping[str, Any]] = {"due_on": dt.date(2027, 11, 24)}
    page = "/cases/{case.public_id}/"


class CorrectionMade(MessageKind):
    """To the sender of a correction: what the register says now. `fact` and `value` are bilingual, as `note`, which may be empty."""

    kind = "shops.correction_made"
    page = "/cases/{case.public_id}/"


class PageCorrected(MessageKind):
    """To the holder: an officer accepted a correction of the shop."""

    kind = "shops.page_corrected"
    page = "/shops/{shop.public_id}/"
