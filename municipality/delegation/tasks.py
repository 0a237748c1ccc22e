"""Jobs: send codes, and end delegations and consents that are over."""

from __future__ import annotations

from municipality.delegation.services import consents, delegations
from municipality.jobs.registry import every, job


@job("delegation.consent_code", queue="messages", time_limit=30)
def consent_code(*, consent_id: int) -> None:
    consents.send_code(consent_id)


@every("delegation.tend", seconds=60)
def tend() -> None:
    delegations.end_due()
    consents.end_due()
