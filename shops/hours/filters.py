"""Opening hours as filter words of the search: few words a shop, and the same few dozen for any moment, however many tables there are.

The quarters of a day are the leaves of a binary tree, and an open stretch is the fewest nodes that make it up: from ten to ten are four.
A moment lies in one leaf, so that a shop is open at it if it has one of the seven nodes above that leaf. Days that are alike share
their words: a node stands once for every group of days at which it is open.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from shops.models.week import DAY, parse

LEAVES = 128  # the next power of two above the quarters of a day
# Every day, all but Friday, the working week, the weekend; then each day by itself.
GROUPS: tuple[tuple[str, frozenset[int]], ...] = (
    ("a", frozenset(range(7))),
    ("b", frozenset({6, 0, 1, 2, 3, 4})),
    ("c", frozenset({0, 1, 2, 3, 4})),
    ("d", frozenset({5, 6})),
    *((str(weekday), frozenset({weekday})) for weekday in range(7)),
)
# A table that holds all the year; one that does not hold in Ramadan; one of Ramadan.
ALWAYS, ORDINARY, RAMADAN = "h", "ho", "hr"


def of_shop(week: str | None, ramadan: str | None) -> tuple[str, ...]:
    """The words of a shop by the texts of its tables; none where it states no hours."""
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
    """The fewest nodes of the tree whose leaves are the bits of the mask."""
    level = {LEAVES + quarter for quarter in range(DAY) if mask >> quarter & 1}
    while level:
        pairs = {node >> 1 for node in level if node ^ 1 in level}
        yield from (node for node in level if node >> 1 not in pairs)
        level = pairs


def _groups(days: set[int]) -> Iterator[str]:
    left = set(days)
    for name, members in GROUPS:
        if members <= left:
            yield name
            left -= members


def at(weekday: int, quarter: int, *, is_ramadan: bool) -> list[str]:
    """All words of which a shop that is open at a moment has at least one, and no other shop has any."""
    nodes = [LEAVES + quarter >> up for up in range(7)]
    groups = [name for name, members in GROUPS if weekday in members]
    return [f"{kind}:{group}:{node}" for kind in (ALWAYS, RAMADAN if is_ramadan else ORDINARY) for group in groups for node in nodes]
