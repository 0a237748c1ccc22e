"""States and moves of bills, attempts and refunds."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow


class BillState(models.TextChoices):
    DUE = "due", _("due")
    PAID = "paid", _("paid")
    REFUND_DUE = "refund_due", _("amount to be returned")
    REFUNDED = "refunded", _("amount returned")
    VOID = "void", _("cancelled")


B = BillState
BILL = workflow(
    "payments.bill",
    B.DUE,
    move("settle", B.DUE, to=B.PAID, label=_("Payment")),
    move("void", B.DUE, to=B.VOID, needs_reason=True, label=_("Cancellation of the bill")),
    # Paid, but refused by its service: the amount is owed back.
    move("refuse", B.PAID, to=B.REFUND_DUE, needs_reason=True, label=_("Return of the amount")),
    move("return", B.REFUND_DUE, to=B.REFUNDED, label=_("Amount paid back")),
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
    REFUNDED = "refunded", _("amount returned")
    VOIDED = "voided", _("reversed by the bank")


A = AttemptState
# The outcome is not known, so no second attempt may begin.
OPEN = (A.CREATED, A.REDIRECTED, A.CONFIRMING, A.MISMATCH)
AT_BANK = (A.REDIRECTED, A.CONFIRMING, A.MISMATCH)
CHECKED = (A.CONFIRMING, A.MISMATCH)  # the answer of the bank, or a person, is waited for
# Ended without payment so far; the bank may still report a capture.
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
    # From VOIDED only where people had the bank asked again, since its statement has a payment that it had reversed.
    move("capture_late", [A.REDIRECTED, A.CONFIRMING, A.MISMATCH, *UNPAID, A.VOIDED], to=A.CAPTURED_LATE),
    move("settle_late", A.CAPTURED_LATE, to=A.PAID),
    move("owe_back", A.CAPTURED_LATE, to=A.REFUND_DUE, needs_reason=True),
    move("return", A.REFUND_DUE, to=A.REFUNDED),
    move("void", A.PAID, to=A.VOIDED, needs_reason=True),
    # What the bank's own records say, confirmed by a second person.
    move("find_not_taken", A.MISMATCH, to=A.EXPIRED, may="finance_checker", needs_reason=True),
    move("find_taken", A.MISMATCH, to=A.REFUND_DUE, may="finance_checker", needs_reason=True),
)


class RefundState(models.TextChoices):
    DUE = "due", _("amount to be returned")
    PROPOSED = "proposed", _("proposed for paying out")
    APPROVED = "approved", _("approved")
    SENDING = "sending", _("sent to the bank")
    UNKNOWN = "unknown", _("outcome not known")
    LOOKED_UP = "looked_up", _("outcome looked up")
    PAID_OUT = "paid_out", _("paid back")
    RELEASED = "released", _("returned by the bank")


R = RefundState
CASHIER, CHECKER = "cashier", "finance_checker"
# Approved or sent: no other refund of the same payment begins.
ON_ITS_WAY = (R.APPROVED, R.SENDING, R.UNKNOWN, R.LOOKED_UP)
# Sent without a known outcome: its payment is not voided.
OUT_UNKNOWN = (R.SENDING, R.UNKNOWN, R.LOOKED_UP)
OWED = (R.DUE, R.PROPOSED, *ON_ITS_WAY)
REFUND = workflow(
    "payments.refund",
    R.DUE,
    # The bank itself took the payment back: nothing is owed any more.
    move("release", [R.DUE, R.PROPOSED, R.APPROVED], to=R.RELEASED, needs_reason=True, label=_("Reversal by the bank")),
    move("propose", R.DUE, to=R.PROPOSED, may=CASHIER, needs_reason=True, label=_("Proposal to pay out")),
    move("send_back", R.PROPOSED, to=R.DUE, may=CHECKER, needs_reason=True, label=_("Back to the cashier")),
    move("approve", R.PROPOSED, to=R.APPROVED, may=CHECKER, label=_("Approval")),
    move("send", R.APPROVED, to=R.SENDING, label=_("Sending to the bank")),
    # From "approved" only where it was paid by hand.
    move("pay_out", [R.APPROVED, R.SENDING, R.UNKNOWN, R.LOOKED_UP], to=R.PAID_OUT, label=_("Amount paid back")),
    move("fail", [R.SENDING, R.UNKNOWN, R.LOOKED_UP], to=R.DUE, needs_reason=True, label=_("Not paid out")),
    move("doubt", R.SENDING, to=R.UNKNOWN, needs_reason=True, label=_("Outcome not known")),
    move("look_up", R.UNKNOWN, to=R.LOOKED_UP, may=CASHIER, label=_("Finding at the bank")),
    move("disagree", R.LOOKED_UP, to=R.UNKNOWN, may=CHECKER, label=_("Finding not confirmed")),
)
