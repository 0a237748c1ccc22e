"""The events of a shop as its page displays them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.places.models import Area
from municipality.rulebook.models import Activity
from municipality.ui.templatetags.portal import term
from shops.models import EventKind, Shop, ShopEvent
from shops.register.addresses import address_texts


@dataclass(frozen=True)
class TimelineEntry:
    """One event of a shop."""

    event: ShopEvent
    activities: Mapping[str, Activity]
    areas: Mapping[int, Area]

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
        if self.event.kind == EventKind.MOVED:
            index = 0 if get_language() == "ar" else 1
            return _arrow(*(self._address(data[side])[index] for side in ("before", "after")))
        if self.event.kind in (EventKind.MERGED, EventKind.SPLIT):
            names = data["names"]
            return term(names[0] if get_language() == "ar" else names[1] or names[0])
        return ""

    def _address(self, place: Mapping[str, Any]) -> tuple[str, str]:
        columns = {name: value for name, value in place.items() if name != "area_id"}
        return address_texts(Shop(area=self.areas[place["area_id"]], **columns))


def entries(events: Sequence[ShopEvent]) -> list[TimelineEntry]:
    """The entries of events, with the activities and areas that they name: at most two queries."""
    activities = {event.data[side] for event in events if event.kind == EventKind.ACTIVITY_CHANGED for side in event.data}
    areas = {event.data[side]["area_id"] for event in events if event.kind == EventKind.MOVED for side in ("before", "after")}
    names, places = Activity.objects.in_bulk(activities), Area.objects.in_bulk(areas)
    return [TimelineEntry(event, names, places) for event in events]


def _pair(before: Sequence[str], after: Sequence[str], index: int) -> SafeString:
    return _arrow(before[index] or before[0], after[index] or after[0])


def _arrow(before: str, after: str) -> SafeString:
    return format_html("{}: {} · {}: {}", _("before"), term(before), _("since then"), term(after))
