"""Periodic work of claims."""

from __future__ import annotations

from municipality.jobs.registry import every
from shops import claims


@every("shops.settle_claims", seconds=3600)
def settle_claims() -> None:
    claims.settle_due()
