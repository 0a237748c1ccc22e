"""The message that a licence is issued: one for a request, and one for all that were paid together of renewals in one act."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Concat

from licensing.bulk.notifications import BatchIssued
from licensing.models import BatchLine, RenewalBatch
from municipality.cases.models import Case
from municipality.notifications.registry import MessageKind
from municipality.notifications.services import send
from payments.models import Bill
from payments.states import BillState


def tell(kind: type[MessageKind], case: Case, context: Mapping[str, Any]) -> None:
    """Tell the applicant that the licence of a request is issued, in the transaction of the issue.

    Who asked for it in a batch gets this message in the inbox only, and one e-mail and text message of all once none that is paid is left.
    """
    channels = () if BatchLine.objects.filter(case=case, batch__person=case.applicant_id).exists() else None
    send(kind, person=case.applicant, key=case.public_id, subject_key=case.key, context=context, channels=channels)
    tell_batch(case)


def tell_batch(case: Case) -> None:
    """Tell of all issued licences of a batch once none that is paid is left; after a request of it is issued, or closed though paid.

    Does nothing for a request outside a batch.
    """
    batch = RenewalBatch.objects.filter(lines__case=case).select_related("person").select_for_update(of=("self",)).first()
    if batch is None:
        return
    lines = BatchLine.objects.filter(batch=batch)
    bills = Bill.objects.filter(subject=Concat(Value("case:"), OuterRef("case__public_id")), state=BillState.PAID)
    if lines.filter(Exists(bills), case__is_open=True).exists():
        return
    if count := lines.filter(case__state="issued").count():
        send(BatchIssued, person=batch.person, key=f"{batch.public_id}:{count}", context={"batch": batch, "count": count})
