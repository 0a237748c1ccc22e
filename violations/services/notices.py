"""Service of notices: the proof that a notice reached its party, from which the periods run."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.accounts.queries import require_group
from municipality.delegation.authorization import Access
from municipality.jobs import sweeps
from municipality.kernel import clock, digits
from municipality.kernel.errors import Refused
from municipality.notifications.models import Channel, Delivery, DeliveryState, Message
from municipality.uploads import queries as uploads
from violations import queries, rules
from violations.models import Handover, Service, ServiceGround, Violation
from violations.notifications import CarriedOver, ReportWritten
from violations.services import relief
from violations.services.conflicts import unless_tied
from violations.services.periods import SERVE as SERVE
from violations.services.periods import last_days, written
from violations.services.periods import record_service as record_service

MAX_RECEIPT = 160  # characters
MOST = 2000  # notices of one sweep
NOTICES = (ReportWritten.kind, CarriedOver.kind)


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


@unless_tied("clerk", "violation")
@transaction.atomic
def serve_by_hand(*, violation: Violation, clerk: User, on: dt.date | None, how: str, receipt: str) -> None:
    """Record that staff served the notice, with the number of the receipt or the name of the witness, and the papers sent as proof.

    Its periods run from that day. Raises as `check_by_hand`.
    """
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    day = check_by_hand(violation=row, clerk=clerk, on=on, how=how, receipt=receipt)["on"]
    files = list(uploads.ready(queries.proof_key(row)).values_list("public_id", flat=True))
    proof = {"how": how, "receipt": _receipt(receipt), "by": clerk.key, "entered_at": clock.now().isoformat(), "files": files}
    at = clock.now() if day == clock.today() else clock.start_of(day)
    actor = actor_of(clerk, relief.ASKS)
    record_service(violation=row, ground=ServiceGround.BY_HAND, at=max(at, _served_from(row)), proof=proof, actor=actor)
    violation.refresh_from_db()


def _served_from(row: Violation) -> dt.datetime:
    """When a notice can have been served at the earliest: once its report was written; a legacy fine, once it was seen."""
    event = written(row)
    return event.at if event is not None else row.seen_at


def _receipt(text: str) -> str:
    return digits.clean(text)[:MAX_RECEIPT]


def check_by_hand(*, violation: Violation, clerk: User, on: dt.date | None, how: str, receipt: str) -> dict[str, Any]:
    """What `serve_by_hand` would record: day, way, receipt, and the last days of the periods. Changes nothing.

    Raises NotPermitted without the role, Refused: served, bad_day, unknown_way, no_proof, files_waiting.
    """
    require_group(clerk, relief.ASKS)
    row = violation
    if row.state not in SERVE or Service.objects.filter(violation=row).exists():
        raise Refused("served", _("This notice is served already, or the violation has moved on."))
    if on is None or not clock.day_of(_served_from(row)) <= on <= clock.today():
        raise Refused("bad_day", _("Please give the day of service: not before the violation report was written, and not ahead."))
    if how not in Handover.values:
        raise Refused("unknown_way", _("Choose how the notice was served."))
    if not _receipt(receipt):
        raise Refused("no_proof", _("Please give the number of the receipt or the name of the witness."))
    if uploads.is_waiting(queries.proof_key(row)):
        raise Refused("files_waiting", _("A file is still being checked. Please wait a moment and try again."))
    return {"on": on, "how": Handover(how).label, "receipt": _receipt(receipt), **last_days(row, on)}


def deliveries_of(violation: Violation) -> list[list[rules.Delivered]]:
    """Deliveries of the notice, those to one recipient together; a skipped or failed one has no time."""
    by_message: dict[int, list[rules.Delivered]] = {}
    for row in Delivery.objects.filter(message__subject_key=violation.key, message__kind__in=NOTICES):
        sent_at = row.sent_at if row.state == DeliveryState.SENT else None
        by_message.setdefault(row.message_id, []).append(rules.Delivered(row.channel, sent_at))
    return list(by_message.values())


_NOTICE = {"subject_key": Concat(Value("violation:"), OuterRef("public_id")), "kind__in": NOTICES}


def _taken(**sent: Any) -> Exists:
    """Whether every channel took the notice to one and the same recipient. `sent`: further conditions on each delivery."""
    messages = Message.objects.filter(**_NOTICE)
    for channel in Channel.values:
        deliveries = Delivery.objects.filter(message=OuterRef("pk"), state=DeliveryState.SENT, channel=channel, **sent)
        messages = messages.filter(Exists(deliveries))
    return Exists(messages)


def served_by_messages_on(violation: Violation) -> dt.date | None:
    """The day on which an unopened notice will count as served, as two channels took it; None where they did not."""
    at = _served_at(violation, queries.limits()["two_channel_days"], now=None)
    return clock.day_of(at) if at is not None else None


def _served_at(violation: Violation, days: int, *, now: dt.datetime | None) -> dt.datetime | None:
    """The earliest time of `rules.served_by_channels` over the recipients."""
    found = [rules.served_by_channels(sent, days=days, now=now) for sent in deliveries_of(violation)]
    return min((at for at in found if at is not None), default=None)


def not_served(rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Those of the violations whose notice two channels do not serve, as one failed or is missing, oldest first."""
    waits = Exists(Message.objects.filter(**_NOTICE, deliveries__state=DeliveryState.WAITING))
    return rows.filter(~Q(waits), ~Q(_taken()), state__in=list(SERVE), service__isnull=True).order_by("pk")


def sweep() -> int:
    """Record service of unopened notices that two channels delivered long enough ago. Returns how many."""
    before = clock.now() - dt.timedelta(days=queries.limits()["two_channel_days"])
    waiting = Violation.objects.filter(_taken(sent_at__lte=before), state__in=list(SERVE), service__isnull=True).order_by("pk")
    return sweeps.for_each("violations.serve", waiting.only("pk", "public_id")[:MOST], _serve)


def _serve(violation: Violation) -> bool:
    days = queries.limits()["two_channel_days"]
    at = _served_at(violation, days, now=clock.now())
    if at is None:
        return False
    row = Violation.objects.select_for_update(of=("self",)).get(pk=violation.pk)
    return record_service(violation=row, ground=ServiceGround.TWO_CHANNELS, at=at, proof={"days": days})
