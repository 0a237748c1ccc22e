"""Rows for the tables of the review by an officer and of amounts owed back: one of everything that their guards speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from licensing.models import Lane, Renewal, RenewalChange
from municipality.kernel import clock, ids
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from payments.models import Allocation, Bill, RefundDue
from shops.models import RegisterChange
from tests.architecture import review_data

if TYPE_CHECKING:
    from tests.architecture.sample_data import Sample

BY = system("tests")
# An amount can be owed only for a payment that is there: a row made by hand takes one that nobody has written down yet.
OWED_FOR = {
    ("payments_refunddue", "attempt_id"): "(SELECT MAX(t.id) FROM payments_attempt t WHERE t.state = 'refund_due')",
    ("payments_refunddue", "fils"): "(SELECT t.fils FROM payments_attempt t WHERE t.state = 'refund_due' ORDER BY t.id DESC LIMIT 1)",
}


def refund(sample: Sample) -> RefundDue:
    """An amount owed back for a bill that was paid just now."""
    from tests.architecture import state_changes

    like = Bill.objects.get(pk=sample.owner.due.pk)
    like.pk = None
    like.public_id, like.reference = ids.public_id(), f"BIL-2026-{900_000 + Bill.objects.count()}-X"
    like.subject = f"case:{ids.public_id()}"  # of a request of its own: a paid one is no longer withdrawn
    like._state.adding = True
    like.save()
    state_changes.walk(like, "paid", sample)
    return _owed(Allocation.objects.get(bill=like, is_settled=True))


def _owed(allocation: Allocation) -> RefundDue:
    return RefundDue.objects.create(
        attempt=allocation.attempt,
        allocation=allocation,
        payer=allocation.bill.payer,
        subject=allocation.bill.subject,
        fils=allocation.fils,
        reason="tests",
        due_since=clock.now(),
    )


def fill(sample: Sample) -> None:
    """Amounts owed back in both states, a declared change, a change of the register, facts and a refusal that are set once."""
    from tests.architecture import state_changes

    refund(sample)
    for row in (refund(sample), refund(sample)):
        with transaction.atomic():
            transition(row, "release", actor=BY, reason="tests")
    for state in ("paid_out", "approved", "proposed"):
        state_changes.walk(refund(sample), state, sample)
    state_changes.walk(state_changes.fresh_attempt(sample), "refund_due", sample)
    renewal = Renewal.objects.get(case=sample.owner.issued)
    refusal = state_changes.fresh_document(sample, "HRF-HA-2026-999999-X")
    Renewal.objects.filter(pk=renewal.pk).update(accepted_facts={"area_m2": "80"}, refusal=refusal)
    RenewalChange.objects.create(renewal=renewal, name="area_m2", before={}, after={"area_m2": 80}, at=clock.now())
    RegisterChange.objects.create(
        shop=sample.owner.shop, name="area_m2", before={}, after={"area_m2": 80}, source="case:x", actor_key=BY.key, at=clock.now()
    )


def owed_for_nothing(sample: Sample) -> None:
    """An amount for a payment that never came."""
    from tests.architecture import state_changes

    attempt = state_changes.fresh_attempt(sample)
    allocation = Allocation.objects.create(attempt=attempt, bill=sample.owner.due, fils=attempt.fils)
    _owed(allocation)


def licence_without_acceptance(sample: Sample) -> Any:
    """A licence is linked to a renewal that an officer was to decide and did not."""
    held = Renewal.objects.get(case=sample.owner.issued)
    made = Renewal.objects.create(
        case=review_data.case(sample),
        licence=held.licence,
        first_day=held.first_day,
        last_day=held.last_day,
        declared_at=clock.now(),
        lane=Lane.OFFICER,
        flags=["in_time"],
    )
    Renewal.objects.filter(pk=made.pk).update(new_licence=held.licence)
