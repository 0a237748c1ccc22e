"""The result page of a payment while the licence that it pays is not issued yet; the same for all licences."""

from __future__ import annotations

from django.utils.translation import gettext as _

from municipality.cases.models import Case
from municipality.ui.templatetags.portal import moment
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
