"""The formal opinion: states and moves. Drafting and deciding have the moves of the desk."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves, second_signature_moves

OPINION = "zoning.opinion"


class OpinionState(models.TextChoices):
    DRAFT = "draft", _("Being filled in")
    AWAITING_PAYMENT = "awaiting_payment", _("Waiting for payment")
    IN_REVIEW = "in_review", _("With a planner")
    CORRECTIONS = "corrections", _("Waiting for corrections")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    DECIDED = "decided", _("Signed, being sealed")
    ISSUED = "issued", _("Opinion issued")
    REFUSED = "refused", _("Refused")
    EXPIRED = "expired", _("Lapsed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    UNPAID = "unpaid", _("Payment reversed by the bank")


S = OpinionState
OPINION_WORKFLOW = workflow(
    OPINION,
    S.DRAFT,
    move("submit", S.DRAFT, to=S.AWAITING_PAYMENT, may="applicant", label=_("Submit the request")),
    move("restudy", S.DRAFT, to=S.IN_REVIEW, label=_("Study the question anew after an objection")),
    move("pay", S.AWAITING_PAYMENT, to=S.IN_REVIEW, label=_("Confirm the payment")),
    *desk_moves(S.IN_REVIEW, corrections=S.CORRECTIONS, countersign=S.COUNTERSIGN, accepted=S.DECIDED, refused=S.REFUSED),
    *second_signature_moves(S.IN_REVIEW, countersign=S.COUNTERSIGN, accepted=S.DECIDED),
    move("issue", S.DECIDED, to=S.ISSUED, label=_("Issue the opinion")),
    move("lapse", S.CORRECTIONS, to=S.EXPIRED, label=_("Close without an answer")),
    move("expire", S.AWAITING_PAYMENT, to=S.EXPIRED, label=_("Close without payment")),
    move("reverse", [S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN, S.DECIDED], to=S.UNPAID, label=_("Close: the payment was reversed")),
    move("withdraw", S.AWAITING_PAYMENT, to=S.WITHDRAWN, may="applicant", label=_("Withdraw the request")),
)
