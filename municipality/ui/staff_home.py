"""The first page of staff: what each app adds to its four parts, which are the same for every role."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from municipality.ui.texts import Text

ROWS = 12  # of one list on the first page


@dataclass(frozen=True)
class Next:
    """What to do next. The first that waits is the panel with the one filled button; the others are links.

    Without a `button` it only says that there is nothing to do.
    """

    label: Text
    title: Any
    text: Text
    button: Text = ""
    url: str = ""
    is_post: bool = False
    waits: bool = True


@dataclass(frozen=True)
class Row:
    """One line of open work; `state` and `due` are a kind of tag with its word, `percent` the used share of a promise."""

    title: Any
    url: str
    note: Any = ""
    about: Any = ""
    state: tuple[str, Any] | None = None
    due: tuple[str, Any] | None = None
    due_at: dt.datetime | None = None
    percent: int | None = None
    is_paused: bool = False
    state_note: Any = ""
    anchor: str = ""  # the fragment of a link to it


@dataclass(frozen=True)
class Work:
    """A list of open work. `more` is the page with all of it; an empty list shows `empty`, or is left out without it.

    `none_of`: fragments of links that lead to no row, each with the sentence that the page then shows.
    """

    title: Text
    rows: Sequence[Row]
    total: int = 0
    more: str = ""
    empty: Text = ""
    none_of: Sequence[tuple[str, Text]] = ()
    is_done: bool = False  # what is over already


@dataclass(frozen=True)
class HomeNotice:
    """Something to know; `kind` is that of a notice (info, ok, warn, bad)."""

    title: Text
    text: Any = ""
    url: str = ""
    link: Text = ""
    kind: str = "info"


@dataclass(frozen=True)
class HomePart:
    """What an app adds to the first page."""

    next: Next | None = None
    work: Sequence[Work] = field(default=())
    notices: Sequence[HomeNotice] = field(default=())
