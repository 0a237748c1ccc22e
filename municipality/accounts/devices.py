"""A browser in words, from what it says of itself. A hint for the list of sessions, nothing more."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

# The first match wins: browsers name their forebears as well.
_BROWSERS = (
    ("Edg", _("Edge browser")),
    ("OPR", _("Opera browser")),
    ("SamsungBrowser", _("Samsung browser")),
    ("Firefox", _("Firefox browser")),
    ("FxiOS", _("Firefox browser")),
    ("CriOS", _("Chrome browser")),
    ("Chrome", _("Chrome browser")),
    ("Safari", _("Safari browser")),
)
_SYSTEMS = (
    ("iPhone", _("iPhone")),
    ("iPad", _("iPad")),
    ("Android", _("Android device")),
    ("Windows", _("Windows computer")),
    ("Macintosh", _("Mac computer")),
    ("CrOS", _("Chromebook")),
    ("Linux", _("Linux computer")),
)
_UNKNOWN = _("Unknown device")
_PAIR = _("%(browser)s, %(system)s")


def describe(user_agent: str) -> str:
    """Browser and kind of device in the reader's language."""
    browser = next((word for mark, word in _BROWSERS if mark in user_agent), "")
    system = next((word for mark, word in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return gettext(_PAIR) % {"browser": gettext(browser), "system": gettext(system)}
    return gettext(browser or system or _UNKNOWN)
