"""Job handlers of measures."""

from __future__ import annotations

from licensing.measures import services
from municipality.jobs.registry import every

every("licensing.end_measures", seconds=900)(services.end_due)
