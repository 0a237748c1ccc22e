"""Search results as lines of a list, with the matched words marked."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.kernel import arabic, clock
from municipality.rulebook import queries as rulebook
from municipality.rulebook.labels import licensed_by
from shops.hours.labels import tag_of
from shops.hours.status import OpeningStatus, opening_status
from shops.models import LicenceState, SearchEntry, Shop, StatedHours
from shops.register import name_lists
from shops.register.addresses import address_of
from shops.register.states import STATES, state_of
from shops.search.queries import SearchResult

_PIECES = re.compile(r"(\s+)")
LICENCES: dict[str, tuple[str, Any]] = {
    LicenceState.ACTIVE: ("ok", _("Health licence valid")),
    LicenceState.ENDED: ("warn", _("Health licence ended")),
    LicenceState.SUSPENDED: ("bad", _("Health licence suspended")),
    LicenceState.REVOKED: ("bad", _("Health licence revoked")),
}


@dataclass(frozen=True)
class ResultLine:
    """One shop in a list. `licence` is empty without one."""

    shop: Shop
    state: str
    licence: str
    licence_end: Any
    distance_km: float | None
    matched: frozenset[str] = frozenset()
    opening_status: OpeningStatus | None = None  # by its stated hours; None for a suspended or closed shop
    elsewhere: str = ""  # the other authority that licenses its activity today

    @cached_property
    def name(self) -> SafeString:
        """The name in the active language, with the matched words marked."""
        return marked(self._names[0], self.matched)

    @cached_property
    def other(self) -> SafeString:
        """The name in the other language."""
        return marked(self._names[1], self.matched)

    @property
    def _names(self) -> tuple[str, str]:
        names = self.shop.name_ar, self.shop.name_en
        return names if get_language() == "ar" or not names[1] else (names[1], names[0])

    @cached_property
    def tags(self) -> list[tuple[str, Any]]:
        """State and text of each tag: the state unless open, the licence, and whether it is open now."""
        tags = [] if self.state == "open" else [STATES[self.state]]
        if self.elsewhere and self.state != "closed":
            tags.append(("wait", licensed_by(self.elsewhere)))
        elif self.licence in LICENCES and self.state != "closed":
            tags.append(LICENCES[self.licence])
        return [*tags, tag_of(self.opening_status)] if self.opening_status else tags

    @property
    def _stated(self) -> StatedHours | None:
        return getattr(self.shop, "hours", None)

    @property
    def opening_hours(self) -> str:
        return self._stated.week_id if self._stated else ""

    @property
    def opening_hours_ramadan(self) -> str:
        return (self._stated.ramadan_id or "") if self._stated else ""

    @property
    def hours_stated_at(self) -> dt.datetime | None:
        return self._stated.stated_at if self._stated else None

    @property
    def open_now(self) -> bool | None:
        return self.opening_status.is_open if self.opening_status else None

    @property
    def open_now_until(self) -> dt.datetime | None:
        return self.opening_status.until if self.opening_status else None

    @property
    def url(self) -> str:
        return address_of(self.shop)


def rows(answer: SearchResult) -> list[ResultLine]:
    """The lines of an answer, in its order, in one query; the licences are those of the index."""
    shops = {shop.pk: shop for shop in Shop.objects.select_related("hours").filter(pk__in=[hit.shop_id for hit in answer.hits])}
    name_lists.attach_names(shops.values())
    elsewhere = rulebook.licensed_elsewhere({shop.activity_id for shop in shops.values()}, clock.today())
    return [
        line(shop, hit.licence, hit.licence_end, elsewhere.get(shop.activity_id, ""), distance_km=hit.distance_km, matched=answer.matched)
        for hit in answer.hits
        if (shop := shops.get(hit.shop_id)) is not None
    ]


def line_of(shop: Shop) -> ResultLine:
    """The line of one shop, with its licence from the index."""
    licence, end = SearchEntry.objects.filter(shop=shop).values_list("licence", "licence_end").first() or ("", None)
    elsewhere = rulebook.licensed_elsewhere({shop.activity_id}, clock.today())
    return line(shop, licence, end, elsewhere.get(shop.activity_id, ""))


def line(
    shop: Shop, licence: str, end: Any, elsewhere: str = "", *, distance_km: float | None = None, matched: frozenset[str] = frozenset()
) -> ResultLine:
    """The line of a shop; `matched` are the folded words to mark. A licence after its last day counts as ended."""
    if licence == LicenceState.ACTIVE and end and end < clock.today():
        licence = LicenceState.ENDED
    state, stated = state_of(shop), getattr(shop, "hours", None)
    status = opening_status(stated) if stated is not None and state == "open" else None
    return ResultLine(shop, state, licence, end, distance_km, matched, status, elsewhere)


def marked(name: str, matched: frozenset[str]) -> SafeString:
    """A name in its own direction, with `<mark>` around words whose folded form is in `matched`."""
    if not name:
        return mark_safe("")
    pieces = _PIECES.split(name) if matched else [name]
    text = "".join(f"<mark>{escape(piece)}</mark>" if matched and _forms(piece) & matched else escape(piece) for piece in pieces)
    language, direction = ("ar", "rtl") if arabic.is_arabic(arabic.fold(name)) else ("en", "ltr")
    return mark_safe(f'<bdi data-term lang="{language}" dir="{direction}">{text}</bdi>')  # noqa: S308 - escaped


@lru_cache(maxsize=4096)  # words, which many names share
def _forms(piece: str) -> frozenset[str]:
    """The folded forms of a word by which a search may find it; none of spaces."""
    words = arabic.words(piece)
    return frozenset({form for word in words for form in (word, arabic.bare(word), "".join(words))})
