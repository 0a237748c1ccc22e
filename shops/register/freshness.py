"""How fresh what the register shows is: by when its periodic work last ended well."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from municipality.jobs import queries as jobs
from municipality.jobs.services import note_end
from municipality.kernel import clock
from municipality.kernel.ttl_cache import ttl_cache

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


@ttl_cache(lambda: settings.REGISTER_FRESHNESS_SECONDS)  # one query; every search asks
def as_of() -> dt.datetime | None:
    """The oldest of the last good ends of KEEPERS; None where one never ended well."""
    ends = jobs.ended_well(KEEPERS)
    return min(ends.values()) if len(ends) == len(KEEPERS) else None


def freshness() -> Freshness:
    """As of when what is shown is true. Stale beyond `REGISTER_STALE_HOURS`."""
    oldest = as_of()
    limit = dt.timedelta(hours=settings.REGISTER_STALE_HOURS)
    return Freshness(oldest, oldest is None or clock.now() - oldest > limit)
