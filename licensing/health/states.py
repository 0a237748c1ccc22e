"""The acts on a health licence (renewal, change, duplicate, transfer): their states and moves."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from licensing.health.names import ACTS, CANCEL, CANCELLED, CHANGE, DUPLICATE, RENEWAL, TRANSFER
from municipality.kernel.workflow import Move, move, workflow
from municipality.review.states import desk_moves

__all__ = ["ACTS", "CANCEL", "CANCELLED", "CHANGE", "DUPLICATE", "RENEWAL", "TRANSFER", "RenewalState"]


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
_UNDER_STUDY = (S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN)
_SUBMIT = move("submit", S.DRAFT, to=S.AWAITING_PAYMENT, may="applicant", label=_("Submit the request"))
_PAY = move("pay", S.AWAITING_PAYMENT, to=S.PAID, label=_("Confirm the payment"))
# Review by an officer: a person decides before anything is paid.
_STUDY = (
    move("send_to_officer", S.DRAFT, to=S.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
    *desk_moves(S.IN_REVIEW, corrections=S.CORRECTIONS, countersign=S.COUNTERSIGN, accepted=S.AWAITING_PAYMENT, refused=S.REFUSED),
    move("lapse", S.CORRECTIONS, to=S.EXPIRED, label=_("Close without an answer")),
)
_AFTER_PAYMENT = (
    # Automatic approval: the published rule approves, no officer is involved.
    move("approve", S.PAID, to=S.APPROVED, label=_("Approve")),
    move("issue", S.APPROVED, to=S.ISSUED, label=_("Issue the licence")),
    move("expire", S.AWAITING_PAYMENT, to=S.EXPIRED, label=_("Close without payment")),
)
# An appeal against the refusal was allowed by another branch, whose decision takes the place of the first one.
_APPEAL = move("allow_appeal", S.REFUSED, to=S.AWAITING_PAYMENT, reopens=True, label=_("Approve after an appeal"))


def _refuse(*studied: RenewalState) -> Move:
    """A request that can no longer be met is refused at its approval, before the bill; that of a former holder at once."""
    return move("refuse", [*studied, S.AWAITING_PAYMENT, S.PAID, S.APPROVED], to=S.REFUSED, needs_reason=True, label=_("Refuse"))


def _withdraw(*states: RenewalState) -> Move:
    return move("withdraw", list(states), to=S.WITHDRAWN, may="applicant", label=_("Withdraw the request"))


_STUDIED = _withdraw(*_UNDER_STUDY, S.AWAITING_PAYMENT)
_REFUSE = _refuse(*_UNDER_STUDY)
RENEWAL_WORKFLOW = workflow(RENEWAL, S.DRAFT, _SUBMIT, _PAY, *_STUDY, *_AFTER_PAYMENT, _REFUSE, _STUDIED, _APPEAL)
# An officer decides about every change, and about no duplicate.
CHANGE_WORKFLOW = workflow(CHANGE, S.DRAFT, _PAY, *_STUDY, *_AFTER_PAYMENT, _REFUSE, _STUDIED, _APPEAL)
DUPLICATE_WORKFLOW = workflow(DUPLICATE, S.DRAFT, _SUBMIT, _PAY, *_AFTER_PAYMENT, _refuse(), _withdraw(S.AWAITING_PAYMENT))
# A transfer begins with the agreement of the new holder, who applies and pays. Until it is paid, the present holder may call it off.
_CALL_OFF = move("call_off", list(_STUDIED.sources), to=S.WITHDRAWN, label=_("Call the transfer off"))
TRANSFER_WORKFLOW = workflow(TRANSFER, S.DRAFT, _PAY, *_STUDY, *_AFTER_PAYMENT, _REFUSE, _STUDIED, _CALL_OFF, _APPEAL)
