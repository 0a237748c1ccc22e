"""Jobs as the worker takes them."""

from __future__ import annotations

from municipality.jobs import services as jobs
from municipality.jobs.models import Job

JOB_KINDS = (
    "payments.inquire",
    "payments.hand_over",
    "payments.confirm",
    "payments.tell_void",
    "payments.tell_paid",
    "payments.tell_owed_attempt",
    "payments.tell_owed_bill",
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
