"""Messages that reached nobody, for a phone call by staff."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import CallOutcome, Delivery, DeliveryState, Message, NotReached, NotReachedCause
from municipality.notifications.registry import MESSAGE_KINDS
from municipality.rulebook import queries as rulebook

SYSTEM = system("notifications")
LIMITS = "limits.messages"
ROLE = "counter"
LOOK_BACK = dt.timedelta(days=30)  # a message that was overlooked for longer is past its period


def note(message: Message) -> None:
    """List a message to a person that no channel has taken or will take, and that was not opened; once. In the caller's transaction."""
    if message.person.is_staff:
        return
    states = set(Delivery.objects.filter(message=message).values_list("state", flat=True))
    if message.read_at is not None or states & {DeliveryState.SENT, DeliveryState.WAITING}:
        return
    cause = NotReachedCause.FAILED if DeliveryState.FAILED in states else NotReachedCause.NO_ADDRESS
    NotReached.objects.get_or_create(message=message, defaults={"cause": cause, "since": clock.now()})


def escalate_unread() -> int:
    """List messages that ask for an answer and were not opened within the rulebook's `unread_days`. Returns how many.

    Does nothing before the rulebook has an edition of these limits.
    """
    now = clock.now()
    try:
        days = rulebook.edition(LIMITS, clock.today()).limits["unread_days"].value
    except Refused:
        return 0
    kinds = [kind for kind, declared in MESSAGE_KINDS.items() if declared.asks_for_answer]
    before = now - dt.timedelta(days=days)
    unread = Message.objects.filter(
        kind__in=kinds, read_at__isnull=True, created_at__lte=before, created_at__gt=before - LOOK_BACK, not_reached__isnull=True
    )

    def escalate(pk: int) -> bool:
        message = Message.objects.get(pk=pk)
        if message.read_at is not None or not MESSAGE_KINDS[message.kind].is_unanswered(message.subject_key):
            return False
        _row, created = NotReached.objects.get_or_create(message=message, defaults={"cause": NotReachedCause.UNREAD, "since": now})
        if created:
            record("message.escalated", subject=message.subject_key or f"message:{message.pk}", actor=SYSTEM, data={"kind": message.kind})
        return created

    return sweeps.for_each("notifications.escalate_unread", list(unread.order_by("pk").values_list("pk", flat=True)), escalate)


@transaction.atomic
def record_call(*, row: NotReached, outcome: str, caller: User) -> None:
    """Record that somebody of the staff called the person, once. Raises Refused: unknown_outcome, called."""
    if outcome not in CallOutcome.values:
        raise Refused("unknown_outcome", _("Choose how the call ended."))
    changes = {"called_at": clock.now(), "called_by": caller, "outcome": outcome}
    if not NotReached.objects.filter(pk=row.pk, called_at__isnull=True).update(**changes):
        raise Refused("called", _("Somebody has already recorded a call about this message."))
    message = row.message
    record(
        "message.called",
        subject=message.subject_key or f"message:{message.pk}",
        actor=actor_of(caller, ROLE),
        data={
            "kind": message.kind,
            "outcome": outcome,
            "person": message.person.key,
        },
    )
