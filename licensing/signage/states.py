"""A request for licences of boards: states and moves. An officer decides before anything is paid, but for renewals in the clean lane."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves

BOARDS = "licensing.boards"


class BoardsState(models.TextChoices):
    DRAFT = "draft", _("Being filled in")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for corrections")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    AWAITING_PAYMENT = "awaiting_payment", _("Waiting for payment")
    PAID = "paid", _("Paid")
    ISSUED = "issued", _("Licence issued")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Lapsed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    UNPAID = "unpaid", _("Payment reversed by the bank")


S = BoardsState
_UNPAID = (S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN, S.AWAITING_PAYMENT)
BOARDS_WORKFLOW = workflow(
    BOARDS,
    S.DRAFT,
    move("submit", S.DRAFT, to=S.AWAITING_PAYMENT, may="applicant", label=_("Renew")),
    move("send_to_officer", S.DRAFT, to=S.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
    *desk_moves(S.IN_REVIEW, corrections=S.CORRECTIONS, countersign=S.COUNTERSIGN, accepted=S.AWAITING_PAYMENT, refused=S.REFUSED),
    # An appeal against the refusal was allowed by another branch, whose decision takes the place of the first one.
    move("allow_appeal", S.REFUSED, to=S.AWAITING_PAYMENT, reopens=True, label=_("Approve after an appeal")),
    move("pay", S.AWAITING_PAYMENT, to=S.PAID, label=_("Confirm the payment")),
    move("free", S.AWAITING_PAYMENT, to=S.PAID, label=_("Go on without a payment")),
    move("issue", S.PAID, to=S.ISSUED, label=_("Issue the licence")),
    move("refuse", (*_UNPAID, S.PAID), to=S.REFUSED, needs_reason=True, label=_("Refuse")),
    move("reverse", S.PAID, to=S.UNPAID, label=_("Close: the payment was reversed")),
    move("lapse", S.CORRECTIONS, to=S.EXPIRED, label=_("Close without an answer")),
    move("expire", S.AWAITING_PAYMENT, to=S.EXPIRED, label=_("Close without payment")),
    move("withdraw", _UNPAID, to=S.WITHDRAWN, may="applicant", label=_("Withdraw the request")),
)

# The reason for which a licence of boards is suspended or revoked with that of its shop.
WITH_SHOP = "shop_licence"
