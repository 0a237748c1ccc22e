"""The parameters of lists. An empty one means the same as one that is left out."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from django.http import QueryDict
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from municipality.kernel import clock
from municipality.ui.texts import Text
from reports.open311 import formats
from reports.open311.errors import BadRequest

SPAN = dt.timedelta(days=90)  # of GeoReport, as is MOST
MOST, MOST_PAGES, MOST_METRES = 1000, 1_000_000, 50_000
_OFFSET = re.compile(r"^(.*\d) (\d\d:?\d\d)$")  # a plus that was sent as it is


@dataclass(frozen=True)
class Circle:
    latitude: float
    longitude: float
    metres: float


@dataclass(frozen=True)
class ListQuery:
    """What a list is narrowed down by. `ids` overrides all else."""

    ids: list[str]
    services: list[str]
    statuses: set[str]
    detailed: set[str]
    start: dt.datetime | None
    end: dt.datetime | None
    updated_after: dt.datetime | None
    updated_before: dt.datetime | None
    circle: Circle | None
    page: int
    size: int


class ParameterReader:
    """Reads single values and collects what is wrong with them."""

    def __init__(self, *sources: QueryDict) -> None:
        self.sources = sources
        self.errors: list[Text] = []

    def text(self, *names: str) -> str:
        """The first value that is not empty under one of the names."""
        values = (value for name in names for source in self.sources for value in source.getlist(name))
        return next((text for value in values if (text := formats.clean(value).strip())), "")

    def several(self, name: str) -> list[str]:
        """The parts of a list with commas."""
        return [part.strip() for part in self.text(name).split(",") if part.strip()][:MOST]

    def time(self, name: str) -> dt.datetime | None:
        """An instant; a day begins at midnight in Kuwait, whose time is meant where none is named."""
        text = self.text(name)
        if not text:
            return None
        text = _OFFSET.sub(r"\1+\2", text)
        try:
            instant = parse_datetime(text)
            if instant is None and (day := parse_date(text)) is not None:
                instant = dt.datetime.combine(day, dt.time())
            if instant is not None:
                instant = (instant if instant.tzinfo else instant.replace(tzinfo=clock.KUWAIT)).astimezone(dt.UTC)
                instant - SPAN, instant + SPAN
                return instant
        except (ValueError, OverflowError):
            pass
        self.errors.append(_("%(name)s: give a date and a time with its offset, such as 2026-11-20T09:00:00+03:00.") % {"name": name})
        return None

    def number(self, name: str, least: float, most: float) -> float | None:
        text = self.text(name)
        try:
            value = float(text) if text else None
        except ValueError:
            value = math.nan
        if value is None or least <= value <= most:
            return value
        facts = {"name": name, "least": f"{least:g}", "most": f"{most:g}"}
        self.errors.append(_("%(name)s: give a number from %(least)s to %(most)s.") % facts)
        return None

    def whole(self, names: tuple[str, ...], default: int, most: int) -> int:
        """A whole number of at least 1."""
        text = self.text(*names)
        if not text:
            return default
        if text.isascii() and text.isdigit() and len(text) < 10 and int(text):
            return min(int(text), most)
        self.errors.append(_("%(name)s: give a whole number from 1.") % {"name": names[0]})
        return default

    def one_of(self, name: str, known: set[str], fold: Callable[[str], str]) -> set[str]:
        given = {fold(part) for part in self.several(name)}
        if given - known:
            self.errors.append(_("%(name)s: known are %(known)s.") % {"name": name, "known": ", ".join(sorted(known))})
        return given

    def finish(self) -> None:
        """Raises BadRequest with everything that was wrong."""
        if self.errors:
            raise BadRequest(*self.errors)


def window(reader: ParameterReader, *, always: bool = True) -> tuple[dt.datetime | None, dt.datetime | None]:
    """The span between `start_date` and `end_date`: at most 90 days, up to the end. Without both, the last 90 days if `always`."""
    start, end = reader.time("start_date"), reader.time("end_date")
    if start is not None and end is not None and start > end:
        reader.errors.append(_("start_date: it lies behind end_date."))
    if start is None and end is None:
        return (clock.now() - SPAN, None) if always else (None, None)
    if end is None:
        assert start is not None  # noqa: S101
        return start, start + SPAN
    return max(start or end - SPAN, end - SPAN), end


def read_list(query: QueryDict, detailed: set[str]) -> ListQuery:
    """Raises BadRequest. Of a list with ids only the page is read besides."""
    reader = ParameterReader(query)
    page = reader.whole(("page",), 1, MOST_PAGES)
    size = reader.whole(("page_size", "per_page", "count"), MOST, MOST)
    if ids := reader.several("service_request_id"):
        reader.finish()
        return ListQuery(ids, [], set(), set(), None, None, None, None, None, page, size)
    latitude, longitude = reader.number("lat", -90, 90), reader.number("long", -180, 180)
    metres = reader.number("radius", 0, MOST_METRES)
    if metres is not None and (latitude is None or longitude is None):
        reader.errors.append(_("radius: give lat and long with it."))
    elif (latitude is None) != (longitude is None) and not reader.errors:
        reader.errors.append(_("lat, long: give both, and radius with them."))
    after, before = reader.time("updated_after"), reader.time("updated_before")
    start, end = window(reader, always=after is None and before is None)
    found = ListQuery(
        ids=[],
        services=reader.several("service_code"),
        statuses=reader.one_of("status", {"open", "closed"}, str.lower),
        detailed=reader.one_of("detailed_status", detailed, str.upper),
        start=start,
        end=end,
        updated_after=after,
        updated_before=before,
        # Some clients always send where they are: without a radius that narrows nothing down.
        circle=Circle(latitude, longitude, metres) if None not in (latitude, longitude, metres) else None,  # type: ignore[arg-type]
        page=page,
        size=size,
    )
    reader.finish()
    return found
