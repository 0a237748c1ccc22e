"""A new health licence: the location is approved first, then the shop is inspected, then the fee is paid."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves, second_signature_moves

NEW_LICENCE = "licensing.new_licence"


class NewLicenceState(models.TextChoices):
    DRAFT = "draft", _("Being filled in")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for corrections")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    LOCATION_APPROVED = "location_approved", _("Location approved")
    INSPECTION = "inspection", _("Inspection of the shop")
    AWAITING_PAYMENT = "awaiting_payment", _("Waiting for payment")
    PAID = "paid", _("Paid")
    ISSUED = "issued", _("Licence issued")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Lapsed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    UNPAID = "unpaid", _("Payment reversed by the bank")


S = NewLicenceState
WAITS = (S.LOCATION_APPROVED, S.INSPECTION, S.AWAITING_PAYMENT)  # each for a limited time
NEW_LICENCE_WORKFLOW = workflow(
    NEW_LICENCE,
    S.DRAFT,
    move("send_to_officer", S.DRAFT, to=S.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
    *desk_moves(S.IN_REVIEW, corrections=S.CORRECTIONS, countersign=S.COUNTERSIGN, accepted=S.LOCATION_APPROVED, refused=S.REFUSED),
    # An approval against the answer of zoning.
    *second_signature_moves(S.IN_REVIEW, countersign=S.COUNTERSIGN, accepted=S.LOCATION_APPROVED),
    move("inspect", S.LOCATION_APPROVED, to=S.INSPECTION, may="applicant", label=_("Ask for the inspection")),
    move("inspected", S.INSPECTION, to=S.AWAITING_PAYMENT, label=_("Inspection passed")),
    move("pay", S.AWAITING_PAYMENT, to=S.PAID, label=_("Confirm the payment")),
    move("issue", S.PAID, to=S.ISSUED, label=_("Issue the licence")),
    move("refuse", (S.INSPECTION, S.PAID), to=S.REFUSED, needs_reason=True, label=_("Refuse")),
    # An appeal against the refusal was allowed by another branch, whose decision takes the place of the first one.
    move("allow_appeal", S.REFUSED, to=S.LOCATION_APPROVED, reopens=True, label=_("Approve after an appeal")),
    move("reverse", S.PAID, to=S.UNPAID, label=_("Close: the payment was reversed")),
    move("lapse", S.CORRECTIONS, to=S.EXPIRED, label=_("Close without an answer")),
    move("expire", WAITS, to=S.EXPIRED, label=_("Close after the last day")),
    move(
        "withdraw",
        [S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN, *WAITS],
        to=S.WITHDRAWN,
        may="applicant",
        label=_("Withdraw the request"),
    ),
)
