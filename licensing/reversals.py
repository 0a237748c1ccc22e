"""What the branch is told of an issued licence whose payment the bank took back; `measures.unpaid` lists them."""

from __future__ import annotations

from municipality.accounts.queries import supervisors_of
from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.notifications.registry import MessageKind
from municipality.notifications.services import send
from payments import queries as payments


class LicenceUnpaid(MessageKind):
    """To the supervisors of the branch; `is_suspended` says whether the portal could suspend the licence."""

    kind = "licensing.licence_unpaid"
    must_reach = False
    page = "/admin/measures/"


def tell(case: Case, document: Document) -> None:
    """Tell the supervisors of the branch of an issued licence that its payment was reversed; once for each reversal."""
    bill = payments.bill_of(case.key)
    if bill is None:
        return
    context = {"case": case, "document": document, "is_suspended": document.state == DocumentState.SUSPENDED}
    for person in supervisors_of(case.branch_id):
        send(LicenceUnpaid, person=person, key=f"{case.public_id}:{bill.last_event_id}", subject_key=case.key, context=context)
