"""Job handlers of transfers."""

from __future__ import annotations

from licensing.health.transfers import services
from municipality.jobs.registry import every


@every("licensing.end_transfers", seconds=900)
def end_transfers() -> None:
    services.end_due()
