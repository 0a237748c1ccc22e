"""Jobs as the worker takes them."""

from __future__ import annotations

import datetime as dt

from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock
from payments.models import Bill
from tests.factories.payments import AttemptFactory

JOB_KINDS = (
    "payments.inquire",
    "payments.hand_over",
    "payments.confirm",
    "payments.tell_void",
    "payments.tell_paid",
    "payments.tell_owed_attempt",
    "payments.tell_owed_bill",
    "payments.tell_not_taken",
    "payments.tell_paid_out",
    "payments.send_refund",
    "payments.ask_refund",
)


def run_due(kinds: tuple[str, ...] = JOB_KINDS) -> int:
    """Run what is due now, as the worker would, until nothing of these kinds is due. Returns how many jobs ran.

    Due is what the worker takes for due: also what a worker that died still holds, once its lease is over.
    """
    ran = 0
    while True:
        due = Job.objects.filter(pk__in=[pk for pk, _queue in jobs.due(limit=10_000)], kind__in=kinds)
        found = list(due.order_by("due_at", "pk").values_list("pk", flat=True))
        if not found:
            return ran
        for pk in found:
            ran += jobs.run(pk)


def closes_after_the_payment(kind: str, bill: Bill) -> None:
    """The newest job of `kind`, which closes an unpaid request, waits while a payment of its bill is open, without using up a try."""
    attempt, job = AttemptFactory(bills=[bill]), Job.objects.filter(kind=kind).latest("pk")
    for _turn in range(jobs.MAX_TRIES + 1):
        due = max(job.due_at, job.lease_until or job.due_at) + dt.timedelta(seconds=1)
        with clock.at(due):
            assert jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, job.tries, job.last_error[:8]) == ("on_hold", 0, "payment:")
    attempt.allocations.update(is_open=False)
    with clock.at(due + dt.timedelta(minutes=11)):
        assert jobs.run(job.pk)
    job.refresh_from_db()
    bill.refresh_from_db()
    assert (job.state, bill.state) == ("done", "void")
