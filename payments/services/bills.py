"""Issuing and cancelling bills."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.documents.numbers import next_number
from municipality.jobs.errors import OnHold
from municipality.kernel import clock, subjects
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from payments import queries
from payments.models import Bill, BillLine
from payments.rules import Line, total
from payments.states import AttemptState

PAYMENT_OPEN = "payment_open"
HELD_SECONDS = 600


def issue_bill(
    *,
    kind: str,
    subject: str,
    payer: User,
    title_ar: str,
    title_en: str,
    lines: Sequence[Line],
    actor: Actor,
    due_until: dt.date | None = None,
) -> Bill:
    """Issue a bill over the sum of its lines. Raises rules.NotPayable as `rules.total`, ValueError for a bad subject."""
    subjects.parse(subject)
    amount = total(lines)
    with transaction.atomic(savepoint=False):
        bill = Bill.objects.create(
            reference=next_number(f"BIL-{clock.today().year}"),
            kind=kind,
            subject=subject,
            payer=payer,
            title_ar=title_ar,
            title_en=title_en,
            total_fils=amount,
            issued_at=clock.now(),
            due_until=due_until,
        )
        BillLine.objects.bulk_create(BillLine(bill=bill, order=number, **asdict(line)) for number, line in enumerate(lines, start=1))
        record("bill.issued", subject=bill.key, actor=actor, data={"kind": kind, "about": subject, "fils": amount, "lines": len(lines)})
    return bill


@contextmanager
def held_by_payment() -> Iterator[None]:
    """Around what a job does with a bill: while its payment is open at the bank, the job waits, instead of using up its tries."""
    try:
        yield
    except Refused as refusal:
        if refusal.code != PAYMENT_OPEN:
            raise
        raise OnHold("payment", "a payment is open at the bank", seconds=HELD_SECONDS) from refusal


@transaction.atomic
def void_bill(*, bill: Bill, actor: Actor, reason: str = "withdrawn", in_review: bool = False) -> None:
    """Void an unpaid bill. Raises Refused("payment_open") while a payment is at the bank, TransitionRefused.

    `in_review`: also while one is under review, which may last for weeks; what the bank took is then returned.
    """
    locked = Bill.objects.select_for_update().get(pk=bill.pk)
    at_bank = locked.allocations.filter(is_open=True)
    if (at_bank.exclude(attempt__state=AttemptState.MISMATCH) if in_review else at_bank).exists():
        raise Refused(PAYMENT_OPEN, _("A payment of this bill is open at the bank. The bill can be cancelled when its outcome is known."))
    transition(locked, "void", actor=actor, reason=reason)
    record("bill.voided", subject=locked.key, actor=actor, data={"reason": reason})
    bill.state, bill.last_event = locked.state, locked.last_event


def void_bill_of(case: Case, actor: Actor) -> None:
    """Void the bill of a case, where it has one. Raises what `void_bill` does."""
    if (bill := queries.bill_of(case.key)) is not None:
        void_bill(bill=bill, actor=actor)
