"""Past payments of the demo, written in bulk under the guards of the database.

The bank's answers are made up and marked so in the stored messages.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from django.utils.crypto import salted_hmac

from municipality.accounts.models import actor_of
from municipality.audit.models import AuditEvent
from municipality.kernel import clock, ids, money
from municipality.kernel.actors import system
from payments.models import Allocation, Attempt, BankMessageKind, Bill, Direction, GatewayMessage, Inquiry, Receipt, RefundDue, RefundWay
from payments.rules import MAX_TRACKID
from payments.services import ledger
from payments.states import AttemptState, BillState, RefundState
from sandbox.demo.bulk import audit_event, event, move, take_numbers
from sandbox.demo.seeds import public_id

CASHIER = system("payments")
MADE_UP = "made up for the demo"
FILE = "demo-payments.json"
PAGE_LIFETIME = dt.timedelta(minutes=30)


@dataclass
class Payment:
    """One paid bill: redirected at `left_at`, settled at `paid_at`."""

    bill: Bill
    left_at: dt.datetime
    paid_at: dt.datetime
    attempt: Attempt | None = None


def pay(payments: Sequence[Payment], rng: Random) -> list[Receipt]:
    """Pay due bills: attempts, answers of the bank and receipts. In the caller's transaction."""
    if not payments:
        return []
    payments = sorted(payments, key=lambda p: p.paid_at)
    attempts = Attempt.objects.bulk_create(_attempt(payment, rng) for payment in payments)
    for payment, attempt in zip(payments, attempts, strict=True):
        payment.attempt = attempt
    rows = Attempt.objects.filter(pk__in=[attempt.pk for attempt in attempts])
    allocations = Allocation.objects.bulk_create(
        Allocation(attempt=p.attempt, bill=p.bill, fils=p.bill.total_fils, is_open=False, is_settled=True, handed_over_at=p.paid_at)
        for p in payments
    )
    inquiries = _inquiries(payments)
    for name, source, target, at, by_payer in (
        ("redirect", AttemptState.CREATED, AttemptState.REDIRECTED, "left_at", True),
        ("settle", AttemptState.REDIRECTED, AttemptState.PAID, "paid_at", False),
    ):
        Attempt.EVENTS.objects.bulk_create(
            event(p.attempt, name, source, target, getattr(p, at), actor_of(p.bill.payer) if by_payer else CASHIER) for p in payments
        )
        move(rows.filter(state=source), target)
    numbers = take_numbers([f"RCT-{clock.day_of(p.paid_at).year}" for p in payments])
    receipts = Receipt.objects.bulk_create(
        Receipt(number=number, allocation=allocation, inquiry=inquiry, bill=p.bill, fils=allocation.fils, issued_at=p.paid_at)
        for p, number, allocation, inquiry in zip(payments, numbers, allocations, inquiries, strict=True)
    )
    ledger.book_receipts(receipts)
    Bill.EVENTS.objects.bulk_create(
        event(p.bill, "settle", BillState.DUE, BillState.PAID, p.paid_at, CASHIER, data={"receipt": r.number})
        for p, r in zip(payments, receipts, strict=True)
    )
    move(Bill.objects.filter(pk__in=[p.bill.pk for p in payments], state=BillState.DUE), BillState.PAID)
    AuditEvent.objects.bulk_create(row for p, r in zip(payments, receipts, strict=True) for row in _audit_events(p, r))
    return receipts


def write_for_simulator(path: Path) -> int:
    """Write the captured payments and their refunds for the book of the gateway's simulator. Returns how many payments."""
    refunds: dict[int, list[dict[str, Any]]] = {}
    for row in RefundDue.objects.filter(state=RefundState.PAID_OUT, way=RefundWay.GATEWAY, paid_out_at__isnull=False).order_by("pk"):
        line = {"amt": row.fils, "ref": row.bank_reference, "made_at": row.paid_out_at.timestamp() if row.paid_out_at else 0}
        refunds.setdefault(row.attempt_id, []).append(line)
    attempts = Attempt.objects.filter(provider="knet", settled_at__isnull=False, payment_id__isnull=False).order_by("pk")
    payments = [
        {
            "paymentid": attempt.payment_id,
            "trackid": attempt.trackid,
            "amt": attempt.fils,
            "language": attempt.language,
            "tranid": attempt.tran_id or "",
            "ref": attempt.ref,
            "auth": attempt.auth,
            "postdate": attempt.postdate,
            "resp_code": attempt.auth_resp_code,
            "created_at": attempt.created_at.timestamp(),
            "decided_at": attempt.settled_at.timestamp() if attempt.settled_at else 0,
            "refunds": refunds.get(attempt.pk, []),
        }
        for attempt in attempts.iterator()
    ]
    temporary = path.with_suffix(f".{os.getpid()}")
    temporary.write_text(json.dumps(payments), encoding="utf8")
    temporary.replace(path)
    return len(payments)


def _attempt(payment: Payment, rng: Random) -> Attempt:
    return Attempt(
        token=public_id(rng),
        trackid="".join(rng.choices(ids.ALPHABET, k=MAX_TRACKID)),
        fils=payment.bill.total_fils,
        language=payment.bill.payer.language,
        started_by=payment.bill.payer,
        session_digest=salted_hmac("demo", MADE_UP, algorithm="sha256").hexdigest(),
        payment_id=f"{rng.randrange(10**17, 10**18)}",
        tran_id=f"{rng.randrange(10**14, 10**15)}",
        ref=f"{rng.randrange(10**11, 10**12)}",
        auth=f"B{rng.randrange(10**5):05d}",
        postdate=f"{clock.day_of(payment.paid_at):%m%d}",
        auth_resp_code="00",
        created_at=payment.left_at,
        redirected_at=payment.left_at,
        page_expires_at=payment.left_at + PAGE_LIFETIME,
        settled_at=payment.paid_at,
    )


def _inquiries(payments: Sequence[Payment]) -> list[Inquiry]:
    decoded = []
    for p in payments:
        attempt = _attempt_of(p)
        decoded.append(
            {
                "result": "CAPTURED",
                "trackid": attempt.trackid,
                "amt": money.to_text(attempt.fils),
                "paymentid": attempt.payment_id,
                "tranid": attempt.tran_id,
                "ref": attempt.ref,
                "auth": attempt.auth,
                "postdate": attempt.postdate,
                "authrespcode": attempt.auth_resp_code,
            }
        )
    messages = GatewayMessage.objects.bulk_create(
        GatewayMessage(
            direction=Direction.IN, kind=BankMessageKind.INQUIRY_RESPONSE, attempt=p.attempt, raw=MADE_UP, decoded=fields, at=p.paid_at
        )
        for p, fields in zip(payments, decoded, strict=True)
    )
    return Inquiry.objects.bulk_create(
        Inquiry(
            attempt=p.attempt,
            message=message,
            result="CAPTURED",
            outcome="captured",
            fils=_attempt_of(p).fils,
            trackid=_attempt_of(p).trackid,
            payment_id=_attempt_of(p).payment_id or "",
            agrees=True,
            at=p.paid_at,
        )
        for p, message in zip(payments, messages, strict=True)
    )


def _attempt_of(payment: Payment) -> Attempt:
    if payment.attempt is None:
        raise ValueError("the attempt is written first")
    return payment.attempt


def _audit_events(payment: Payment, receipt: Receipt) -> list[AuditEvent]:
    attempt = _attempt_of(payment)
    started = {"fils": attempt.fils, "bills": [payment.bill.key]}
    settled = {"inquiry": receipt.inquiry_id, "fils": attempt.fils, "receipts": [receipt.number]}
    return [
        audit_event("payment.started", attempt.key, payment.left_at, actor_of(payment.bill.payer), started),
        audit_event("payment.settled", attempt.key, payment.paid_at, CASHIER, settled),
    ]
