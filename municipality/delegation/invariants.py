"""Invariants of delegations and consents."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.delegation.models import Consent, Delegation
from municipality.delegation.states import DelegationState
from municipality.kernel import clock
from municipality.kernel.transitions import state_findings


def findings() -> Iterator[str]:
    """States follow events; nothing is in force two days after its end."""
    yield from state_findings(Delegation)
    late = clock.today() - dt.timedelta(days=2)
    for row in Delegation.objects.filter(state=DelegationState.ACTIVE, last_day__lt=late)[:50]:
        yield f"{row.key} is in force past its last day"
    hour = clock.now() - dt.timedelta(hours=1)
    for consent in Consent.objects.filter(opened_at__isnull=False, closed_at__isnull=True, open_until__lt=hour)[:50]:
        yield f"{consent.key} is open past its time"
