"""Messages about payments; their texts are in templates/payments/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from municipality.notifications.registry import MessageKind
from payments import links


class _AboutPayment(MessageKind):
    def path(self, context: Mapping[str, Any]) -> str:
        return links.receipt_path(context["attempt"].token)


class PaymentReceived(_AboutPayment):
    """One for each payment, with all its bills, and the data that the gateway's certification requires after a success: time, result,
    amount, payment id, track id. It is also a text message unless the services of all its bills send one.
    """

    kind = "payments.payment_received"


class AmountPaidOut(_AboutPayment):
    kind = "payments.amount_paid_out"


class AmountReturned(_AboutPayment):
    kind = "payments.amount_returned"


class PaymentNotTaken(_AboutPayment):
    """A payment that was under review ended unpaid."""

    kind = "payments.payment_not_taken"
