"""Facts of a receipt, and those on the check page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.utils.translation import gettext_lazy as _

from municipality.documents.facts import BilingualText, Facts, FactsRefused, day
from municipality.kernel import clock, money
from municipality.ui.texts import Text
from payments import queries
from payments.models import Receipt
from payments.states import BillState

# What the check page adds, by the state of the bill.
_RETURNED: dict[str, Text] = {
    BillState.REFUND_DUE: _("The receipt is genuine. The amount is being returned to whoever paid it."),
    BillState.REFUNDED: _("The receipt is genuine. The amount was returned to whoever paid it."),
}
VISITOR_NAME = ("غير مذكور (دفع دون تسجيل دخول)", "Not named (paid without signing in)")


@dataclass(frozen=True)
class ReceiptLine:
    """A paid line with its article, its amount in fils and how that was computed, as on the bill."""

    name_ar: str
    name_en: str
    article_ar: str
    article_en: str
    fils: int
    formula_ar: str = ""  # empty in receipts from before it was printed
    formula_en: str = ""

    @property
    def amount(self) -> str:
        return money.to_display(self.fils)


@dataclass(frozen=True, kw_only=True)
class ReceiptFacts(Facts):
    """Facts of a receipt. `amount_fils` equals the sum of its lines; identifiers are the gateway's."""

    kind = "payments.receipt"
    name = _("Receipt")
    template = "payments/documents/receipt.html"
    title = "إيصال"
    reason = "Receipt"
    issued_field = "paid_at"
    qr_label = "رمز الاستجابة للتحقق من الإيصال"
    single_page = False

    paid_at: dt.datetime
    amount_fils: int
    payment_id: str
    track_id: str
    transaction_id: str
    reference: str
    auth_code: str
    bill_reference: str
    payer_ar: str
    payer_en: str
    lines: tuple[ReceiptLine, ...]

    def __post_init__(self) -> None:
        super().__post_init__()
        if sum(line.fils for line in self.lines) != self.amount_fils:
            raise FactsRefused("amount_fils", "the lines do not add up to the amount")

    def context(self) -> dict[str, Any]:
        """The context of `payments/documents/receipt.html`."""
        return {
            **super().context(),
            "payer": BilingualText(self.payer_ar, self.payer_en),
            "amount": money.to_display(self.amount_fils),
            "paid_on": day(clock.day_of(self.paid_at)),
        }

    @staticmethod
    def public_notes(document: Any) -> Sequence[Text]:
        """That the amount goes back or went back to whoever paid: the receipt is genuine, and stands for nothing more."""
        state = Receipt.objects.filter(document=document, allocation__is_settled=True).values_list("bill__state", flat=True).first()
        return [_RETURNED[state]] if state in _RETURNED else []

    @classmethod
    def of(cls, receipt: Receipt) -> Self:
        """The facts of a receipt, from its bill and the payment attempt that paid it."""
        bill, attempt = receipt.bill, receipt.allocation.attempt
        # A visitor knows the number of a bill's subject, not necessarily the name of its payer.
        payer = (bill.payer.name_ar, bill.payer.name_en) if attempt.started_by_id is not None else VISITOR_NAME
        return cls(
            paid_at=receipt.issued_at,
            amount_fils=receipt.fils,
            payment_id=attempt.payment_id or "",
            track_id=attempt.trackid,
            transaction_id=attempt.tran_id or "",
            reference=attempt.ref,
            auth_code=attempt.auth,
            bill_reference=bill.reference,
            payer_ar=payer[0],
            payer_en=payer[1],
            lines=tuple(
                ReceiptLine(line.label_ar, line.label_en, line.article_ar, line.article_en, line.fils, line.formula_ar, line.formula_en)
                for line in queries.lines_of(bill)
            ),
        )


def public_facts(receipt: Receipt) -> dict[str, Any]:
    """Facts on the public check page, without person and case."""
    return {
        "amount": money.to_display(receipt.fils),
        "bill": receipt.bill.reference,
        "paid_on": clock.day_of(receipt.issued_at).isoformat(),
    }
