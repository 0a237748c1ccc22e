"""What is paid and left, in whole fils, of the fine that the court set; a ruling on appeal may change it after it was paid."""

from __future__ import annotations

from django.db.models import QuerySet

from municipality.kernel import money
from municipality.kernel.actors import Actor
from payments import queries as payments
from payments.models import Bill, RefundDue
from payments.services import owe_back, owe_part
from payments.states import BillState, RefundState
from violations.models import Charge, ChargeKind, Violation

REASON = "court_appeal"


def left_fils(row: Violation) -> int:
    """What is left to pay of the fine in force; negative where more is paid. 0 where the court found no violation."""
    return (row.judgment.ruling.fils or 0) - kept_fils(row)


def kept_fils(row: Violation) -> int:
    """What is paid of the court's fine and not given back."""
    return sum(_kept_of(charge.bill) for charge in _paid(row))


def _paid(row: Violation) -> QuerySet[Charge]:
    return row.charges.filter(kind=ChargeKind.COURT, bill__state=BillState.PAID).select_related("bill").order_by("-pk")


def _kept_of(bill: Bill) -> int:
    return int(bill.total_fils) - sum(refund.fils for refund in payments.returned_parts(bill))


def given_back(row: Violation) -> str:
    """What goes back or has gone back of the court's fine since rulings on appeal, in dinars as text; "" for nothing."""
    fils = sum(refund.fils for refund in RefundDue.objects.filter(subject=row.key, reason=REASON).exclude(state=RefundState.RELEASED))
    return money.to_display(fils) if fils else ""


def give_back_above(row: Violation, *, actor: Actor) -> str:
    """Owe back what is paid above the fine in force, of the newest payment first. Returns the sum in dinars as text, "" for nothing.

    In the caller's transaction, row locked, the ruling on appeal confirmed.
    """
    above = left = max(-left_fils(row), 0)
    for charge in _paid(row):
        bill, kept = charge.bill, _kept_of(charge.bill)
        fils = min(left, kept)
        if fils == bill.total_fils:
            owe_back(bill=bill, reason=REASON, actor=actor)
        elif fils:
            owe_part(line=bill.lines.get(), most_fils=fils, reason=REASON, actor=actor)
        left -= fils
    return money.to_display(above) if above else ""
