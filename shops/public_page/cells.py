"""The rows of My shops, with the cells as HTML: a list has hundreds of them, and a template takes several times as long for each.

Each text is escaped once, by `conditional_escape`, and then stands in an f-string: `format_html` looks at every piece again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from municipality.ui.addresses import addresses
from municipality.ui.templatetags.portal import bilingual, day, ref, tag

if TYPE_CHECKING:
    from municipality.cases.panels import PanelLine
    from shops.public_page.holdings import Holding

_ACT, _BUTTON, _PLAIN = SafeString(' class="is-act"'), SafeString(' class="kp-btn"'), SafeString("")
_NONE = SafeString(' class="is-none"')  # left out where each cell stands by itself


class Cells:
    """Turns shops with their lines into variables of a template. The words are looked up and escaped once for the whole list."""

    def __init__(self) -> None:
        words = [_("Public page"), _("Door sign to print"), _("Opening hours")]
        self.page, self.entrance_sheet, self.hours = map(conditional_escape, words)
        words = [_("Change, transfer or cancel the licence, or a duplicate"), _("Licence"), _("Workers")]
        self.acts, self.file, self.workers = map(conditional_escape, words)
        self.block, self.ends, self.next = map(conditional_escape, (_("block"), _("Last day"), _("Next step")))
        self.page_of, self.entrance_sheet_of = addresses("shops:shop"), addresses("shops:entrance_sheet")
        self.hours_of = addresses("shops:hours")
        self.tags: dict[tuple[str, SafeString], SafeString] = {}
        self.no_step = format_html('<span class="kp-soft">{}</span>', _("No step now"))

    def rows(self, listed: Sequence[Holding]) -> list[dict[str, Any]]:
        """A dictionary for each shop, which templates read faster than an object."""
        return [self._row(one) for one in listed]

    def _row(self, one: Holding) -> dict[str, Any]:
        shop = one.shop
        name, public_id = conditional_escape(bilingual(shop, "name")), shop.public_id
        links = [
            _link(self.page_of(public_id), self.page, name),
            _link(self.entrance_sheet_of(public_id), self.entrance_sheet, name),
        ]
        if one.may_state_hours:
            links.append(_link(self.hours_of(public_id), self.hours, name))
        activity, area = bilingual(shop.activity, "name"), bilingual(shop.area, "name")
        about = format_html("{} · {}", activity, bilingual(shop.organisation, "name")) if shop.organisation is not None else activity
        return {
            "name": name,
            "links": _joined(" · ", links),
            "about": about,
            "address": format_html('{} · {} <bdi dir="ltr">{}</bdi>', area, self.block, shop.block),
            "grant": one.grant,
            "span": len(one.lines),
            "lines": [{"is_due": line.is_due, "cells": self._cells(line, name)} for line in one.lines],
        }

    def _cells(self, line: PanelLine, name: SafeString) -> SafeString:
        """State, last day and next step; with the name of the column for narrow screens, which show each cell by itself."""
        title, state, last_day = _html(line.title), self._state(line, name), day(line.deadline) or "—"
        step = _link(line.url, _html(line.action), name, _BUTTON) if line.action else self.no_step
        return SafeString(
            f'<td role="cell" class="is-state" data-label="{title}"><span>{state}</span></td>'
            f'<td role="cell"{"" if line.deadline else _NONE} data-label="{self.ends}">{last_day}</td>'
            f'<td role="cell"{_ACT if line.action else _PLAIN} data-label="{self.next}">{step}</td>'
        )

    def _state(self, line: PanelLine, name: SafeString) -> SafeString:
        """The state, why, the number, and what else can be opened."""
        parts: list[str] = [self._tag(line.state, _html(line.label))]
        if line.note:
            parts.append(f"<small>{_html(line.note)}</small>")
        if line.reference:
            parts.append(f"<small>{ref(line.reference)}</small>")
        if line.data:
            number = conditional_escape(line.reference)
            offered = (("page", self.acts, number), ("file", self.file, number), ("workers", self.workers, name))
            links = [_link(line.data[key], label, of) for key, label, of in offered if line.data.get(key)]
            parts.append(f'<span class="kp-joined">{_joined(" ", links)}</span>')
        return _joined(" ", parts)

    def _tag(self, state: str, label: SafeString) -> SafeString:
        """The tag of a state; most lines of a list have one of a few."""
        if (state, label) not in self.tags:
            self.tags[state, label] = tag(state, label)
        return self.tags[state, label]


def _html(text: Any) -> SafeString:
    """A text, escaped unless it is HTML already."""
    return conditional_escape(text)


def _joined(separator: str, parts: Sequence[str]) -> SafeString:
    """Pieces of HTML as one."""
    return SafeString(separator.join(parts))


def _link(url: str, label: SafeString, of: SafeString, css: SafeString = _PLAIN) -> SafeString:
    """A link whose words, for those who do not see the row, name what it is about."""
    return SafeString(f'<a{css} href="{conditional_escape(url)}">{label}<span class="kp-hide"> {of}</span></a>')
