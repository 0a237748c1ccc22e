"""Acts, jobs, messages and reasons of money in words."""

from django.utils.translation import gettext_lazy as _

from municipality.ui.words import say

say(
    {
        "bill.issued": _("Bill issued"),
        "bill.refund_due": _("Bill to be paid back"),
        "bill.voided": _("Bill cancelled"),
        "payment.cancelled": _("Payment cancelled at the bank"),
        "payment.declined": _("Payment declined by the bank"),
        "payment.denied": _("Payment over a limit of the bank"),
        "payment.expired": _("Payment run out"),
        "payment.given_up": _("Payment given up"),
        "payment.mismatch": _("Payment to be looked at"),
        "payment.refund_due": _("Payment to be paid back"),
        "payment.settled": _("Payment settled"),
        "payment.started": _("Payment begun"),
        "payment.timed_out": _("Payment without an answer of the card's bank"),
        "payment.voided": _("Payment taken back by the bank"),
        "payments.amount_returned": _("An amount is to be paid back"),
        "payments.confirm": _("Ask the bank about a late void"),
        "payments.hand_over": _("Tell the service that its bill is paid"),
        "payments.inquire": _("Ask the bank about a payment"),
        "payments.payment_received": _("A payment is received"),
        "payments.receipt_document": _("Draw a receipt"),
        "payments.sweep": _("Look for open payments"),
        "payments.tell_owed_attempt": _("Message about an amount to be paid back"),
        "payments.tell_owed_bill": _("Message about a bill to be paid back"),
        "payments.tell_paid": _("Message about a payment"),
        "payments.tell_void": _("Message about a payment taken back"),
        "outcome.captured": _("Paid at the bank"),
        "outcome.declined": _("Declined by the bank"),
        "outcome.cancelled": _("Cancelled at the bank"),
        "outcome.timed_out": _("No answer of the card's bank"),
        "outcome.denied": _("Over a limit of the bank"),
        "outcome.not_found": _("Not known to the bank"),
        "outcome.mismatch": _("Disagrees with our payment"),
        "outcome.unknown": _("Not understood"),
        "nothing_due": _("Nothing was due any more"),
        "refund.released": _("Amount owed back given up"),
        "reversed_by_bank": _("Taken back by the bank"),
    }
)
