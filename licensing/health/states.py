"""The renewal of a health licence: states and moves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves

RENEWAL = "licensing.renewal"


class RenewalState(models.TextChoices):
    DRAFT = "draft", _("Being filled in")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for corrections")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
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
    # Review by an officer: a person decides before anything is paid.
    move("send_to_officer", S.DRAFT, to=S.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
    *desk_moves(S.IN_REVIEW, corrections=S.CORRECTIONS, countersign=S.COUNTERSIGN, accepted=S.AWAITING_PAYMENT, refused=S.REFUSED),
    move("lapse", S.CORRECTIONS, to=S.EXPIRED, label=_("Close without an answer")),
    # Automatic approval: the published rule approves, no officer is involved.
    move("approve", S.PAID, to=S.APPROVED, label=_("Approve")),
    move("issue", S.APPROVED, to=S.ISSUED, label=_("Issue the licence")),
    move("refuse", [S.PAID, S.APPROVED], to=S.REFUSED, needs_reason=True, label=_("Refuse")),
    move("expire", S.AWAITING_PAYMENT, to=S.EXPIRED, label=_("Close without payment")),
    move(
        "withdraw",
        [S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN, S.AWAITING_PAYMENT],
        to=S.WITHDRAWN,
        may="applicant",
        label=_("Withdraw the request"),
    ),
    # An appeal against the refusal was allowed by another branch, whose decision takes the place of the first one.
    move("allow_appeal", S.REFUSED, to=S.AWAITING_PAYMENT, reopens=True, label=_("Approve after an appeal")),
)
