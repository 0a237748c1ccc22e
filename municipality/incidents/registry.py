"""What apps tell the incidents: whether a part works, and which deadlines of people can move."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from municipality.accounts.models import User
from municipality.kernel.registry import Registry
from municipality.ui.texts import Text

if TYPE_CHECKING:
    from municipality.incidents.models import MovedDeadline

# Whether a part works, by `models.PortalPart`. A moment: it fails, and the last call failed then. None: nobody has used it lately.
SIGNALS: Registry[Callable[[], bool | dt.datetime | None]] = Registry()


@dataclass(frozen=True)
class Deadline:
    """One deadline: the primary key of its row, its last day, the key of its subject, and the reference that people know."""

    thing: int
    day: dt.date
    subject: str
    reference: str


@dataclass(frozen=True)
class Deadlines:
    """One kind of deadlines of people; none of the Municipality's own.

    `due` gives those that run and whose last day, as it was moved before, lies in a period, in a fixed order. `move` takes the row and
    the new last day, inside a transaction: it locks the row and says whether the deadline still ran. `people` are told. Requests of
    `services` about the same subject say in their timeline that it moved, where they were opened in the time that it gave. It moves no
    later than `latest` of its row, if that is a day. `job_kind` is the job that closes requests in `state`, or in that of its arguments.
    """

    label: Text
    due: Callable[[dt.date, dt.date], Iterable[Deadline]]
    move: Callable[[int, dt.date], bool]
    people: Callable[[MovedDeadline], Sequence[User]]
    services: Collection[str] = ()
    latest: Callable[[int], dt.date | None] = lambda thing: None
    job_kind: str = ""
    state: str = ""


# By name, such as `review.corrections`.
DEADLINES: Registry[Deadlines] = Registry()
