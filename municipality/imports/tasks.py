"""Jobs of imports."""

from __future__ import annotations

from municipality.imports import services
from municipality.jobs.registry import job


@job("imports.check", queue="bulk", time_limit=110)
def check(*, file_id: int) -> None:
    services.check(file_id=file_id)


@job("imports.take", queue="bulk", time_limit=110)
def apply_released(*, file_id: int) -> None:
    services.apply_released(file_id=file_id)
