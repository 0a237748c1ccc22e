"""The issued licences of a branch whose payment the bank took back, until it is paid again."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from licensing.health.documents import HealthLicenceFacts
from licensing.health.new_licence.states import NEW_LICENCE
from licensing.health.states import ACTS, RenewalState
from licensing.signage.documents import BoardLicenceFacts
from licensing.signage.states import BOARDS
from municipality.cases.models import Case
from municipality.documents.models import Document
from payments.models import Bill
from payments.states import BillState


@dataclass(frozen=True)
class UnpaidLicence:
    case: Case
    document: Document
    since: dt.datetime


def of_branch(branch_id: str | None) -> list[UnpaidLicence]:
    """The issued licences of a branch whose payment was reversed and is due again, the oldest first; three statements."""
    rows = Bill.objects.filter(kind__in=(*ACTS, NEW_LICENCE, BOARDS), state=BillState.DUE, last_event__move="reverse")
    since = {bill.subject: bill.last_event.at for bill in rows.select_related("last_event") if bill.last_event is not None}
    public_ids = [subject.partition(":")[2] for subject in since]
    cases = Case.objects.filter(public_id__in=public_ids, branch=branch_id, state=RenewalState.ISSUED)
    by_key = {case.key: case for case in cases}
    kinds = (HealthLicenceFacts.kind, BoardLicenceFacts.kind)
    documents = Document.objects.filter(subject__in=by_key, kind__in=kinds)
    found = [UnpaidLicence(by_key[row.subject], row, since[row.subject]) for row in documents]
    return sorted(found, key=lambda line: line.since)
