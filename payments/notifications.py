"""Messages about money; the words are in templates/payments/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from municipality.notifications.models import Channel
from municipality.notifications.registry import MessageKind
from payments import links


class _AboutPayment(MessageKind):
    def path(self, context: Mapping[str, Any]) -> str:
        return links.receipt_path(context["attempt"].token)


class PaymentReceived(_AboutPayment):
    """Date and time, result, amount, payment id, track id: what the gateway's certification wants sent after a success."""

    kind = "payments.payment_received"
    channels = (Channel.EMAIL,)  # the service that is paid for sends the short message


class AmountPaidOut(_AboutPayment):
    kind = "payments.amount_paid_out"


class AmountReturned(_AboutPayment):
    kind = "payments.amount_returned"
