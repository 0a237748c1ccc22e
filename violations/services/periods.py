"""The periods of a violation report, which run from the service of its notice."""

from __future__ import annotations

import datetime as dt
from typing import Any

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.transitions import transition
from municipality.review import queries as review
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition
from violations import queries
from violations.models import Service, ServiceGround, Violation, ViolationEvent
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


def limits_of(case: Case) -> dict[str, int]:
    """The periods by which an objection is judged, by code: those of its case, whatever was published since."""
    return {code: limit.value for code, limit in review.edition_for(case, queries.LIMITS).limits.items()}


def of_report(violation: Violation) -> RulebookEdition:
    """The periods that the notice of a violation report names: those in force when it was written, today's while it is not."""
    event = written(violation)
    return rulebook.edition(queries.LIMITS, clock.day_of(event.at) if event is not None else clock.today())


def written(violation: Violation) -> ViolationEvent | None:
    """The event by which the violation report was written in the portal; None for a warning and a legacy fine."""
    found: ViolationEvent | None = violation.events.filter(move__in=("order", "charge")).order_by("-pk").first()
    return found


def last_days(violation: Violation, day: dt.date) -> dict[str, Any]:
    """The last days of the periods of a notice that is served on a day, by the rulebook of that day; never fewer days than it names."""
    periods, named = queries.limits(day), of_report(violation).limits
    periods |= {code: max(periods[code], named[code].value) for code in ("settlement_days", "objection_days")}
    days = {
        "object_until": day + dt.timedelta(days=periods["objection_days"]),
        "block_from": day + dt.timedelta(days=periods["block_after_days"] + 1),
    }
    if violation.state == V.ORDERED:
        days["settle_until"] = day + dt.timedelta(days=periods["settlement_days"])
    return days


def record_known(violation: Violation, person: User) -> bool:
    """As `record_service`, where the party, or who acts for them, acts on a notice that was not served yet: its periods run from then."""
    return record_service(violation=violation, ground=ServiceGround.OPENED, at=clock.now(), proof={"person": person.key})
