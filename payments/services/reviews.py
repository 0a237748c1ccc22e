"""Payments under review: the bank is asked again, and where it gives no clear answer two people record what its own records say."""

from __future__ import annotations

import re

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock, money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from payments.models import Attempt, Bill, PaymentFinding, RefundDue
from payments.registry import PAYABLES
from payments.services import ledger
from payments.services.roles import require_role
from payments.states import CASHIER, CHECKER, AttemptState, BillState

REASON = "found_at_bank_records"  # of a refund
_REFERENCE = re.compile(r"[A-Za-z0-9-]{4,40}")
MAX_PROOF = 500  # characters


@transaction.atomic
def ask_again(*, attempt: Attempt, by: User) -> None:
    """Enqueue an inquiry about a payment under review. Raises NotPermitted, Refused("not_in_review")."""
    actor = require_role(by, CASHIER)
    row = _locked(attempt)
    key = f"attempt:{row.pk}:asked:{int(clock.now().timestamp()) // 60}"
    enqueue("payments.inquire", key=key, attempt_id=row.pk, step=0, why="asked", turn=99)
    record("payment.asked_again", subject=row.key, actor=actor)


@transaction.atomic
def record_finding(
    *, attempt: Attempt, found_by: User, is_taken: bool, fils: int | None, bank_reference: str, proof: str
) -> PaymentFinding:
    """Record what the bank's own records say about a payment under review: not taken, or taken and how much in fils.

    A second person confirms it. Raises NotPermitted, Refused: not_in_review, found_already, bad_amount, bad_reference, no_proof.
    """
    actor = require_role(found_by, CASHIER)
    row = _locked(attempt)
    if is_taken != (fils is not None) or (fils is not None and not 0 < fils <= money.MAX_FILS):
        raise Refused(
            "bad_amount", _("Please give the amount that the bank took, in dinars with three decimals, and none where it took none.")
        )
    if not _REFERENCE.fullmatch(bank_reference):
        raise Refused("bad_reference", _("Please give the reference of the bank's answer: 4 to 40 letters, digits and hyphens."))
    if not proof.strip():
        raise Refused("no_proof", _("Please say what the bank's records show."))
    try:
        with transaction.atomic():
            finding = PaymentFinding.objects.create(
                attempt=row,
                is_taken=is_taken,
                fils=fils,
                bank_reference=bank_reference,
                proof=proof.strip()[:MAX_PROOF],
                found_by=found_by,
                found_at=clock.now(),
            )
    except IntegrityError as error:
        raise Refused("found_already", _("A finding about this payment is already waiting for the second person.")) from error
    data = {"taken": is_taken, "fils": fils, "reference": bank_reference}
    record("payment.finding_recorded", subject=row.key, actor=actor, data=data, text=finding.proof)
    return finding


@transaction.atomic
def decide_finding(*, finding: PaymentFinding, decided_by: User, agrees: bool) -> None:
    """Confirm a finding or not, as the second person.

    Confirmed as not taken, the payment is over and its bills can be paid again. Confirmed as taken, the amount is owed back, since only
    an answer of the bank that agrees settles a bill. Raises NotPermitted (another role, own finding), Refused: not_in_review, done.
    """
    actor = require_role(decided_by, CHECKER)
    attempt = _locked(finding.attempt)
    row = PaymentFinding.objects.select_for_update().get(pk=finding.pk)
    if row.decided_at is not None:
        raise Refused("done", _("Another person decided meanwhile. Nothing was changed."))
    if row.closed_at is not None:
        raise Refused("done", _("An answer of the bank closed this finding. Nothing was changed."))
    if row.found_by_id == decided_by.pk:
        raise NotPermitted("own_proposal", _("The person who proposes cannot approve."))
    row.decided_by, row.decided_at, row.is_confirmed = decided_by, clock.now(), agrees
    row.save(update_fields=["decided_by", "decided_at", "is_confirmed"])
    record("payment.finding_decided", subject=attempt.key, actor=actor, data={"agrees": agrees, "taken": row.is_taken, "fils": row.fils})
    if agrees:
        _end(attempt, row, actor)


def _end(attempt: Attempt, finding: PaymentFinding, actor: Actor) -> None:
    move = "find_taken" if finding.is_taken else "find_not_taken"
    transition(attempt, move, actor=actor, reason="found_in_records", data={"finding": finding.public_id})
    free_bills(attempt)
    if finding.fils is None:
        return
    first = Bill.objects.filter(allocations__attempt=attempt).order_by("pk")[0]
    refund = RefundDue.objects.create(
        attempt=attempt, payer_id=first.payer_id, subject=first.subject, fils=finding.fils, reason=REASON, due_since=clock.now()
    )
    ledger.book_owed(refund)
    enqueue("payments.tell_owed_attempt", key=f"attempt:{attempt.pk}", attempt_id=attempt.pk)
    record("payment.refund_due", subject=attempt.key, actor=actor, data={"fils": refund.fils, "finding": finding.public_id})


def close_finding(attempt: Attempt) -> None:
    """Close a finding that waits for the second person, since an answer of the bank ended the review. In the caller's transaction."""
    attempt.findings.filter(decided_at__isnull=True, closed_at__isnull=True).update(closed_at=clock.now())


def free_bills(attempt: Attempt) -> None:
    """Let the bills of a payment that was under review go: they may be paid again, and their services and payers are told."""
    key = f"attempt:{attempt.pk}:{attempt.last_event_id}"
    enqueue("payments.tell_not_taken", key=key, attempt_id=attempt.pk, due=_due_bills(attempt))
    bills = list(Bill.objects.filter(allocations__attempt=attempt, allocations__is_open=True).order_by("pk"))
    attempt.allocations.filter(is_open=True).update(is_open=False)
    for bill in bills:
        payable = PAYABLES.get(bill.kind)
        if payable is not None and payable.freed is not None:
            payable.freed(bill.pk)


def _due_bills(attempt: Attempt) -> list[int]:
    """The bills that can be paid again. Their services may replace them at once; others were paid or cancelled meanwhile."""
    return list(Bill.objects.filter(allocations__attempt=attempt, state=BillState.DUE).order_by("pk").values_list("pk", flat=True))


def _locked(attempt: Attempt) -> Attempt:
    row = Attempt.objects.select_for_update().get(pk=attempt.pk)
    if row.state != AttemptState.MISMATCH:
        raise Refused("not_in_review", _("This payment is not under review any more. Nothing was changed."))
    return row
