"""The result page of a payment before its licence is issued, and what a payment brings after a reversal; the same for all licences."""

from __future__ import annotations

from django.utils.translation import gettext as _

from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.ui.templatetags.portal import moment
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


def after_reversal(document: Document) -> Text:
    """What paying again brings where the bank took the payment of an issued licence back."""
    if document.state == DocumentState.SUSPENDED:
        return _("The bank reversed the payment. The licence takes effect again as soon as the fee is paid.")
    return _("The bank reversed the payment, so the amount is due again. Paying alone does not put the licence in force.")
