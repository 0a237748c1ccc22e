"""How a renewal is told on its case page."""

from django.utils.translation import gettext_lazy as _

from licensing.states import RENEWAL, RenewalState
from municipality.cases.timeline import Story, tell

S = RenewalState
tell(
    RENEWAL,
    Story(
        name=_("Health licence renewal"),
        bad=frozenset({S.EXPIRED, S.WITHDRAWN, S.REFUSED}),
        titles={
            S.DRAFT: _("Being filled in"),
            S.AWAITING_PAYMENT: _("Submitted, waiting for payment"),
            S.PAID: _("Paid"),
            S.APPROVED: _("Approved by the published rule"),
            S.ISSUED: _("Licence issued"),
            S.EXPIRED: _("Closed without payment"),
            S.WITHDRAWN: _("Withdrawn by the applicant"),
            S.REFUSED: _("Refused"),
        },
        path=(S.AWAITING_PAYMENT, S.PAID, S.APPROVED, S.ISSUED),
        turn={S.AWAITING_PAYMENT: "applicant"},
        notes={
            S.AWAITING_PAYMENT: _("The fee is fixed. The licence is issued by itself after payment; no officer is involved."),
            S.APPROVED: _("The licence is being drawn up and sealed. This takes less than a minute."),
            S.EXPIRED: _("The time to pay ran out. A new renewal can be started at any time within the renewal window."),
        },
    ),
)
