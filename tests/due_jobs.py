"""Jobs as the worker takes them."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

from municipality.audit.models import AuditEvent
from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from payments.deadlines import last_days
from payments.models import Bill
from payments.services import reviews
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


def assert_stays_open_after_the_review(kind: str, bill: Bill) -> None:
    """The newest job of `kind` closes an unpaid request as long after a review of its payment ended unpaid as after its bill was issued."""
    attempt, job = AttemptFactory(bills=[bill]), Job.objects.filter(kind=kind).latest("pk")
    time_to_pay = clock.day_of(job.due_at) - clock.today()
    transition(attempt, "doubt", actor=system("tests"), reason="no_answer")
    with clock.at(job.due_at + dt.timedelta(days=3)):
        assert jobs.run(job.pk)
        Job.objects.filter(pk=job.pk).update(state="running")  # at the moment in which a worker asks again
        with pytest.raises(Refused, match="busy"), transaction.atomic():
            reviews.free_bills(attempt)
        Job.objects.filter(pk=job.pk).update(state="on_hold")
        with transaction.atomic():
            reviews.free_bills(attempt)
        until = clock.today() + time_to_pay
        assert last_days([bill]) == {bill.pk: until}
        assert AuditEvent.objects.get(action="deadline.kept", subject=bill.subject).data == {"kind": kind, "until": until.isoformat()}
    for waits in (True, False):
        with clock.at(clock.end_of(until) - dt.timedelta(minutes=1 if waits else -1)):
            assert jobs.run(job.pk) != waits
        bill.refresh_from_db()
        assert bill.state == ("due" if waits else "void")
