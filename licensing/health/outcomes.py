"""What the payment of an act on a licence has brought, on the result page of the payment."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.health import rules
from licensing.health.states import CHANGE, DUPLICATE, RENEWAL, TRANSFER
from licensing.models import Renewal
from licensing.payment_results import being_prepared
from municipality.documents.states import DocumentState
from municipality.kernel import clock
from municipality.rulebook import queries as rulebook
from municipality.ui.templatetags.portal import bilingual, day
from payments.models import Bill
from payments.registry import PaidOutcome, PaymentStep
from shops.models import Shop

TITLES = {
    RENEWAL: gettext_lazy("Health licence renewed"),
    CHANGE: gettext_lazy("Health licence changed"),
    DUPLICATE: gettext_lazy("Duplicate of the health licence issued"),
    TRANSFER: gettext_lazy("Health licence transferred"),
}


def outcome(bill: Bill) -> PaidOutcome | None:
    """The licence, or the steps to it; None for one that is not in force any more."""
    rows = Renewal.objects.filter(case__public_id=bill.subject.partition(":")[2])
    renewal = rows.select_related("case", "licence__shop", "new_licence__document__file").first()
    if renewal is None:
        return None
    licence = renewal.new_licence
    document = licence.document if licence is not None else None
    if document is not None and document.file is not None and document.state != DocumentState.ACTIVE:
        return None
    if licence is None or document is None or document.state != DocumentState.ACTIVE or document.file is None:
        return being_prepared(bill, renewal.case)
    window = rulebook.edition("limits.health", clock.today()).limits["window_days"].value
    period = format_html(
        _("{}, valid from {} to {}."), bilingual(renewal.licence.shop, "name"), day(licence.first_day), day(licence.last_day)
    )
    return PaidOutcome(
        is_done=True,
        title=TITLES[renewal.case.service],
        label=_("Licence number"),
        reference=document.number,
        text=period,
        steps=[
            PaymentStep(
                "next",
                format_html(_("On {}"), day(licence.first_day)),
                format_html(_("Hang the new licence in place of the present one, whose last day is {}."), day(renewal.licence.last_day)),
            )
            if licence.first_day > clock.today()
            else PaymentStep("now", _("Now"), _("Hang the new licence in the shop where it can be seen.")),
            _renewal_step(renewal.licence.shop, rules.window_opens_on(licence.last_day, window), licence.last_day),
        ],
        act=(_("Download the licence (PDF)"), reverse("document", args=[document.number])),
        link=(_("Link to check this licence"), f"{settings.PORTAL_URL.rstrip('/')}{reverse('verify', args=[document.code])}"),
    )


def _renewal_step(shop: Shop, opens_on: dt.date, last_day: dt.date) -> PaymentStep:
    """When the licence can be renewed next: from a day on, or now, as that of a transfer in the last weeks of the licence."""
    if opens_on > clock.today():
        return PaymentStep("next", day(opens_on), _("The next renewal opens."))
    link = format_html('<a href="{}">{}</a>', reverse("licensing:renew", args=[shop.public_id]), _("Renew the health licence"))
    return PaymentStep("now", _("Now"), format_html("{} {} · {}", _("The licence can be renewed until"), day(last_day), link))
