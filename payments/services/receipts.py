"""The receipt as a sealed PDF."""

from __future__ import annotations

from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.kernel.actors import system
from payments import rights
from payments.documents import ReceiptFacts, public_facts
from payments.models import Receipt

ME = system("payments")


def write_document(*, receipt_id: int) -> None:
    """Issue the document of a settled receipt. Raises as `documents.issue`."""

    def new(receipt: Receipt) -> Document:
        return documents.draft(
            kind=ReceiptFacts.kind,
            number=receipt.number,
            subject=receipt.bill.key,
            holder_key=rights.holder_key(receipt.bill),
            facts=ReceiptFacts.of(receipt).dump(),
            public_facts=public_facts(receipt),
        )

    def link(receipt: Receipt, document: Document) -> None:
        Receipt.objects.filter(pk=receipt.pk).update(document=document)

    number = Receipt.objects.values_list("number", flat=True).get(pk=receipt_id)
    documents.issue(
        ReceiptFacts,
        waiting=Receipt.objects.filter(pk=receipt_id, document=None, allocation__is_settled=True).select_related("allocation__attempt"),
        lock=("self", "allocation"),  # serialises with voiding the payment
        draft_lookup={"number": number},
        new=new,
        link=link,
        actor=ME,
    )
