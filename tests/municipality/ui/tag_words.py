"""What the portal can write into a tag, gathered from the enums, tables and templates themselves: a new state is among them by itself."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Choices
from django.utils.functional import Promise
from django.utils.translation import gettext

from municipality.cases.timeline import TIMELINES
from municipality.kernel import clock
from municipality.ui.templatetags.portal import TAG_ICONS
from script.support.packages import PACKAGES
from shops.hours.labels import tag_of
from shops.hours.status import OpeningStatus

LITERAL = re.compile(r'{% tag [^%]*?_\("([^"]+)"\)')
NAMED = re.compile(r'{% translate "([^"]+)" as (\w+) %}')
USED = re.compile(r"{% tag \S+ (\w+)")


def tag_words() -> list[str]:
    """Every word in the active language, the longest first."""
    found = {str(word) for source in (_choices, _tables, _timelines, _templates, _hours) for word in source()}
    return sorted(found, key=lambda word: (-len(word), word))


def _choices(kind: Any = Choices) -> Iterator[Any]:
    for below in kind.__subclasses__():
        if below.__module__.startswith(PACKAGES):
            yield from below.labels
        yield from _choices(below)


def _tables() -> Iterator[Any]:
    """Module-level tables whose values are a kind of tag and its word."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PACKAGES):
            for table in vars(module).values():
                for value in table.values() if isinstance(table, dict) else ():
                    if isinstance(value, tuple) and len(value) == 2 and value[0] in TAG_ICONS and isinstance(value[1], str | Promise):
                        yield value[1]


def _timelines() -> Iterator[Any]:
    for timeline in TIMELINES.values():
        yield from timeline.titles.values()


def _templates() -> Iterator[str]:
    for path in (settings.BASE_DIR / "templates").rglob("*.html"):
        text = path.read_text(encoding="utf8")
        yield from map(gettext, LITERAL.findall(text))
        used = set(USED.findall(text))
        yield from (gettext(word) for word, name in NAMED.findall(text) if name in used)


def _hours() -> Iterator[str]:
    """How a shop can stand by its hours: to the end of today, of tomorrow and of each weekday, and without an end."""
    now = clock.start_of(clock.today()) + timedelta(hours=8)
    for is_open in (True, False):
        for until in (None, *(now + timedelta(days=days, hours=12) for days in range(8))):
            yield tag_of(OpeningStatus(is_open, now, until))[1]
