"""Rows for the tables of the officer's lane and of amounts owed back: one of everything that their guards speak of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction

from licensing.models import Lane, Renewal, RenewalChange
from municipality.kernel import clock, ids
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from payments.models import Allocation, Bill, RefundDue
from shops.models import RegisterChange
from tests.architecture import queue_rows

if TYPE_CHECKING:
    from tests.architecture.world import World

BY = system("tests")
# An amount can be owed only for a payment that is there: a row made by hand takes one that nobody has written down yet.
OWED_FOR = {
    ("payments_refunddue", "attempt_id"): "(SELECT MAX(t.id) FROM payments_attempt t WHERE t.state = 'refund_due')",
    ("payments_refunddue", "fils"): "(SELECT t.fils FROM payments_attempt t WHERE t.state = 'refund_due' ORDER BY t.id DESC LIMIT 1)",
}


def refund(world: World) -> RefundDue:
    """An amount owed back for a bill that was paid just now."""
    from tests.architecture import state_doors as doors

    like = Bill.objects.get(pk=world.owner.due.pk)
    like.pk = None
    like.public_id, like.reference = ids.public_id(), f"BIL-2026-{900_000 + Bill.objects.count()}-X"
    like.subject = f"case:{ids.public_id()}"  # of a request of its own: a paid one is no longer withdrawn
    like._state.adding = True
    like.save()
    doors.walk(like, "paid", world)
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


def fill(world: World) -> None:
    """Amounts owed back in both states, a declared change, a change of the register, facts and a refusal that are set once."""
    from tests.architecture import state_doors as doors

    refund(world)
    for row in (refund(world), refund(world)):
        with transaction.atomic():
            transition(row, "release", actor=BY, reason="tests")
    for state in ("paid_out", "approved", "proposed"):
        doors.walk(refund(world), state, world)
    doors.walk(doors.fresh_attempt(world), "refund_due", world)
    renewal = Renewal.objects.get(case=world.owner.issued)
    refusal = doors.fresh_document(world, "HRF-HA-2026-999999-X")
    Renewal.objects.filter(pk=renewal.pk).update(accepted_facts={"area_m2": "80"}, refusal=refusal)
    RenewalChange.objects.create(renewal=renewal, name="area_m2", before={}, after={"area_m2": 80}, at=clock.now())
    RegisterChange.objects.create(
        shop=world.owner.shop, name="area_m2", before={}, after={"area_m2": 80}, source="case:x", actor_key=BY.key, at=clock.now()
    )


def owed_for_nothing(world: World) -> None:
    """An amount for a payment that never came."""
    from tests.architecture import state_doors as doors

    attempt = doors.fresh_attempt(world)
    allocation = Allocation.objects.create(attempt=attempt, bill=world.owner.due, fils=attempt.fils)
    _owed(allocation)


def licence_without_acceptance(world: World) -> Any:
    """A licence is linked to a renewal that an officer was to decide and did not."""
    held = Renewal.objects.get(case=world.owner.issued)
    made = Renewal.objects.create(
        case=queue_rows.case(world),
        licence=held.licence,
        first_day=held.first_day,
        last_day=held.last_day,
        declared_at=clock.now(),
        lane=Lane.OFFICER,
        flags=["in_time"],
    )
    Renewal.objects.filter(pk=made.pk).update(new_licence=held.licence)
