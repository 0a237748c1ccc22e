"""The renewal of a health licence: states and moves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow

RENEWAL = "licensing.renewal"


class RenewalState(models.TextChoices):
    DRAFT = "draft", _("Being filled in")
    AWAITING_PAYMENT = "awaiting_payment", _("Waiting for payment")
    PAID = "paid", _("Paid")
    APPROVED = "approved", _("Approved")
    ISSUED = "issued", _("Licence issued")
    EXPIRED = "expired", _("Lapsed without payment")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REFUSED = "refused", _("Refused")


S = RenewalState
RENEWAL_WORKFLOW = workflow(
    RENEWAL,
    S.DRAFT,
    move("submit", S.DRAFT, to=S.AWAITING_PAYMENT, may="applicant", label=_("Submit the request")),
    move("pay", S.AWAITING_PAYMENT, to=S.PAID, label=_("Confirm the payment")),
    # The clean lane: the published rule approves, no officer is involved.
    move("approve", S.PAID, to=S.APPROVED, label=_("Approve")),
    move("issue", S.APPROVED, to=S.ISSUED, label=_("Issue the licence")),
    move("refuse", [S.PAID, S.APPROVED], to=S.REFUSED, needs_reason=True, label=_("Refuse")),
    move("expire", S.AWAITING_PAYMENT, to=S.EXPIRED, label=_("Close without payment")),
    move("withdraw", S.AWAITING_PAYMENT, to=S.WITHDRAWN, may="applicant", label=_("Withdraw the request")),
)
