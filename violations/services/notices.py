"""Service of notices: the proof that a notice reached its party, from which the periods run."""

from __future__ import annotations

import datetime as dt
from functools import reduce
from operator import and_
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.delegation.authorization import Access
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from municipality.notifications.models import Channel, Delivery, DeliveryState
from municipality.uploads import queries as uploads
from violations import queries, rules
from violations.models import Handover, Service, ServiceGround, Violation
from violations.notifications import CarriedOver, ReportWritten
from violations.services import relief
from violations.states import ViolationState

V = ViolationState
ME = system("violations")
MAX_RECEIPT = 160  # characters
NOTICES = (ReportWritten.kind, CarriedOver.kind)
SERVE = {V.ORDERED: "serve", V.UNSETTLEABLE: "serve_charge"}


def record_service(*, violation: Violation, ground: str, at: dt.datetime, proof: dict[str, Any], actor: Actor = ME) -> bool:
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
    transition(violation, SERVE[V(violation.state)], actor=actor, data=data, **days)
    record("violation.served", subject=violation.key, actor=actor, data=data)
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


@transaction.atomic
def serve_by_hand(*, violation: Violation, clerk: User, on: dt.date | None, how: str, receipt: str) -> None:
    """Record that staff served the notice, with the number of the receipt or the name of the witness, and the papers sent as proof.

    Its periods run from that day. Raises NotPermitted without the role, Refused: served, bad_day, unknown_way, no_proof, files_waiting.
    """
    require_group(clerk, relief.ASKS)
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    receipt, proof_key = receipt.strip()[:MAX_RECEIPT], queries.proof_key(row)
    if row.state not in SERVE or Service.objects.filter(violation=row).exists():
        raise Refused("served", _("This notice is served already, or the violation has moved on."))
    if on is None or not clock.day_of(row.seen_at) <= on <= clock.today():
        raise Refused("bad_day", _("Please give the day of service: not before the violation was seen, and not ahead."))
    if how not in Handover.values:
        raise Refused("unknown_way", _("Choose how the notice was served."))
    if not receipt:
        raise Refused("no_proof", _("Please give the number of the receipt or the name of the witness."))
    if uploads.is_waiting(proof_key):
        raise Refused("files_waiting", _("A file is still being checked. Please wait a moment and try again."))
    files = list(uploads.ready(proof_key).values_list("public_id", flat=True))
    proof = {"how": how, "receipt": receipt, "by": clerk.key, "entered_at": clock.now().isoformat(), "files": files}
    at = clock.now() if on == clock.today() else clock.start_of(on)
    actor = actor_of(clerk, relief.ASKS)
    record_service(violation=row, ground=ServiceGround.BY_HAND, at=max(at, row.seen_at), proof=proof, actor=actor)
    violation.refresh_from_db()


def deliveries_of(violation: Violation) -> list[rules.Delivered]:
    """Deliveries of the notice; a skipped or failed one has no time."""
    rows = Delivery.objects.filter(message__subject_key=violation.key, message__kind__in=NOTICES)
    return [rules.Delivered(row.channel, row.sent_at if row.state == DeliveryState.SENT else None) for row in rows]


def not_served(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Those of the violations whose notice two channels do not serve, as one failed or is missing, oldest first."""
    message = {"message__subject_key": Concat(Value("violation:"), OuterRef("public_id")), "message__kind__in": NOTICES}
    deliveries = Delivery.objects.filter(**message)
    waits = Exists(deliveries.filter(state=DeliveryState.WAITING))
    took = reduce(and_, (Q(Exists(deliveries.filter(state=DeliveryState.SENT, channel=channel))) for channel in Channel.values))
    return rows.filter(~Q(waits), ~took, state__in=list(SERVE), service__isnull=True).order_by("pk")


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
