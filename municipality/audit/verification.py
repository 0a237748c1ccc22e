"""Verifying the whole chain, with the result in the audit log itself, where auditors read it."""

from __future__ import annotations

from django.db import transaction

from municipality.audit.models import AuditEvent, Link
from municipality.audit.queries import Fault, faults
from municipality.audit.services import record
from municipality.kernel.actors import system

ACTION = "audit.verified"
SUBJECT = "audit:chain"


def verify() -> list[Fault]:
    """Verify the chain from the first event to the last and record the result. Returns the faults."""
    last = Link.objects.order_by("-number").values_list("number", flat=True).first() or 0
    found = list(faults())
    with transaction.atomic():
        data = {"to": last, "faults": len(found), "rows": [fault.number for fault in found[:20]]}
        record(ACTION, subject=SUBJECT, actor=system("audit"), data=data)
    return found


def last_result() -> AuditEvent | None:
    """The event of the last verification; None before the first."""
    return AuditEvent.objects.filter(subject=SUBJECT, action=ACTION).order_by("-pk").first()
