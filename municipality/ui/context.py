"""The context processor of every page: name of the portal, navigation, the other language. Makes no query."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from municipality.ui import language
from municipality.ui.texts import Text


class MenuEntry(NamedTuple):
    label: Text
    url: str
    exact: bool = False
    is_inbox: bool = False


class Column(NamedTuple):
    heading: Text
    entries: tuple[MenuEntry, ...]


# Labels and URL names; entries without such a URL are left out.
_VISITOR: tuple[tuple[Any, str], ...] = (
    (_("Services"), "home"),
    (_("Find a shop"), "shops:search"),
    (_("Violations"), "violations:start"),
    (_("Track a request"), "cases:track"),
)
_PERSON: tuple[tuple[Any, str], ...] = (
    (_("Home"), "home"),
    (_("My shops"), "shops:mine"),
    (_("My requests"), "cases:mine"),
    (_("Violations"), "violations:mine"),
    (_("Payments"), "payments:mine"),
    (_("Messages"), "notifications:inbox"),
    (_("Find a shop"), "shops:search"),
)
_STAFF: tuple[tuple[Any, str], ...] = (
    (_("Services"), "home"),
    (_("My shops"), "shops:mine"),
    (_("My requests"), "cases:mine"),
    (_("Messages"), "notifications:inbox"),
)
_FOOTER: tuple[tuple[Any, tuple[tuple[Any, str], ...]], ...] = (
    (
        _("Check for yourself"),
        (
            (_("A licence on a shop wall"), "verify_ask"),
            (_("Track a request"), "cases:track"),
            (_("Is a message from the Municipality?"), "cases:track#message"),
        ),
    ),
    (_("Help"), ()),
    (
        _("Openness and integrity"),
        (
            (_("The queue today"), "review:queue"),
            (_("Service times: promised and actual"), "promises"),
            (_("Open data"), "shops:open_data"),
            (_("Status of the portal"), "incidents:status"),
        ),
    ),
    (
        _("The portal"),
        (
            (_("Accessibility"), "accessibility"),
            (_("Privacy"), "privacy"),
            (_("Staff sign-in"), "admin:index"),
        ),
    ),
)


def _url_or_empty(name: str) -> str:
    name, hash_sign, part = name.partition("#")
    try:
        return f"{reverse(name)}{hash_sign}{part}"
    except NoReverseMatch:
        return ""


def _nav(request: HttpRequest, code: str) -> tuple[MenuEntry, ...]:
    """The menu of visitors, of people, or of staff, who reach the pages of those whom they assist."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return _menu(_VISITOR, _urlconf(), code)
    return _menu(_STAFF if user.is_staff else _PERSON, _urlconf(), code)


@lru_cache(maxsize=16)
def _menu(entries: tuple[tuple[Any, str], ...], urlconf: str | None, code: str) -> tuple[MenuEntry, ...]:
    return tuple(
        MenuEntry(label, url, name == "home", name == "notifications:inbox") for label, name in entries if (url := _url_or_empty(name))
    )


@lru_cache(maxsize=16)
def _footer(urlconf: str | None, code: str) -> tuple[Column, ...]:
    return tuple(
        Column(
            heading,
            tuple(MenuEntry(label, url) for label, name in entries if (url := _url_or_empty(name))),
        )
        for heading, entries in _FOOTER
    )


def _urlconf() -> str:
    return str(get_urlconf() or settings.ROOT_URLCONF)


def portal(request: HttpRequest) -> dict[str, Any]:
    """Variables of the base template; `nav`, `footer` and `twin_url` are lazy."""
    code = get_language() or "ar"
    other = language.other()
    return {
        "portal_name": _("Kuwait Municipality e-services"),
        "portal_mark": getattr(settings, "PORTAL_MARK", ""),
        "demo": settings.DEMO,
        "hotline": settings.MUNICIPALITY_PHONE,
        "nav": SimpleLazyObject(lambda: _nav(request, code)),
        "footer": SimpleLazyObject(lambda: _footer(_urlconf(), code)),
        "language": code,
        "direction": "rtl" if code == "ar" else "ltr",
        "other_language": other,
        "other_language_name": language.name_of(other),
        "other_direction": "ltr" if code == "ar" else "rtl",
        "twin_url": SimpleLazyObject(lambda: language.translated_url(request)),
    }
