"""The receipt as a sealed PDF."""

from __future__ import annotations

from django.db import transaction

from municipality.documents.models import Document
from municipality.documents.rendering import RendererMissing
from municipality.documents.services import activate, draft
from municipality.documents.signing import SignerMissing
from municipality.documents.states import DocumentState
from municipality.jobs.errors import Parked
from municipality.kernel.actors import system
from municipality.kernel.failpoints import failpoint
from payments import documents
from payments.models import Receipt

ME = system("payments")


def write_document(*, receipt_id: int) -> None:
    """Render and seal a receipt outside any transaction, then link it once. Raises jobs.errors.Parked without renderer or signer."""
    receipt = Receipt.objects.select_related("bill__payer", "allocation__attempt").get(pk=receipt_id)
    if receipt.document_id is not None or not receipt.allocation.is_settled:
        return
    document = _drafted(receipt)
    try:
        content = documents.receipt_pdf(document)
    except RendererMissing as missing:
        raise Parked("renderer", str(missing)) from missing
    except SignerMissing as missing:
        raise Parked("signer", str(missing)) from missing
    failpoint("receipt.sealed")
    with transaction.atomic():
        locked = Receipt.objects.select_for_update().select_related("allocation").get(pk=receipt.pk)
        if locked.document_id is not None or not locked.allocation.is_settled:
            return
        activate(document, content=content, media_type="application/pdf", actor=ME)
        Receipt.objects.filter(pk=receipt.pk, document__isnull=True).update(document=document)
        failpoint("receipt.stored")


@transaction.atomic
def _drafted(receipt: Receipt) -> Document:
    """The draft under the receipt's own number: the same one at every try."""
    Receipt.objects.select_for_update().get(pk=receipt.pk)
    found = Document.objects.filter(kind=documents.KIND, number=receipt.number, state=DocumentState.DRAFT).first()
    return found or draft(
        kind=documents.KIND,
        number=receipt.number,
        subject=receipt.bill.key,
        holder_key=receipt.bill.payer.key,
        facts=documents.facts(receipt),
        public_facts=documents.public_facts(receipt),
    )
