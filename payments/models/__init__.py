"""Models of payments: bills, attempts, receipts and refunds (`money`), `ledger`, statements and differences (`reconciliation`)."""

from payments.models.ledger import LedgerCorrection, LedgerEntry, LedgerPosting, PostingKind
from payments.models.money import (
    Allocation,
    Attempt,
    AttemptEvent,
    Bill,
    BillEvent,
    BillLine,
    CallbackBytes,
    Direction,
    GatewayMessage,
    Inquiry,
    MessageKind,
    Receipt,
    RefundDue,
    RefundEvent,
    RefundWay,
)
from payments.models.reconciliation import BankStatement, Difference, DifferenceKind, DifferenceNote, LineKind, StatementLine

__all__ = [
    "Allocation",
    "Attempt",
    "AttemptEvent",
    "BankStatement",
    "Bill",
    "BillEvent",
    "BillLine",
    "CallbackBytes",
    "Difference",
    "DifferenceKind",
    "DifferenceNote",
    "Direction",
    "GatewayMessage",
    "Inquiry",
    "LedgerCorrection",
    "LedgerEntry",
    "LedgerPosting",
    "LineKind",
    "MessageKind",
    "PostingKind",
    "Receipt",
    "RefundDue",
    "RefundEvent",
    "RefundWay",
    "StatementLine",
]
