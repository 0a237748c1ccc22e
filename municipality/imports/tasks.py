"""Jobs of imports."""

from __future__ import annotations

from municipality.imports import services
from municipality.jobs.registry import job

job("imports.check", queue="bulk", time_limit=110)(services.check)
job("imports.take", queue="bulk", time_limit=110)(services.apply_released)
