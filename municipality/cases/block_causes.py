"""What stands behind a block: its cause, its legal ground, what lifts it, and what the person can do now.

An app that places blocks registers an explainer by their ground; the page of the blocked service shows what it returns.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from municipality.accounts.models import User
from municipality.cases.models import Block
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text


@dataclass(frozen=True)
class Way:
    """A link to something that a person can do about a condition that is not met."""

    label: Text
    url: str
    is_back: bool = False  # a plain link away from here


@dataclass(frozen=True)
class Obstacle:
    """A condition that is not met, as `components/obstacles.html` displays it. `ways` has the best one first."""

    title: Text
    text: Text = ""
    ways: Sequence[Way] = field(default_factory=tuple)
    fils: int | None = None
    about: Text = ""  # what the amount is for
    reference: str = ""
    why: Text = ""
    ground: Text = ""  # legal ground
    until: dt.date | None = None
    after: Text = ""  # what happens after `until`
    lifted: Text = ""  # what lifts it, and when
    is_waiting: bool = False  # nothing is wrong and nothing can be done: it ends by itself


# Takes the user, the blocks of one ground, and the page to return to after a payment (see `payments.origins`). Returns an obstacle
# by the primary key of a block; a block that is left out shows its own sentence.
Explainer = Callable[[User, Sequence[Block], str], dict[int, Obstacle]]
BLOCK_CAUSES: Registry[Explainer] = Registry()
# The same for lists, which say what a block is about and no more: obstacles with a title, a reference and an amount alone.
# Takes the user, the blocks of one ground, and the subjects of the list, all of which the user may see.
BLOCK_TITLES: Registry[Callable[[User, Sequence[Block], Sequence[Any]], dict[int, Obstacle]]] = Registry()


def explain(user: User, blocks: Sequence[Block], origin: str) -> dict[int, Obstacle]:
    """The obstacle behind each block that is explained, by its primary key."""
    found: dict[int, Obstacle] = {}
    for ground, rows in _by_ground(blocks).items():
        if ground in BLOCK_CAUSES:
            found |= BLOCK_CAUSES[ground](user, rows, origin)
    return found


def titles(user: User, blocks: Sequence[Block], subjects: Sequence[Any]) -> dict[int, Obstacle]:
    """What each block that is explained is about, by its primary key: title, reference and amount alone, for a list of subjects."""
    found: dict[int, Obstacle] = {}
    for ground, rows in _by_ground(blocks).items():
        if ground in BLOCK_TITLES:
            found |= BLOCK_TITLES[ground](user, rows, subjects)
    return found


def _by_ground(blocks: Sequence[Block]) -> dict[str, list[Block]]:
    by_ground: dict[str, list[Block]] = {}
    for block in blocks:
        by_ground.setdefault(block.ground, []).append(block)
    return by_ground
