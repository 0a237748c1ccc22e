"""Tags and filters, built in for every template (without {% load %})."""

from __future__ import annotations

import datetime as dt
import re
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.forms import BaseForm, BoundField
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext

from municipality.kernel import money
from municipality.settings.maps import is_vector
from municipality.ui import dates, lists, streets
from municipality.ui import plurals as counting

register = template.Library()

# The icon of each kind of state, in addition to its colour.
TAG_ICONS = {"ok": "check", "warn": "clock", "bad": "warning", "wait": "wait"}
_NOTICE_ICONS = {"info": "info", "ok": "check", "warn": "clock", "bad": "warning"}
_REFERENCE = re.compile(  # HL-2026-000378-K, INS-HA-2026-000001-5, EYE-7K3M-9Q2X-5
    r"\b(?:[A-Z]{2,4}(?:-[A-Z]{2})?-\d{4}-\d{6}|EYE-[0-9A-Z]{4}-[0-9A-Z]{4})-[0-9A-Z]\b"
)
_DIRECTIONAL = {"chevron"}


@register.simple_tag
@lru_cache(maxsize=256)  # a name and a class as templates write them, never a visitor's
def icon(name: str, css: str = "") -> SafeString:
    """A drawing of static/img/icons.svg, hidden from screen readers: there must be a text beside it."""
    classes = "kp-icon" + (" kp-icon--dir" if name in _DIRECTIONAL else "") + (f" {css}" if css else "")
    return format_html(
        '<svg class="{}" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><use href="{}#i-{}"/></svg>',
        classes,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def mark(css: str = "") -> SafeString:
    """The logo of the portal."""
    return icon("mark", f"kp-mark {css}".strip())


@register.simple_tag
def tag(state: str, label: Any, icon: str = "") -> SafeString:
    """A state (`ok`, `warn`, `bad` or `wait`) with its icon and label, which begins large. Raises KeyError for another state."""
    drawing = globals()["icon"](icon or TAG_ICONS[state])
    text = label if isinstance(label, SafeString) else capfirst(label)
    return format_html('<span class="kp-tag kp-tag--{}">{}{}</span>', state, drawing, text)


@register.filter
def notice_icon(kind: str) -> SafeString:
    """The icon of a notice of a kind, or of a level of Django's messages (`error`, `warning`, `success`, `debug`)."""
    kind = {"error": "bad", "warning": "warn", "success": "ok", "debug": "info"}.get(kind, kind)
    return icon(_NOTICE_ICONS[kind])


@register.filter
def notice_kind(kind: str) -> str:
    """The class suffix of a message level."""
    return {"error": "bad", "warning": "warn", "success": "ok"}.get(kind, "info")


@register.filter
def kwd(fils: int) -> SafeString:
    """An amount in fils as dinars with three decimals: `KD 10.000`, `10.000 د.ك`."""
    amount = money.to_display(fils)
    if get_language() == "ar":
        return format_html('<span class="kp-num"><bdi dir="ltr">{}</bdi>\u00a0د.ك</span>', amount)
    return format_html('<bdi dir="ltr" class="kp-num">KD\u00a0{}</bdi>', amount)


def kwd_text(fils: int) -> str:
    """The part of an amount that `kwd` puts into its <bdi>, for a script that writes it anew."""
    amount = money.to_display(fils)
    return amount if get_language() == "ar" else f"KD\u00a0{amount}"


@register.filter
def day(value: dt.date | str | None, style: str = "") -> SafeString | str:
    """`24 November 2026`, also of an ISO date as facts of documents keep it; with "weekday" the weekday before it. Empty for None."""
    value = dt.date.fromisoformat(value) if isinstance(value, str) and value else value
    return dates.day_html(value, weekday=style == "weekday") if value else ""


@register.filter
def day_hijri(value: dt.date | None, style: str = "") -> SafeString | str:
    """The day with the Hijri day after it. Empty for None."""
    return dates.day_hijri_html(value, weekday=style == "weekday") if value else ""


@register.filter
def moment(value: dt.datetime | None, style: str = "") -> SafeString | str:
    """`24 November 2026 at 08:30`, Kuwait time. Empty for None."""
    return dates.moment_html(value, weekday=style == "weekday") if value else ""


@register.filter
def ref(value: Any) -> SafeString:
    """A reference, a licence number or a code: left to right, without line breaks."""
    return format_html('<bdi dir="ltr" class="kp-ref">{}</bdi>', value)


@register.filter
def with_refs(text: Any) -> SafeString:
    """A text, escaped unless it is HTML already, in which references are written as `ref` does."""
    return SafeString(_REFERENCE.sub(lambda found: ref(found[0]), conditional_escape(text)))


@register.filter
def ltr(value: Any) -> SafeString:
    """Other left-to-right text: a phone number, a masked civil number, a version."""
    return format_html('<bdi dir="ltr">{}</bdi>', value)


@register.filter
def bilingual(obj: Any, field: str) -> SafeString | str:
    """`field_ar` or `field_en` of an object or dict by the active language; if empty the other one, marked with its language."""
    language = get_language() or "ar"
    other = "en" if language == "ar" else "ar"
    text = _value(obj, f"{field}_{language}")
    if text:
        return str(text)
    text = _value(obj, f"{field}_{other}")
    return format_html('<bdi lang="{}" data-term>{}</bdi>', other, text) if text else ""


def _value(obj: Any, name: str) -> Any:
    return obj.get(name, "") if isinstance(obj, dict) else getattr(obj, name, "")


@register.filter
def term(value: Any, language: str = "") -> SafeString | str:
    """Data in its original script (the name of a person or shop), marked with its language and direction."""
    if not value:
        return ""
    language = language or ("ar" if any("\u0600" <= letter <= "\u06ff" for letter in str(value)) else "en")
    return format_html('<bdi lang="{}" data-term>{}</bdi>', language, value)


@register.filter
def street(value: str) -> SafeString | str:
    """`{{ shop.street|street }}`: "street 12", "Tunis Street"."""
    return streets.street_html(value)


@register.filter
def counted(number: int, noun: str) -> str:
    """`{{ 3|counted:"day" }}`: see municipality.ui.plurals for the nouns."""
    return counting.counted(number, noun)


@register.filter
def within(number: int, noun: str) -> str:
    """`{{ 2|within:"hour" }}`."""
    return counting.within(number, noun)


@register.simple_tag
def url_or(fallback: str, name: str, *args: Any, **kwargs: Any) -> str:
    """The URL of a name, or `fallback` if there is no such URL."""
    try:
        return reverse(name, args=args, kwargs=kwargs)
    except NoReverseMatch:
        return fallback


@register.inclusion_tag("components/promise.html")
def promise(promise: float, half: float | None = None, ninety: float | None = None) -> dict[str, Any]:
    """The line of a promise with marks for the median and the 90th percentile, all in one unit; if these are longer than the promise,
    its tick moves inward.
    """
    longest = max(promise, half or 0, ninety or 0) or 1

    def x_of(value: float) -> str:
        return f"{8 + 216 * value / longest:.1f}"

    return {
        "tick": x_of(promise),
        "half": None if half is None else x_of(half),
        "ninety": None if ninety is None else x_of(ninety),
    }


@register.inclusion_tag("components/map.html")
def map_of(list_id: str, label: Any, *, small: bool = False, here: str = "", opens: int = 0, near: int = 0) -> dict[str, Any]:
    """A map of the list with the id `list_id` on the same page: each entry with `data-lat` and `data-lon` is a marker.

    With `opens`, a zoom, the entries are the areas, blocks or plots that the map draws anyway: a tap opens them, there are no markers, and
    the map begins with that zoom or a smaller one that holds them all.

    The page must include `components/map_head.html` in its head. `label` is the accessible name of the map. `here` is a URL for searching
    the visible part, whose edges (south, west, north, east) are added to it once the map is moved. `near` is the largest zoom
    at which several markers are shown first; by default the one at which areas can be told apart.
    """
    tiles = settings.MAP_TILES
    context = {"list_id": list_id, "label": label, "small": small, "here": here, "opens": opens, "near": near, "tiles": tiles}
    return context | {"is_vector": is_vector(tiles), "credit": settings.MAP_CREDIT}


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], url: str, *, exact: bool = False) -> SafeString:
    """`aria-current` for a link to `url` if it is the present page ("page") or, unless `exact`, a parent of it ("true").

    A page elsewhere that belongs to an entry of the menu names its URL as `part_of` in its context.
    """
    path = context["request"].path
    if path == url:
        return SafeString(' aria-current="page"')
    return SafeString(' aria-current="true"' if not exact and (path.startswith(url) or url == context.get("part_of")) else "")


@register.filter
def at(items: Any, index: int) -> Any:
    """The item at an index, from 0."""
    return items[index]


@register.filter
def error_count(form: BaseForm) -> int:
    """The number of messages in a form's error summary."""
    return sum(len(messages) for messages in form.errors.values())


@register.filter
def focus_id(field: BoundField) -> str:
    """The id of the control for a link in the error summary (the first one of a group)."""
    if field.use_fieldset:
        options = list(field)
        return str(options[0].id_for_label) if options else ""
    return str(field.id_for_label)


@register.filter
def person_name(user: Any) -> SafeString | str:
    """The name of a user in the active language; "My account" without a name."""
    return bilingual(user, "name") or gettext("My account")


@register.filter
def list_filters(cl: Any) -> lists.Filters:
    """The filters of a list of the admin, as chips."""
    return lists.filters_of(cl)


@register.filter
def labelled(cell: str, label: Any) -> SafeString:
    """A cell of a list of the admin with the name of its column."""
    return lists.labelled(cell, label)
