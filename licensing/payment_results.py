"""The result page of a payment while the licence that it pays is not issued yet; the same for all licences."""

from __future__ import annotations

from django.utils.translation import gettext as _

from municipality.cases.models import Case
from municipality.ui.templatetags.portal import moment
from payments.models import Bill
from payments.registry import Outcome, Step


def being_prepared(bill: Bill, case: Case) -> Outcome:
    """The steps from a confirmed payment to the licence of a request."""
    steps = [
        Step("done", _("Payment confirmed"), moment(bill.last_event.at) if bill.last_event is not None else ""),
        Step("now", _("The licence is prepared and sealed"), _("Usually within a minute.")),
        Step("next", _("The licence can be downloaded"), _("Here and in My requests. You get a message.")),
    ]
    return Outcome(is_done=False, label=_("Request"), reference=case.reference, steps=steps)
