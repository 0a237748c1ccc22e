"""The freshness of the register's pages: when its periodic jobs last succeeded."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.conf import settings

from municipality.jobs import queries as jobs
from municipality.jobs.services import record_end
from municipality.kernel import clock
from municipality.kernel.ttl_cache import ttl_cache

# They keep the index complete and note licences that ended; if one of them stops, pages show outdated data.
INDEX_JOBS = ("shops.index_missing", "shops.note_ended_licences")


@dataclass(frozen=True)
class Freshness:
    """`as_of` is the oldest last success of the jobs, None where one never succeeded; `is_stale` if that is too old."""

    as_of: dt.datetime | None
    is_stale: bool


def note_success(job: str) -> None:
    """Note the success of one of INDEX_JOBS. Called at the end of its handler."""
    record_end(job)


@ttl_cache(lambda: settings.REGISTER_FRESHNESS_SECONDS)  # one query for all searches
def as_of() -> dt.datetime | None:
    """The oldest last success of INDEX_JOBS; None where one never succeeded."""
    ends = jobs.last_ends(INDEX_JOBS)
    return min(ends.values()) if len(ends) == len(INDEX_JOBS) else None


def freshness() -> Freshness:
    """The freshness of the register; stale beyond `REGISTER_STALE_HOURS`."""
    oldest = as_of()
    limit = dt.timedelta(hours=settings.REGISTER_STALE_HOURS)
    return Freshness(oldest, oldest is None or clock.now() - oldest > limit)
