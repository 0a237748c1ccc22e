"""How fresh what the register shows is: by when its periodic work last ended well."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from municipality.jobs import queries as jobs
from municipality.jobs.services import note_end
from municipality.kernel import clock

# What keeps the index whole and notes licences that ended. Without either of them a page says what was true before.
KEEPERS = ("shops.index_missing", "shops.note_ended_licences")


@dataclass(frozen=True)
class Freshness:
    """`as_of` is the oldest of the last good ends, None where one never ended well; `is_stale` says that it is too old to be trusted."""

    as_of: dt.datetime | None
    is_stale: bool


def ended_well(keeper: str) -> None:
    """Note that one of KEEPERS has done its work. Called at the end of its handler, so that a run that fails leaves the old note."""
    note_end(keeper)


_read: list[tuple[dt.datetime, dt.datetime | None]] = []  # when this process asked, and what it was told


def freshness() -> Freshness:
    """As of when what is shown is true. Stale beyond `REGISTER_STALE_HOURS`.

    One query, at most once in `REGISTER_FRESHNESS_SECONDS` of each process: hours are told apart here, and every search asks.
    """
    now, kept = clock.now(), dt.timedelta(seconds=settings.REGISTER_FRESHNESS_SECONDS)
    if not (_read and dt.timedelta() <= now - _read[0][0] < kept):
        ends = jobs.ended_well(KEEPERS)
        _read[:] = [(now, min(ends.values()) if len(ends) == len(KEEPERS) else None)]
    as_of = _read[0][1]
    return Freshness(as_of, as_of is None or now - as_of > dt.timedelta(hours=settings.REGISTER_STALE_HOURS))
