"""Service of notices: the proof that a notice reached its party, from which the periods run."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.delegation.authorization import Access
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.notifications.models import Delivery, DeliveryState
from violations import queries, rules
from violations.models import Service, ServiceGround, Violation
from violations.notifications import CarriedOver, ReportWritten
from violations.states import ViolationState

V = ViolationState
ME = system("violations")
SERVE = {V.ORDERED: "serve", V.UNSETTLEABLE: "serve_charge"}


def record_service(*, violation: Violation, ground: str, at: dt.datetime, proof: dict[str, Any]) -> bool:
    """Record the service of a notice once and set the last days of its periods. In the caller's transaction, row locked.

    Periods of the rulebook on the day of service (Decree-Law 75/2025 by analogy): settlement, objection, service block.
    Returns False if it was served already or the violation has moved on.
    """
    if violation.state not in SERVE or Service.objects.filter(violation=violation).exists():
        return False
    day = clock.day_of(at)
    periods = queries.limits(day)
    Service.objects.create(violation=violation, ground=ground, at=at, proof=proof)
    days: dict[str, Any] = {
        "object_until": day + dt.timedelta(days=periods["objection_days"]),
        "block_from": day + dt.timedelta(days=periods["block_after_days"] + 1),
    }
    if violation.state == V.ORDERED:
        days["settle_until"] = day + dt.timedelta(days=periods["settlement_days"])
    data = {"ground": ground} | {name: value.isoformat() for name, value in days.items()}
    transition(violation, SERVE[V(violation.state)], actor=ME, data=data, **days)
    record("violation.served", subject=violation.key, actor=ME, data=data)
    return True


def is_unopened_by(violation: Violation, access: Access) -> bool:
    """Whether opening the notice by this person would prove service: they are the party, no delegate, and nothing was served yet."""
    if not access.is_self or violation.state not in SERVE or hasattr(violation, "service"):
        return False
    return any(known.pk == access.person.pk for known in queries.people_of(violation))


@transaction.atomic
def record_opening(*, violation: Violation, person: User) -> bool:
    """Record that a person opened the notice in the portal, with the button that says so. Returns whether that proved service."""
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop").get(pk=violation.pk)
    if all(known.pk != person.pk for known in queries.people_of(row)):
        return False
    done = record_service(violation=row, ground=ServiceGround.OPENED, at=clock.now(), proof={"person": person.key})
    if done:
        violation.refresh_from_db()
    return done


def deliveries_of(violation: Violation) -> list[rules.Delivered]:
    """Deliveries of the notice; a skipped or failed one has no time."""
    rows = Delivery.objects.filter(message__subject_key=violation.key, message__kind__in=(ReportWritten.kind, CarriedOver.kind))
    return [rules.Delivered(row.channel, row.sent_at if row.state == DeliveryState.SENT else None) for row in rows]


def sweep() -> int:
    """Record service of unopened notices that two channels delivered long enough ago. Returns how many."""
    waiting = Violation.objects.filter(state__in=list(SERVE), service__isnull=True).order_by("pk")
    return sweeps.for_each("violations.serve", waiting.only("pk", "public_id")[:2000], _serve)


def _serve(violation: Violation) -> bool:
    days = queries.limits()["two_channel_days"]
    at = rules.served_by_channels(deliveries_of(violation), days=days, now=clock.now())
    if at is None:
        return False
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    return record_service(violation=row, ground=ServiceGround.TWO_CHANNELS, at=at, proof={"days": days})
