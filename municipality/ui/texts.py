"""The type of a text that people read, and such a text in both languages."""

from collections.abc import Callable

from django.utils import translation
from django.utils.functional import Promise

Text = str | Promise  # translated already, or lazily


def both(text: Text | Callable[[], object]) -> tuple[str, str]:
    """A lazy text, or what a function writes, in Arabic and in English."""
    found = []
    for language in ("ar", "en"):
        with translation.override(language):
            found.append(str(text() if callable(text) else text))
    return found[0], found[1]
