"""The rows of My shops, with the cells as HTML: a list has hundreds of them, and a template takes several times as long for each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from municipality.ui.templatetags.portal import bilingual, day, ref, tag

if TYPE_CHECKING:
    from municipality.cases.panels import PanelLine
    from municipality.ui.texts import Text
    from shops.public_page.holdings import Holding


class Cells:
    """Turns shops with their lines into variables of a template. The labels are looked up once for the whole list."""

    def __init__(self) -> None:
        self.page, self.entrance_sheet, self.hours = _("Public page"), _("Door sign to print"), _("Opening hours")
        self.acts, self.file = _("Change, transfer or cancel the licence, or a duplicate"), _("Licence")
        self.workers, self.block = _("Workers"), _("block")
        self.no_step = format_html('<span class="kp-soft">{}</span>', _("No step now"))

    def rows(self, listed: Sequence[Holding]) -> list[dict[str, Any]]:
        """A dictionary for each shop, which templates read faster than an object."""
        return [self._row(one) for one in listed]

    def _row(self, one: Holding) -> dict[str, Any]:
        shop = one.shop
        name, address = conditional_escape(bilingual(shop, "name")), [shop.public_id]
        links = [
            _link(reverse("shops:shop", args=address), self.page, name),
            _link(reverse("shops:entrance_sheet", args=address), self.entrance_sheet, name),
        ]
        if one.may_state_hours:
            links.append(_link(reverse("shops:hours", args=address), self.hours, name))
        activity, area = bilingual(shop.activity, "name"), bilingual(shop.area, "name")
        about = format_html("{} · {}", activity, bilingual(shop.organisation, "name")) if shop.organisation is not None else activity
        return {
            "name": name,
            "links": _joined(" · ", links),
            "about": about,
            "address": format_html('{} · {} <bdi dir="ltr">{}</bdi>', area, self.block, shop.block),
            "grant": one.grant,
            "span": len(one.lines),
            "lines": [self._line(line, name) for line in one.lines],
        }

    def _line(self, line: PanelLine, name: SafeString) -> dict[str, Any]:
        return {
            "is_due": line.is_due,
            "title": line.title,
            "state": self._state(line, name),
            "ends": day(line.deadline) or "—",
            "is_act": bool(line.action),
            "step": _button(line.url, line.action, name) if line.action else self.no_step,
        }

    def _state(self, line: PanelLine, name: SafeString) -> SafeString:
        """The state, why, the number, and what else can be opened."""
        parts = [tag(line.state, line.label)]
        if line.note:
            parts.append(format_html("<small>{}</small>", line.note))
        if line.reference:
            parts.append(format_html("<small>{}</small>", ref(line.reference)))
        if line.data:
            offered = (("page", self.acts, line.reference), ("file", self.file, line.reference), ("workers", self.workers, name))
            links = [_link(line.data[key], label, of) for key, label, of in offered if line.data.get(key)]
            parts.append(format_html('<span class="kp-joined">{}</span>', _joined(" ", links)))
        return _joined(" ", parts)


def _joined(separator: str, parts: Sequence[SafeString]) -> SafeString:
    return SafeString(separator.join(parts))


def _link(url: str, label: Text, of: str) -> SafeString:
    """A link whose words, for those who do not see the row, name what it is about."""
    return format_html('<a href="{}">{}<span class="kp-hide"> {}</span></a>', url, label, of)


def _button(url: str, label: Text, of: str) -> SafeString:
    return format_html('<a class="kp-btn" href="{}">{}<span class="kp-hide"> {}</span></a>', url, label, of)
