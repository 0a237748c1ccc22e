"""A description of a browser by its user agent, for the list of sessions."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

# The first match wins: user agents name the browsers they descend from as well.
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
    browser = next((label for token, label in _BROWSERS if token in user_agent), "")
    system = next((label for token, label in _SYSTEMS if token in user_agent), "")
    if browser and system:
        return gettext(_PAIR) % {"browser": gettext(browser), "system": gettext(system)}
    return gettext(browser or system or _UNKNOWN)
