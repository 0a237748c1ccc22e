"""A week of opening hours as plain values, without Django.

Times are quarters of an hour from midnight, Kuwait time; weekdays count from Sunday, 0, to Saturday, 6. A span belongs to the day
on which it begins and may end on the next one. After Saturday comes Sunday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby

DAY = 96  # quarters of an hour
MAX_SPANS = 2
CODES = ("Su", "Mo", "Tu", "We", "Th", "Fr", "Sa")  # of the opening_hours syntax of OpenStreetMap, which schema.org uses too
WHOLE_DAY = ((0, DAY),)
_ALWAYS = "24/7"
_RULE = re.compile(r"([A-Z][a-z])(?:-([A-Z][a-z]))? (off|[0-9:,-]+)")
Span = tuple[int, int]
Day = tuple[Span, ...]


class InvalidWeek(ValueError):
    """An invalid week: `weekday` says where, `code` why (spans, times, order, longer_than_a_day, night)."""

    def __init__(self, weekday: int, code: str) -> None:
        self.weekday, self.code = weekday, code
        super().__init__(f"{CODES[weekday]}: {code}")


@dataclass(frozen=True)
class Week:
    """Seven days with up to two spans each, Sunday first. Raises InvalidWeek."""

    days: tuple[Day, ...]

    def __post_init__(self) -> None:
        if len(self.days) != 7:
            raise ValueError("a week has seven days")
        for weekday, day in enumerate(self.days):
            _validate_day(weekday, day)
        for weekday, day in enumerate(self.days):
            tomorrow = (weekday + 1) % 7
            if day and self.days[tomorrow] and day[-1][1] - DAY > self.days[tomorrow][0][0]:
                raise InvalidWeek(tomorrow, "night")

    @property
    def is_empty(self) -> bool:
        return not any(self.days)

    @cached_property
    def covered(self) -> tuple[int, ...]:
        """For each weekday a bit mask of the quarters of an hour at which the shop is open, the first quarter lowest."""
        masks = [0] * 7
        for weekday, day in enumerate(self.days):
            for opens, closes in day:
                mask = ((1 << (closes - opens)) - 1) << opens
                masks[weekday] |= mask & ((1 << DAY) - 1)
                masks[(weekday + 1) % 7] |= mask >> DAY
        return tuple(masks)

    @cached_property
    def text(self) -> str:
        """`Sa-Th 09:00-13:00,16:00-22:00; Fr off`: the canonical text of a week, which `parse` reads."""
        if set(self.days) == {WHOLE_DAY}:
            return _ALWAYS
        changes = [weekday for weekday in (6, 0, 1, 2, 3, 4, 5) if self.days[weekday] != self.days[weekday - 1]]
        start = changes[0] if changes else 1
        rules = []
        for day, run in groupby(((start + n) % 7 for n in range(7)), key=lambda weekday: self.days[weekday]):
            of = [CODES[weekday] for weekday in run]
            spans = ",".join(f"{clock_text(opens)}-{clock_text(closes)}" for opens, closes in day)
            rules.append(f"{of[0]}-{of[-1]} {spans or 'off'}" if len(of) > 1 else f"{of[0]} {spans or 'off'}")
        return "; ".join(rules)


def _validate_day(weekday: int, day: Day) -> None:
    if len(day) > MAX_SPANS:
        raise InvalidWeek(weekday, "spans")
    for opens, closes in day:
        if not 0 <= opens < DAY or closes <= opens:
            raise InvalidWeek(weekday, "times")
    if len(day) == MAX_SPANS and day[1][0] <= day[0][1]:
        raise InvalidWeek(weekday, "order")
    if day and day[-1][1] - day[0][0] > DAY:
        raise InvalidWeek(weekday, "longer_than_a_day")


def clock_text(quarters: int) -> str:
    """`09:30`; `24:00` for the end of a day; times after it as times of the next day."""
    hours, rest = divmod(quarters if quarters <= DAY else quarters - DAY, 4)
    return f"{hours:02d}:{rest * 15:02d}"


@lru_cache(maxsize=4096)
def parse(text: str) -> Week:
    """The week of a `Week.text`. Raises ValueError for any other text."""
    if text == _ALWAYS:
        return Week((WHOLE_DAY,) * 7)
    days: list[Day | None] = [None] * 7
    for rule in text.split("; "):
        match = _RULE.fullmatch(rule)
        if match is None:
            raise ValueError(f"no opening hours: {text!r}")
        first = CODES.index(match[1])
        last = CODES.index(match[2]) if match[2] else first
        for step in range((last - first) % 7 + 1):
            days[(first + step) % 7] = () if match[3] == "off" else tuple(_span(part) for part in match[3].split(","))
    if None in days:
        raise ValueError(f"no whole week: {text!r}")
    return Week(tuple(day or () for day in days))


def _span(text: str) -> Span:
    opens, closes = (int(part[:2]) * 4 + int(part[3:]) // 15 for part in text.split("-"))
    return opens, closes if closes > opens else closes + DAY
