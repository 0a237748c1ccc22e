"""Messages about drafts; the texts are in templates/drafts/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from municipality.drafts.registry import DRAFT_KINDS
from municipality.notifications.registry import MessageKind


class DraftReminder(MessageKind):
    kind = "drafts.reminder"
    samples = {"until": dt.date(2027, 11, 24)}

    def path(self, context: Mapping[str, Any]) -> str:
        return DRAFT_KINDS[context["draft"].service].path(context["draft"])
