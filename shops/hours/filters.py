"""Opening hours as filter words of the search: few words for each shop, and at most 56 for a moment.

The quarters of a day are the leaves of a binary tree; a span is the fewest nodes that cover it: 10:00 to 22:00 are four. A shop is
open at a moment if it has one of the seven nodes above its leaf. A node stands once for each group of days at which it is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from shops.models.week import DAY, parse

LEAVES = 128  # the next power of two after the 96 quarters of a day
# Every day, all but Friday, the working week, the weekend; then each single day.
GROUPS: tuple[tuple[str, frozenset[int]], ...] = (
    ("a", frozenset(range(7))),
    ("b", frozenset({6, 0, 1, 2, 3, 4})),
    ("c", frozenset({0, 1, 2, 3, 4})),
    ("d", frozenset({5, 6})),
    *((str(weekday), frozenset({weekday})) for weekday in range(7)),
)
# Prefixes of a week that holds all year, one that does not hold in Ramadan, and one of Ramadan.
ALWAYS, ORDINARY, RAMADAN = "h", "ho", "hr"


def of_shop(week: str | None, ramadan: str | None) -> tuple[str, ...]:
    """The filter words of a shop by the texts of its weeks."""
    if not week:
        return ()
    return (*_of_week(week, ORDINARY), *_of_week(ramadan, RAMADAN)) if ramadan else _of_week(week, ALWAYS)


@lru_cache(maxsize=4096)
def _of_week(text: str, kind: str) -> tuple[str, ...]:
    days: dict[int, set[int]] = {}
    for weekday, mask in enumerate(parse(text).covered):
        for node in _nodes(mask):
            days.setdefault(node, set()).add(weekday)
    return tuple(f"{kind}:{group}:{node}" for node, open_on in sorted(days.items()) for group in _groups(open_on))


def _nodes(mask: int) -> Iterator[int]:
    """The fewest nodes of the tree that cover the bits of the mask."""
    level = {LEAVES + quarter for quarter in range(DAY) if mask >> quarter & 1}
    while level:
        pairs = {node >> 1 for node in level if node ^ 1 in level}
        yield from (node for node in level if node >> 1 not in pairs)
        level = pairs


def _groups(days: set[int]) -> Iterator[str]:
    remaining = set(days)
    for name, members in GROUPS:
        if members <= remaining:
            yield name
            remaining -= members


def at(weekday: int, quarter: int, *, is_ramadan: bool) -> list[str]:
    """The filter words of a moment: exactly the shops open then have at least one of them."""
    nodes = [LEAVES + quarter >> up for up in range(7)]
    groups = [name for name, members in GROUPS if weekday in members]
    return [f"{kind}:{group}:{node}" for kind in (ALWAYS, RAMADAN if is_ramadan else ORDINARY) for group in groups for node in nodes]
