"""What a receipt states, and its sealed PDF."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.conf import settings

from municipality.documents.contexts import ReceiptFacts, ReceiptLine
from municipality.documents.models import Document
from municipality.documents.rendering import render
from municipality.documents.signing import sign_pdf
from municipality.kernel import clock, money
from payments.models import Receipt

TEMPLATE = "payments/documents/receipt.html"
KIND = "payments.receipt"


def facts(receipt: Receipt) -> dict[str, Any]:
    """What the receipt will state, as plain values kept beside the bytes. No civil number in any form."""
    bill, attempt = receipt.bill, receipt.allocation.attempt
    return {
        "paid_at": receipt.issued_at.isoformat(),
        "fils": receipt.fils,
        "payment_id": attempt.payment_id or "",
        "trackid": attempt.trackid,
        "tran_id": attempt.tran_id or "",
        "ref": attempt.ref,
        "auth": attempt.auth,
        "bill": bill.reference,
        "payer": [bill.payer.name_ar, bill.payer.name_en],
        "lines": [[line.label_ar, line.label_en, line.article_ar, line.article_en, line.fils] for line in bill.lines.all()],
    }


def public_facts(receipt: Receipt) -> dict[str, Any]:
    """What the check page may show: no person, no case."""
    return {
        "amount": money.to_display(receipt.fils),
        "bill": receipt.bill.reference,
        "paid_on": clock.day_of(receipt.issued_at).isoformat(),
    }


def receipt_pdf(document: Document) -> bytes:
    """Render and seal a drafted receipt from the facts it keeps. Raises RendererMissing, SignerMissing."""
    f = document.facts
    printed = ReceiptFacts(
        number=document.number,
        paid_at=dt.datetime.fromisoformat(f["paid_at"]),
        amount_fils=f["fils"],
        payment_id=f["payment_id"],
        track_id=f["trackid"],
        transaction_id=f["tran_id"],
        reference=f["ref"],
        auth_code=f["auth"],
        bill_reference=f["bill"],
        payer_ar=f["payer"][0],
        payer_en=f["payer"][1],
        lines=tuple(ReceiptLine(*line) for line in f["lines"]),
        verification_url=f"{settings.PORTAL_URL}/verify/{document.code}",
        demo=bool(getattr(settings, "DEMO", False)),
    )
    content = render(TEMPLATE, printed.context(), title=f"إيصال {document.number}", attachment=printed.as_json())
    return sign_pdf(content, reason="Receipt", at=clock.now())
