"""The result page of a payment before its licence is issued, and what a payment brings after a reversal; the same for all licences."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from municipality.cases.models import Block, Case, Effect
from municipality.cases.panels import NextStep
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.ui.templatetags.portal import bilingual, moment
from municipality.ui.texts import Text
from payments.models import Bill
from payments.registry import PaidOutcome, PaymentStep


def being_prepared(bill: Bill, case: Case) -> PaidOutcome:
    """The steps from a confirmed payment to the licence of a request."""
    steps = [
        PaymentStep("done", _("Payment confirmed"), moment(bill.last_event.at) if bill.last_event is not None else ""),
        PaymentStep("now", _("The licence is prepared and sealed"), _("Usually within a minute.")),
        PaymentStep("next", _("The licence can be downloaded"), _("Here and in My requests. You get a message.")),
    ]
    return PaidOutcome(is_done=False, label=_("Request"), reference=case.reference, steps=steps)


def stopped_by(blocks: Iterable[Block]) -> Text:
    """Why the fee of a request cannot be paid while its shop is blocked: paid, the request would be refused. Empty without a block."""
    block = next((block for block in blocks if block.effect == Effect.STOP), None)
    return format_html("{} {}", bilingual(block, "sentence"), _("Have the block lifted first; then the fee can be paid.")) if block else ""


def blocked_step(text: Text) -> NextStep:
    """The next step of a request whose fee cannot be paid, with the sentence of `stopped_by`."""
    return NextStep(_("The shop is blocked"), text, reverse("shops:mine"), _("See what stops it"))


def after_reversal(document: Document) -> Text:
    """What paying again brings where the bank took the payment of an issued licence back."""
    if document.state == DocumentState.SUSPENDED:
        return _("The bank reversed the payment. The licence takes effect again as soon as the fee is paid.")
    return _("The bank reversed the payment, so the amount is due again. Paying alone does not put the licence in force.")
