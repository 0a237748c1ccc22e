"""Jobs of the queue: nothing waits for a person to look."""

from __future__ import annotations

from municipality.jobs.registry import every, job
from municipality.review.services import clock, queue


@every("review.sweep", seconds=60, queue="urgent")
def sweep() -> None:
    """Once a minute: escalate what is past its time, put back what lies with absent or idle officers."""
    clock.escalate_due()
    queue.release_absent()


@job("review.escalate", queue="urgent")
def escalate(*, clock_id: int) -> None:
    clock.escalate(clock_id=clock_id)


@job("review.recompute_clocks", queue="bulk", time_limit=110)
def recompute_clocks(*, ruleset_id: int) -> None:
    """A calendar was published: every running promise is counted anew."""
    clock.recompute_all()
