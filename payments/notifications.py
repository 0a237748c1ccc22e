"""Messages about payments; their texts are in templates/payments/messages."""

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
    """The data that the gateway's certification requires after a success: time, result, amount, payment id, track id."""

    kind = "payments.payment_received"
    channels = (Channel.EMAIL,)  # the service sends the SMS


class AmountPaidOut(_AboutPayment):
    kind = "payments.amount_paid_out"


class AmountReturned(_AboutPayment):
    kind = "payments.amount_returned"
