"""What the result page says of a payment in each state."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from municipality.ui.texts import Text
from payments.states import AttemptState

A = AttemptState


@dataclass(frozen=True)
class StatusText:
    """Texts of one state; `tag` is ok, warn, bad or wait."""

    tag: str
    heading: Text
    happened: Text
    money: Text
    todo: Text


UNCOUNTED = _(
    "The bank took an amount that cannot count for a bill: it was paid already, is no longer due, is of another amount, "
    "or the payment came after the bank had reversed it; the bill is then still to be paid."
)
STATUS_TEXTS: dict[str, StatusText] = {
    A.CREATED: StatusText(
        "wait",
        _("The payment has not begun"),
        _("You have not been sent to the bank yet."),
        _("Nothing was taken."),
        _("Begin the payment from the bill."),
    ),
    A.REDIRECTED: StatusText(
        "wait",
        _("The payment is open at the bank"),
        _("The bank's page was opened and its outcome has not reached us yet."),
        _("We do not know yet whether an amount was taken. Do not pay again."),
        _(
            "If the bank's page is open in another window, finish there. If you left it without paying, tell us "
            "below and we will ask the bank at once."
        ),
    ),
    A.CONFIRMING: StatusText(
        "wait",
        _("We are checking with the bank"),
        _(
            "The bank told us that the payment has ended. We check with the bank before we record anything as "
            "paid; this usually takes less than a minute."
        ),
        _("Do not pay again: an amount may have been taken."),
        _("You may wait here or close this page. The outcome is kept."),
    ),
    A.PAID: StatusText(
        "ok",
        _("Payment confirmed"),
        _("The bank confirmed the payment to us."),
        _("The amount was taken once."),
        _("There is nothing more to do. Keep the receipt."),
    ),
    A.DECLINED: StatusText(
        "bad",
        _("Not paid: the bank declined"),
        _("The card's bank declined the payment."),
        _("Nothing was taken. If your bank shows a reserved amount, it will release it automatically."),
        _("Pay again with this card or another one, or ask your bank for the reason."),
    ),
    A.CANCELLED: StatusText(
        "warn",
        _("Not paid: cancelled"),
        _("The payment was left or cancelled on the bank's page."),
        _("Nothing was taken."),
        _("Pay again whenever you like; the bill stays as it is."),
    ),
    A.TIMED_OUT: StatusText(
        "warn",
        _("Not paid: no answer from the card's bank"),
        _("The card's bank did not answer in time."),
        _(
            "As far as the bank tells us, nothing was taken. We keep asking for a day: if an amount is taken "
            "late, it pays this bill or is returned."
        ),
        _("You can pay again. Check your bank's messages first, so that you do not pay twice."),
    ),
    A.DENIED: StatusText(
        "bad",
        _("Not paid: a limit of the bank"),
        _("The bank refused the payment because of one of its limits."),
        _("Nothing was taken."),
        _("Pay with another card, or ask your bank to raise the limit."),
    ),
    A.EXPIRED: StatusText(
        "warn",
        _("Not paid: the payment expired"),
        _("The bank's page ended without a payment."),
        _("Nothing was taken. If the bank reports an amount late, it pays this bill or is returned."),
        _("Begin the payment again from the bill."),
    ),
    A.MISMATCH: StatusText(
        "warn",
        _("The payment is under review"),
        _("What the bank answers does not agree with your bill. A member of staff compares both."),
        _("An amount may have been taken. Do not pay again."),
        _("You do not need to do anything. We will tell you as soon as it is clear; an amount taken in error is returned."),
    ),
    A.CAPTURED_LATE: StatusText(
        "wait",
        _("We are checking with the bank"),
        _("The bank reported the payment late."),
        _("Do not pay again: the amount was taken."),
        _("This page shows the outcome in a moment."),
    ),
    A.REFUND_DUE: StatusText(
        "warn",
        _("The amount is returned to you"),
        UNCOUNTED,
        _("The amount was taken and the Municipality owes it to you."),
        _("You do not need to apply. The refund goes to the card you paid with, or by bank transfer."),
    ),
    A.REFUNDED: StatusText(
        "ok",
        _("The amount was returned to you"),
        UNCOUNTED,
        _("The Municipality returned the amount. Your bank shows it within some days."),
        _("There is nothing more to do."),
    ),
    A.VOIDED: StatusText(
        "bad",
        _("The bank reversed the payment"),
        _("The bank had confirmed the payment and took it back afterwards."),
        _("The amount is not with the Municipality. Your bank returns it to your card."),
        _("What you paid for is open again. Please pay it once more; its page says until when."),
    ),
}
LEFT = StatusText(
    "wait",
    _("We are checking with the bank"),
    _("The bank's page was left. We ask the bank what became of the payment."),
    _("Do not pay again: an amount may have been taken."),
    _("You may wait here or close this page. The outcome is kept."),
)
REPORTED = StatusText(
    "wait",
    _("The bank reported the payment; we are checking it"),
    _("The bank reported that the payment succeeded. We ask the bank once more before we record it as paid."),
    _("This takes a few seconds. Please do not pay again meanwhile."),
    _("You may wait here or close this page. The outcome is kept."),
)
REVERSED = StatusText(
    "bad",
    _("Not paid: the bank reversed the payment"),
    _("The bank first reported a payment and reversed it before we could confirm it."),
    _("The amount is not with the Municipality. If it left your account, your bank returns it by itself."),
    _("Pay again; the bill stays as it is."),
)
FOUND = StatusText(
    "warn",
    _("The amount is returned to you"),
    _("The bank’s records show an amount that it did not confirm to us, so it cannot count for a bill."),
    _("The amount was taken and the Municipality owes it to you."),
    _("You do not need to apply. The Municipality returns it by bank transfer, not to the card."),
)
REFUSED = StatusText(
    "warn",
    _("Paid, and returned to you"),
    _("The bank confirmed the payment, but the request it was for can no longer be carried out."),
    _("The amount was taken and the Municipality owes it to you."),
    _("You do not need to apply. The refund goes to the card you paid with, or by bank transfer."),
)

RETURNED = StatusText(
    "ok",
    _("Paid, and the amount was returned"),
    _("The bank confirmed the payment, but the request it was for could not be carried out."),
    _("The Municipality returned the amount. Your bank shows it within some days."),
    _("There is nothing more to do."),
)
PARTLY = StatusText(
    "warn",
    _("Paid, and a part of it goes back"),
    _("The bank confirmed the payment, but a part of what it was for could not be accepted any more."),
    _("What could not be accepted goes back. The rest is paid."),
    _("You do not need to apply. The refund goes to the card you paid with, or by bank transfer."),
)
