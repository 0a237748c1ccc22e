"""The one search of the staff pages: a reference leads to the page that this person may open."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest

from municipality.kernel import digits
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

MAX_LENGTH = 40
# Each takes the request and a reference in capitals, and returns the URL of a page that the person may open, or "".
FINDERS: Registry[Callable[[HttpRequest, str], str]] = Registry()

# Each takes the same, and says why the person may not open the page any more, or "".
NOTES: Registry[Callable[[HttpRequest, str], Text]] = Registry()


def cleaned(text: str) -> str:
    """A reference as it is stored: Latin digits, capitals, without spaces; "" for one that is too long."""
    reference = "".join(digits.clean(text).split()).upper()
    return reference if len(reference) <= MAX_LENGTH else ""


def find(request: HttpRequest, reference: str) -> str:
    """The URL of the page about a reference that this person may open; "" if there is none."""
    return next((url for finder in FINDERS.values() if (url := finder(request, reference))), "") if reference else ""


def note(request: HttpRequest, reference: str) -> Text:
    """Why a page that this person had before is not open to them any more; "" where there is nothing to say."""
    return next((text for said in NOTES.values() if (text := said(request, reference))), "") if reference else ""
