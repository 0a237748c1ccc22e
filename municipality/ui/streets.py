"""How a street reads in an address."""

from __future__ import annotations

import re

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, override

# Names that say themselves what they are: "شارع تونس", "Tunis Street", "الدائري الرابع", "Gulf Road".
_SAYS_STREET = re.compile(r"شارع|طريق|دائري|\b(street|st|road|rd|avenue|ave|ring|highway)\b", re.IGNORECASE)


def street_text(street: str, language: str) -> str:
    """A street in `ar` or `en`, with the word street where its name has none: "street 12", "Tunis Street"."""
    if not street or _SAYS_STREET.search(street):
        return street
    with override(language):
        return gettext("street {name}").format(name=street)


def street_html(street: str) -> SafeString | str:
    """The same in the active language, with its name in its own direction."""
    if not street:
        return ""
    language = "ar" if any("\u0600" <= letter <= "\u06ff" for letter in street) else "en"
    name = format_html('<bdi lang="{}" data-term>{}</bdi>', language, street)
    return name if _SAYS_STREET.search(street) else format_html(gettext("street {name}"), name=name)
