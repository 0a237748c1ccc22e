"""The events of a shop as its page displays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.rulebook.models import Activity
from municipality.ui.templatetags.portal import term
from shops.models import EventKind, ShopEvent


@dataclass(frozen=True)
class TimelineEntry:
    """One event of a shop."""

    event: ShopEvent
    activities: Mapping[str, Activity]

    @property
    def label(self) -> str:
        return str(self.event.get_kind_display())

    @property
    def detail(self) -> Any:
        """The values before and after the event."""
        data = self.event.data
        if self.event.kind == EventKind.RENAMED:
            index = 0 if get_language() == "ar" else 1
            return _pair(data["before"], data["after"], index)
        if self.event.kind == EventKind.ACTIVITY_CHANGED:
            name = "name_ar" if get_language() == "ar" else "name_en"
            texts = [getattr(self.activities.get(data[side]), name, "") for side in ("before", "after")]
            return _arrow(*texts)
        if self.event.kind in (EventKind.MERGED, EventKind.SPLIT):
            names = data["names"]
            return term(names[0] if get_language() == "ar" else names[1] or names[0])
        return ""


def _pair(before: Sequence[str], after: Sequence[str], index: int) -> SafeString:
    return _arrow(before[index] or before[0], after[index] or after[0])


def _arrow(before: str, after: str) -> SafeString:
    return format_html("{}: {} · {}: {}", _("before"), term(before), _("since then"), term(after))
