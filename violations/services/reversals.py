"""Payments that the bank took back, or that ended unpaid after a review: what was credited for them is owed again."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from municipality.audit.services import record
from municipality.kernel import clock, money
from municipality.kernel.transitions import transition
from payments.services import held_by_payment, void_bill
from payments.states import BillState
from violations import queries
from violations.models import Charge, ChargeKind, Instalment, Plan, Violation
from violations.notifications import PaymentTakenBack, notify
from violations.services import court_sums, settlements, terms
from violations.services.settlements import ME
from violations.states import OPEN, PlanState, ViolationState

V = ViolationState
SETTLED_BY_ORDER = (V.ORDERED, V.OVERDUE, V.OBJECTED)  # what is unpaid of them is the sum of their order
REASON = "reversed_by_bank"


@transaction.atomic
def voided(bill_id: int) -> None:
    """The bank took a payment back: the sum is owed again in the earlier state, and its last day is not one that passed meanwhile.

    A part of a plan that fell is added to what is left of the settlement. Raises jobs.errors.OnHold while that is at the bank.
    """
    charge = queries.charge_of(bill_id)
    row = settlements.locked(charge.violation)
    was_paid = row.state == V.PAID
    if charge.instalment is not None and (plan := _running_plan(charge.instalment)) is not None:
        if plan.state == PlanState.PAID:
            transition(plan, "reopen", actor=ME, reason=REASON)
        if was_paid:
            transition(row, "reopen_plan", actor=ME, reason=REASON)
    else:
        if was_paid:
            transition(row, "reopen_court" if charge.kind == ChargeKind.COURT else "reopen", actor=ME, reason=REASON)
        if charge.kind == ChargeKind.COURT:
            _void_other_sum(row, charge)
        else:
            _owe_again(row, charge, was_paid)
    until = _keep_open(row, charge)
    data = {"kind": charge.kind, "bill": charge.bill.reference, "until": until.isoformat() if until else None}
    record("violation.payment_reversed", subject=row.key, actor=ME, data=data)
    if row.state in OPEN:  # of one that was annulled or waived meanwhile nothing is owed again
        due = settlements.payable(row)
        owed = money.to_display(due.fils) if due is not None else ""
        notify(PaymentTakenBack, row, key=f"reversed:{charge.pk}:{charge.bill.last_event_id}", owed=owed, until=until)


def _running_plan(part: Instalment) -> Plan | None:
    """The plan of a part, locked; None for one that fell or ended."""
    plan = Plan.objects.select_for_update().get(pk=part.plan_id)
    return None if plan.state == PlanState.VOID else plan


def _owe_again(row: Violation, charge: Charge, was_paid: bool) -> None:
    """Add what the bank took back to what is unpaid, by an order of its own; the bills of other sums are voided.

    Nothing for the payment of the order in force, which is owed as it stands. After referral the court sets the amount.
    """
    order = queries.order_of(row)
    if order is None or charge.order_id == order.pk or charge.bill.state == BillState.VOID:  # void: heard of already
        return
    with held_by_payment():
        settlements.cancel_bills(row, actor=ME, reason=REASON)
    charge.bill.refresh_from_db()
    if row.state in SETTLED_BY_ORDER:
        fils = charge.bill.total_fils + (0 if was_paid else order.fils)
        terms.next_version(row, order, fils, ground="rest_of_plan", formula=("باقي خطة التقسيط", "Rest of the plan of instalments"))


def _void_other_sum(row: Violation, charge: Charge) -> None:
    """Void the bills of the court's amount, where a ruling on appeal changed it: what is left of it is another sum."""
    if row.judgment.appeal_id is None or charge.bill.state == BillState.VOID or court_sums.left_fils(row) == charge.bill.total_fils:
        return
    with held_by_payment():
        settlements.cancel_bills(row, actor=ME, reason=REASON)
    charge.bill.refresh_from_db()


@transaction.atomic
def freed(bill_id: int) -> None:
    """A payment that was under review ended unpaid: its sum is payable for as long as after one that the bank took back."""
    charge = queries.charge_of(bill_id)
    row = settlements.locked(charge.violation)
    until = _keep_open(row, charge)
    if until is not None:
        data = {"kind": charge.kind, "bill": charge.bill.reference, "until": until.isoformat()}
        record("violation.period_kept", subject=row.key, actor=ME, data=data)


def _keep_open(row: Violation, charge: Charge) -> dt.date | None:
    """Move the last day of an unpaid sum to `kept_price_days` from today if it is earlier; a bill with the earlier day is voided.

    The party could not pay while the portal took it for paid, or forbade to pay again. Returns the last day, None where none runs.
    """
    kept = clock.today() + dt.timedelta(days=queries.limits()["kept_price_days"])
    part = charge.instalment
    if charge.kind != ChargeKind.COURT and row.state == V.ORDERED and row.settle_until is not None:
        before, until = row.settle_until, max(row.settle_until, kept)
        row.settle_until = until
        if row.block_from is not None and row.block_from <= until:
            row.block_from = until + dt.timedelta(days=1)
        Violation.objects.filter(pk=row.pk).update(settle_until=until, block_from=row.block_from)
    elif part is not None and row.state == V.INSTALMENTS and Plan.objects.filter(pk=part.plan_id, state=PlanState.ACTIVE).exists():
        settlements.keep_parts_open(part.plan_id)
        before, until = part.due_on, max(part.due_on, kept)
    else:
        return None
    if until > before and charge.bill.state == BillState.DUE and not queries.is_at_bank(row):
        void_bill(bill=charge.bill, actor=ME, reason="kept_open")
    return until
