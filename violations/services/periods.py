"""The periods of a violation report, which run from the service of its notice."""

from __future__ import annotations

import datetime as dt
from typing import Any

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.transitions import transition
from violations import queries
from violations.models import Service, ServiceGround, Violation
from violations.states import ViolationState

V = ViolationState
ME = system("violations")
SERVE = {V.ORDERED: "serve", V.UNSETTLEABLE: "serve_charge"}


def record_service(*, violation: Violation, ground: str, at: dt.datetime, proof: dict[str, Any], actor: Actor = ME) -> bool:
    """Record the service of a notice once and set the last days of its periods. In the caller's transaction, row locked.

    Periods of the rulebook on the day of service (Decree-Law 75/2025 by analogy): settlement, objection, service block.
    Returns False if it was served already or the violation has moved on.
    """
    if violation.state not in SERVE or Service.objects.filter(violation=violation).exists():
        return False
    Service.objects.create(violation=violation, ground=ground, at=at, proof=proof)
    days = last_days(violation, clock.day_of(at))
    if violation.settle_until is not None and "settle_until" in days:  # promised already
        days["settle_until"] = max(days["settle_until"], violation.settle_until)
    data = {"ground": ground} | {name: value.isoformat() for name, value in days.items()}
    transition(violation, SERVE[V(violation.state)], actor=actor, data=data, **days)
    record("violation.served", subject=violation.key, actor=actor, data=data)
    return True


def last_days(violation: Violation, day: dt.date) -> dict[str, Any]:
    """The last days of the periods of a notice that is served on a day, by the rulebook of that day."""
    periods = queries.limits(day)
    days = {
        "object_until": day + dt.timedelta(days=periods["objection_days"]),
        "block_from": day + dt.timedelta(days=periods["block_after_days"] + 1),
    }
    if violation.state == V.ORDERED:
        days["settle_until"] = day + dt.timedelta(days=periods["settlement_days"])
    return days


def record_known(violation: Violation, person: User) -> bool:
    """Record service where somebody acts on a notice in the portal that was not served yet: its periods run from then. As above."""
    return record_service(violation=violation, ground=ServiceGround.OPENED, at=clock.now(), proof={"person": person.key})
