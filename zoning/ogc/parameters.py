"""Query parameters of items: box, time, limit, the page, and filters on properties."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from zoning.geometry.boxes import Box
from zoning.ogc.collections import Period

LIMIT, MOST = 100, 1000  # features of a page
COMMON = ("bbox", "datetime", "limit", "after")


def read_box(text: str) -> Box:
    """`west,south,east,north` in degrees of WGS 84, or six numbers with heights, which are not used. Raises ValidationError.

    A box across the antimeridian has west above east (OGC 17-069r4, 7.15.3).
    """
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(math.isfinite(number) for number in numbers):
        raise forms.ValidationError(_("Give west, south, east and north in degrees: 47.9,29.3,48.0,29.4."))
    west, south, east, north = numbers if len(numbers) == 4 else (numbers[0], numbers[1], numbers[3], numbers[4])
    if not (-180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90):
        raise forms.ValidationError(_("Longitudes lie between -180 and 180, latitudes between -90 and 90, the southern one first."))
    return west, south, east, north


def read_period(text: str) -> Period:
    """An instant or an interval of RFC 3339: `2026-03-01`, `2026-03-01T00:00:00Z/..`. Raises ValidationError."""
    parts = text.split("/")
    if len(parts) > 2:
        parts = [""]
    days = [None if part in ("..", "") and len(parts) == 2 else _day(part) for part in parts]
    first, last = (days[0], days[0]) if len(days) == 1 else days
    if first is not None and last is not None and first > last:
        raise forms.ValidationError(_("The interval ends before it begins."))
    return first, last


def _day(text: str) -> dt.date:
    try:
        instant = parse_datetime(text.upper()) if "T" in text.upper() else None
        day = clock.day_of(instant) if instant is not None and instant.tzinfo is not None else parse_date(text)
    except OverflowError:  # 9999-12-31T23:59:59Z, an end that never comes
        day = dt.date.max
    except ValueError:
        day = None
    if day is None:
        raise forms.ValidationError(_("Give a day, an instant with its time zone, or an interval: 2026-03-01/2026-04-01."))
    return day


@dataclass(frozen=True)
class ItemsQuery:
    """The query of a page of items; `filters` by property."""

    box: Box | None
    period: Period
    limit: int
    after: int
    filters: dict[str, str]


class ItemsForm(forms.Form):
    """The parameters of a page of items, without the filters of the collection."""

    bbox = forms.CharField(required=False, max_length=200)
    datetime = forms.CharField(required=False, max_length=80)
    limit = forms.IntegerField(required=False, min_value=1)
    after = forms.IntegerField(required=False, min_value=0, max_value=2**62)

    def clean_bbox(self) -> Box | None:
        text = self.cleaned_data["bbox"]
        return read_box(text) if text else None

    def clean_datetime(self) -> Period:
        text = self.cleaned_data["datetime"]
        return read_period(text) if text else (clock.today(), clock.today())


def items_query(data: dict[str, Any], filters: dict[str, str]) -> ItemsQuery:
    """The query of valid parameters. A limit above MOST is lowered to it, as the standard has it."""
    return ItemsQuery(data["bbox"], data["datetime"], min(data["limit"] or LIMIT, MOST), data["after"] or 0, filters)
