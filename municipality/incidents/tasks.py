"""The periodic check, and the jobs that move deadlines and tell the people."""

from __future__ import annotations

from municipality.incidents import relief, services
from municipality.jobs.registry import every, job

every("incidents.check", seconds=60, queue="urgent")(services.check)


@job("incidents.relieve", queue="bulk", time_limit=110)
def relieve(*, incident_id: int, batch: int = 0) -> None:
    relief.relieve(incident_id, batch=batch)


@job("incidents.tell", queue="bulk", time_limit=110)
def tell(*, incident_id: int, people: list[tuple[int, list[int]]], total: int) -> None:
    relief.tell(incident_id, people, total=total)
