"""Jobs of the queue."""

from __future__ import annotations

from municipality.jobs.registry import every, job
from municipality.review.services import case_clock, queue


@every("review.sweep", seconds=60, queue="urgent")
def sweep() -> None:
    """Enqueue due escalations, and release the cases of absent and idle officers."""
    case_clock.escalate_due()
    queue.release_absent()


job("review.escalate", queue="urgent")(case_clock.escalate)
job("review.tell_overtaken", queue="bulk")(queue.tell_overtaken)


@job("review.recompute_clocks", queue="bulk", time_limit=110)
def recompute_clocks(*, ruleset_id: int) -> None:
    """Update all running clocks after the publication of a calendar."""
    case_clock.recompute_all()
