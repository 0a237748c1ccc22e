"""Models of payments: bills, attempts, receipts (`money`), `findings`, `refunds`, `ledger`, statements, differences (`reconciliation`)."""

from payments.models.findings import PaymentFinding
from payments.models.ledger import LedgerCorrection, LedgerEntry, LedgerPosting, PostingKind
from payments.models.money import (
    Allocation,
    Attempt,
    AttemptEvent,
    BankMessageKind,
    Bill,
    BillEvent,
    BillLine,
    CallbackBytes,
    Direction,
    GatewayMessage,
    Inquiry,
    Receipt,
)
from payments.models.reconciliation import BankStatement, Difference, DifferenceKind, DifferenceNote, LineKind, StatementLine
from payments.models.refunds import RefundDue, RefundEvent, RefundWay

__all__ = [
    "Allocation",
    "Attempt",
    "AttemptEvent",
    "BankMessageKind",
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
    "PaymentFinding",
    "PostingKind",
    "Receipt",
    "RefundDue",
    "RefundEvent",
    "RefundWay",
    "StatementLine",
]
