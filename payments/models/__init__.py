"""The rows of money: bills, attempts and receipts (`money`), and the ledger (`ledger`)."""

from payments.models.ledger import LedgerCorrection, LedgerEntry, LedgerPosting, PostingKind
from payments.models.money import (
    Allocation,
    Attempt,
    AttemptEvent,
    Bill,
    BillEvent,
    BillLine,
    Direction,
    GatewayMessage,
    Inquiry,
    MessageKind,
    Receipt,
    RefundDue,
    RefundEvent,
    RefundWay,
)

__all__ = [
    "Allocation",
    "Attempt",
    "AttemptEvent",
    "Bill",
    "BillEvent",
    "BillLine",
    "Direction",
    "GatewayMessage",
    "Inquiry",
    "LedgerCorrection",
    "LedgerEntry",
    "LedgerPosting",
    "MessageKind",
    "PostingKind",
    "Receipt",
    "RefundDue",
    "RefundEvent",
    "RefundWay",
]
