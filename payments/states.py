"""The life of a bill and of an attempt to pay it. `kernel.transitions` is the only writer."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow


class BillState(models.TextChoices):
    DUE = "due", _("due")
    PAID = "paid", _("paid")
    REFUND_DUE = "refund_due", _("amount to be returned")
    VOID = "void", _("cancelled")


B = BillState
BILL = workflow(
    "payments.bill",
    B.DUE,
    move("settle", B.DUE, to=B.PAID, label=_("Payment")),
    move("void", B.DUE, to=B.VOID, needs_reason=True, label=_("Cancellation of the bill")),
    # The money is there, but what it was meant for is refused: the record of the money stays, the amount is owed back.
    move("refuse", B.PAID, to=B.REFUND_DUE, needs_reason=True, label=_("Return of the amount")),
    # The bank reversed a payment that it had confirmed before.
    move("reverse", B.PAID, to=B.DUE, needs_reason=True, label=_("Reversal by the bank")),
    move("release", B.REFUND_DUE, to=B.VOID, needs_reason=True, label=_("Reversal by the bank")),
)


class AttemptState(models.TextChoices):
    CREATED = "created", _("prepared")
    REDIRECTED = "redirected", _("at the bank")
    CONFIRMING = "confirming", _("being checked with the bank")
    PAID = "paid", _("paid")
    DECLINED = "declined", _("declined by the bank")
    CANCELLED = "cancelled", _("cancelled")
    TIMED_OUT = "timed_out", _("no answer from the card's bank")
    DENIED = "denied", _("refused by a limit of the bank")
    EXPIRED = "expired", _("expired")
    MISMATCH = "mismatch", _("under review")
    CAPTURED_LATE = "captured_late", _("taken late")
    REFUND_DUE = "refund_due", _("amount to be returned")
    VOIDED = "voided", _("reversed by the bank")


A = AttemptState
# At the bank or on the way: the outcome is not known, so no second attempt may begin.
OPEN = (A.CREATED, A.REDIRECTED, A.CONFIRMING, A.MISMATCH)
AT_BANK = (A.REDIRECTED, A.CONFIRMING, A.MISMATCH)
# Ended without money, as far as the bank has told us; a capture may still come.
UNPAID = (A.DECLINED, A.CANCELLED, A.TIMED_OUT, A.DENIED, A.EXPIRED)
ATTEMPT = workflow(
    "payments.attempt",
    A.CREATED,
    move("redirect", A.CREATED, to=A.REDIRECTED),
    move("acknowledge", A.REDIRECTED, to=A.CONFIRMING),
    move("settle", [A.REDIRECTED, A.CONFIRMING], to=A.PAID),
    move("decline", AT_BANK, to=A.DECLINED),
    move("cancel", AT_BANK, to=A.CANCELLED),
    move("time_out", AT_BANK, to=A.TIMED_OUT),
    move("deny", AT_BANK, to=A.DENIED),
    move("expire", (A.CREATED, *AT_BANK), to=A.EXPIRED),
    move("doubt", [A.REDIRECTED, A.CONFIRMING, *UNPAID], to=A.MISMATCH, needs_reason=True),
    move("capture_late", [A.REDIRECTED, A.CONFIRMING, A.MISMATCH, *UNPAID], to=A.CAPTURED_LATE),
    move("settle_late", A.CAPTURED_LATE, to=A.PAID),
    move("owe_back", A.CAPTURED_LATE, to=A.REFUND_DUE, needs_reason=True),
    move("void", A.PAID, to=A.VOIDED, needs_reason=True),
)


class RefundState(models.TextChoices):
    DUE = "due", _("amount to be returned")
    RELEASED = "released", _("returned by the bank")


R = RefundState
REFUND = workflow(
    "payments.refund",
    R.DUE,
    # The bank itself took the payment back: nothing is owed any more.
    move("release", R.DUE, to=R.RELEASED, needs_reason=True, label=_("Reversal by the bank")),
)
