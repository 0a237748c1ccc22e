"""The interface of gateways."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from payments.rules import InquiryAnswer


@dataclass(frozen=True)
class Order:
    """A payment to be made. `fils` > 0, `language` ar or en; `bill_reference` may reach the bank's report.

    `return_url` is the attempt's page, for a gateway that is told where the browser goes with the order.
    """

    trackid: str
    fils: int
    language: str
    bill_reference: str
    return_url: str = ""


@dataclass(frozen=True)
class Redirection:
    """The URL of the payment page; the message as sent and its plain fields with the password masked, to be stored."""

    url: str
    raw: str
    decoded: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """The claim of a well-formed notification. `fils` None without a readable amount.

    `fingerprint` (SHA-256, hex) of what the gateway made is the same for repeats in another form.
    """

    trackid: str
    result: str
    payment_id: str
    fils: int | None
    fingerprint: str = field(default="", compare=False)


@dataclass(frozen=True)
class BankReply:
    """The bank's answer with both messages, the password masked."""

    answer: InquiryAnswer
    request: str
    response: str
    decoded: dict[str, str]


class GatewayUnreachable(Exception):
    """No usable answer, for `reason`. `request` and `response` as far as they exist, masked."""

    def __init__(self, reason: str, request: str = "", response: str = "") -> None:
        super().__init__(reason)
        self.reason, self.request, self.response = reason, request, response


class NotConfigured(Exception):
    """The gateway's addresses or credentials are missing."""


class Provider(Protocol):
    name: str

    def order(self, order: Order) -> Redirection:
        """Where to send the browser for this payment. Raises NotConfigured, ValueError."""
        ...

    def read_notification(self, text: str) -> Notice | None:
        """The claim in an encrypted notification; None for everything that is not well formed, whatever is wrong with it."""
        ...

    def inquire(self, *, trackid: str, fils: int) -> BankReply:
        """Ask the bank. Raises GatewayUnreachable, NotConfigured."""
        ...

    def refund(self, *, trackid: str, fils: int) -> BankReply:
        """Return `fils` of a captured payment to its card; never called twice for one refund.

        Raises GatewayUnreachable (the outcome is unknown), NotConfigured (nothing was sent).
        """
        ...
