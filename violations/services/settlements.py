"""Bills for the sums of a violation, and their effects when they are paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock, money
from municipality.kernel.actors import VISITOR, Actor, system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from payments import queries as payments
from payments.models import Attempt, Bill
from payments.rules import Line
from payments.services import issue_bill, owe_back, start_attempt, void_bill
from payments.states import BillState
from violations import queries
from violations.models import Charge, ChargeKind, Instalment, Plan, SettlementOrder, Violation
from violations.notifications import PaidForYou, Settled, notify
from violations.services import blocks, court_sums, delegates
from violations.states import PlanState, ViolationState

V = ViolationState
ME = system("violations")
BILL = "violations.sum"
FORMULA = 200  # characters of `BillLine.formula_ar`


@transaction.atomic
def bill_for(*, violation: Violation, person: User, instalment: Instalment | None = None) -> Bill:
    """The bill of what is payable of a violation now: settlement, an instalment or the court's amount.

    Made out to the party, also for a delegate. The open bill is returned again; one made out to another party or of another amount is
    voided first. Raises NotPermitted as `delegates.authorize_step`, Refused: nothing_payable, earlier_first, payment_open, paid.
    """
    row = locked(violation)
    access = delegates.authorize_step(row, person, "settle" if row.state == V.ORDERED else "pay")
    return _bill(row, instalment, payers=[access.person], actor=access.actor)


@transaction.atomic
def start_payment(*, violation: Violation, person: User, fils: int, language: str, session_key: str) -> Attempt:
    """Begin a payment of `fils`, the amount that the page showed. Raises as `require_amount`, `bill_for` and `start_attempt`."""
    bill = bill_for(violation=violation, person=person)
    require_amount(bill, fils)
    return start_attempt(bills=[bill], payer=person, language=language, session_key=session_key)


def require_amount(bill: Bill, fils: int) -> None:
    """Raise Refused("amount_changed") where a page showed another amount than the bill has."""
    if bill.total_fils != fils:
        raise Refused("amount_changed", _("The amount has changed. Nothing was charged; the page shows the amount that is due now."))


def bill_for_visitor(row: Violation) -> Bill:
    """The bill of what is payable now, made out to the party, for somebody who pays for them. The row is locked.

    Raises Refused: no_party, or as `bill_for`.
    """
    people = queries.people_of(row)
    if not people:
        sentence = _("The portal does not know the party of this violation yet, so it cannot be paid here. Its branch takes the payment.")
        raise Refused("no_party", sentence)
    return _bill(row, None, payers=people, actor=VISITOR)


def _bill(row: Violation, instalment: Instalment | None, *, payers: Sequence[User], actor: Actor) -> Bill:
    """The open bill if it is made out to one of `payers`, else a new one for the first of them."""
    due = _payable(row, instalment)
    kind, fils, source = due.kind, due.fils, due.source
    open_charge = Charge.objects.filter(violation=row, kind=kind, bill__state=BillState.DUE, **source).select_related("bill").first()
    if open_charge is not None:
        same_day = open_charge.bill.due_until == due.until
        if open_charge.bill.payer_id in {payer.pk for payer in payers} and open_charge.bill.total_fils == fils and same_day:
            return open_charge.bill
        void_bill(bill=open_charge.bill, actor=actor, reason="other_payer")
    may_be_rest = kind == ChargeKind.COURT and row.judgment.appeal_id is not None  # a part of the amount may be paid
    if not may_be_rest and Charge.objects.filter(violation=row, kind=kind, bill__state=BillState.PAID, **source).exists():
        raise _already_paid()
    title_ar, title_en = titles(row, kind, fils)
    bill = issue_bill(
        kind=BILL,
        subject=row.key,
        payer=payers[0],
        title_ar=f"{title_ar} {row.reference}",
        title_en=f"{title_en} {row.reference}",
        lines=[_line(row, kind, fils, source)],
        actor=actor,
        due_until=due.until,
    )
    Charge.objects.create(violation=row, bill=bill, kind=kind, made_at=clock.now(), **source)
    return bill


def _already_paid() -> Refused:
    return Refused("paid", _("This amount is paid. The page of the violation shows it in a moment."))


_TITLES = {
    ChargeKind.SETTLEMENT: ("صلح المخالفة", "Settlement of violation"),
    ChargeKind.INSTALMENT: ("قسط المخالفة", "Instalment of violation"),
    ChargeKind.COURT: ("مبلغ الحكم في المخالفة", "Amount set by the court for violation"),
}


_REST = ("باقي مبلغ الحكم في المخالفة", "Rest of the amount set by the court for violation")


def titles(row: Violation, kind: str, fils: int) -> tuple[str, str]:
    """Title of a bill over `fils` in Arabic and English; the reference follows."""
    return _REST if kind == ChargeKind.COURT and is_rest(row, fils) else _TITLES[ChargeKind(kind)]


def is_rest(row: Violation, fils: int) -> bool:
    """Whether `fils` are what is left of the court's fine in force: a part was paid before a ruling on appeal raised it."""
    return row.judgment.appeal_id is not None and fils < (row.judgment.ruling.fils or 0)


def locked(violation: Violation) -> Violation:
    """The row, locked, with its shop."""
    rows = Violation.objects.select_for_update(of=("self",)).select_related("shop__owner", "shop__organisation", "party")
    return rows.get(pk=violation.pk)


@dataclass(frozen=True)
class AmountDue:
    """What is payable of a violation now. `until` is the last day, where there is one."""

    kind: ChargeKind
    fils: int
    until: dt.date | None
    source: dict[str, Any]


def payable(row: Violation, order: SettlementOrder | None = None) -> AmountDue | None:
    """What is payable of a violation now; None for nothing. `order` is read where it is not given.

    Whether the options of the party are open is another question.
    """
    try:
        return _payable(row, None, order)
    except Refused:
        return None


def _payable(row: Violation, instalment: Instalment | None, order: SettlementOrder | None = None) -> AmountDue:
    if row.state == V.JUDGED:
        if (owed := court_owed(row)) > 0:
            return AmountDue(ChargeKind.COURT, owed, None, {"judgment": row.judgment})
        raise _already_paid()
    if row.state == V.INSTALMENTS:
        part = _next_part(row, instalment)
        return AmountDue(ChargeKind.INSTALMENT, part.fils, part.due_on, {"instalment": part})
    order = order or queries.order_of(row)
    if row.state == V.ORDERED and order is not None and (row.settle_until is None or clock.today() <= row.settle_until):
        return AmountDue(ChargeKind.SETTLEMENT, order.fils, row.settle_until, {"order": order})
    raise Refused("nothing_payable", _("Nothing can be paid for this violation now. Its page says why."))


def court_owed(row: Violation) -> int:
    """What is owed of the fine of the court, in fils: all of it, or what is left since a ruling on appeal changed it."""
    return court_sums.left_fils(row) if row.judgment.appeal_id is not None else row.judgment.fils or 0


def _next_part(row: Violation, instalment: Instalment | None) -> Instalment:
    unpaid = unpaid_parts(row.plan)
    if not unpaid:
        raise Refused("nothing_payable", _("Every instalment is paid."))
    if instalment is not None and instalment.pk != unpaid[0].pk:
        raise Refused("earlier_first", _("Please pay the earlier instalment first."))
    return unpaid[0]


def unpaid_parts(plan: Plan) -> list[Instalment]:
    """Unpaid instalments of a plan, in order."""
    paid = Charge.objects.filter(instalment__plan=plan, bill__state=BillState.PAID).values("instalment")
    return list(plan.instalments.exclude(pk__in=paid).order_by("number"))


def _line(row: Violation, kind: ChargeKind, fils: int, source: dict[str, Any]) -> Line:
    offence = row.offence_facts
    order = source.get("order") or queries.order_of(row)
    ruling = source.get("judgment")
    formula_ar, formula_en = (order.formula_ar, order.formula_en) if order is not None else ("", "")
    if ruling is not None:
        number = ruling.ruling.ruling_no
        formula_ar, formula_en = f"حكم رقم {number}", f"Judgment {number}"
    if kind == ChargeKind.INSTALMENT:
        part = source["instalment"]
        formula_ar, formula_en = f"القسط {part.number} من {part.plan.count}", f"Instalment {part.number} of {part.plan.count}"
    about_ar, about_en = _about(row)
    return Line(
        code=row.offence,
        label_ar=offence["name_ar"][:120],
        label_en=offence["name_en"][:120],
        formula_ar=f"{about_ar}: {formula_ar}"[:FORMULA] if formula_ar else about_ar,
        formula_en=f"{about_en}: {formula_en}"[:FORMULA] if formula_en else about_en,
        article_ar=offence["article_ar"][:160],
        article_en=offence["article_en"][:160],
        edition=row.edition if not row.is_paper else "paper",
        fils=fils,
        revenue_account=offence["revenue_account"],
    )


def _about(row: Violation) -> tuple[str, str]:
    """The number of the violation and its shop, for the line of a bill and of its receipt."""
    if row.shop is None:
        return f"المخالفة {row.reference}", f"Violation {row.reference}"
    name_ar, name_en = row.shop.name_ar[:60], (row.shop.name_en or row.shop.name_ar)[:60]
    return f"المخالفة {row.reference}، {name_ar}", f"Violation {row.reference}, {name_en}"


@transaction.atomic
def paid(bill_id: int) -> None:
    """A bill was paid. Raises Refused("not_owed") if the sum is no longer owed in that way; the amount is then refunded."""
    charge = queries.charge_of(bill_id)
    row = locked(charge.violation)
    is_for_party = payments.was_paid_by_visitor(bill_id)
    if charge.kind == ChargeKind.INSTALMENT:
        _instalment_paid(row, charge)
        if is_for_party:
            _tell_party(row, charge)
        return
    move = {ChargeKind.SETTLEMENT: "settle", ChargeKind.COURT: "pay_court"}[ChargeKind(charge.kind)]
    allowed = (V.ORDERED, V.OVERDUE) if move == "settle" else (V.JUDGED,)
    order = queries.order_of(row)
    if row.state not in allowed or (move == "settle" and (order is None or charge.order_id != order.pk)):
        raise Refused("not_owed", _("This amount is no longer owed in this way. What was paid is returned."))
    if move == "pay_court" and row.judgment.appeal_id is not None and court_sums.left_fils(row) > 0:
        record("violation.part_paid", subject=row.key, actor=ME, data={"bill": charge.bill.reference})
        return
    transition(row, move, actor=ME, data={"bill": charge.bill.reference})
    lifts = _record_paid(row, charge)
    if is_for_party:
        _tell_party(row, charge, lifts=lifts)
    else:
        notify(Settled, row, key=f"paid:{charge.pk}:{charge.bill.last_event_id}", without=[charge.bill.payer], lifts=lifts)


def _tell_party(row: Violation, charge: Charge, *, lifts: bool = False) -> None:
    ends_objection = charge.kind == ChargeKind.SETTLEMENT and queries.has_objection_left(row)
    notify(
        PaidForYou,
        row,
        key=f"paid_for:{charge.pk}:{charge.bill.last_event_id}",
        amount=charge.bill.amount_display,
        ends_objection=ends_objection,
        lifts=lifts,
    )


def _instalment_paid(row: Violation, charge: Charge) -> None:
    plan = Plan.objects.select_for_update().filter(instalments=charge.instalment_id).first()
    states = (row.state, plan.state) if plan is not None else None
    # Of two parts that are paid, whichever is heard of first finds every part paid and completes the plan; the other is paid all the same.
    is_completed = states == (V.PAID, PlanState.PAID) and charge.bill.state == BillState.PAID
    if plan is None or charge.instalment is None or (states != (V.INSTALMENTS, PlanState.ACTIVE) and not is_completed):
        raise Refused("not_owed", _("This amount is no longer owed in this way. What was paid is returned."))
    data = {"number": charge.instalment.number, "bill": charge.bill.reference}
    if not is_completed and payments.was_in_review(charge.bill_id) and (until := keep_parts_open(plan.pk)) is not None:
        data["until"] = until.isoformat()
    record("violation.instalment_paid", subject=row.key, actor=ME, data=data)
    if is_completed or unpaid_parts(plan):
        return
    transition(plan, "complete", actor=ME)
    transition(row, "settle", actor=ME, data={"plan": plan.public_id})
    lifts = _record_paid(row, charge)
    notify(Settled, row, key=f"paid:{charge.pk}:{charge.bill.last_event_id}", without=[charge.bill.payer], lifts=lifts)


def _record_paid(row: Violation, charge: Charge) -> bool:
    """Record it and end the blocks of the violation. Returns whether there were any."""
    record("violation.paid", subject=row.key, actor=ME, data={"kind": charge.kind, "bill": charge.bill.reference})
    return blocks.end(row) > 0


def keep_parts_open(plan_id: int) -> dt.date | None:
    """Move the last days of the unpaid parts of a running plan to `kept_price_days` from today, a day apart, where they are earlier.

    Nobody could pay a later part before the one that was taken for paid or under review. Returns the last day of the first of them.
    """
    first: dt.date | None = None
    kept = clock.today() + dt.timedelta(days=queries.limits()["kept_price_days"])
    for age, part in enumerate(unpaid_parts(Plan.objects.get(pk=plan_id))):
        until = max(part.due_on, kept + dt.timedelta(days=age))
        if until > part.due_on:
            Instalment.objects.filter(pk=part.pk).update(due_on=until)
        first = first or until
    return first


def require_no_payment(row: Violation, *, in_review: bool = False) -> None:
    """Raises Refused("payment_open") while a payment is on its way; one under review counts unless `in_review`."""
    if queries.is_at_bank(row, or_in_review=not in_review):
        raise Refused("payment_open", _("A payment for this violation is on its way. Please try again once its outcome is known."))


def cancel_bills(row: Violation, *, actor: Actor, reason: str, in_review: bool = False) -> None:
    """Void the bills that wait for payment. Raises Refused("payment_open") while a payment is on its way. The row is locked.

    `in_review`: a payment under review holds nothing up (`payments.services.void_bill`).
    """
    require_no_payment(row, in_review=in_review)
    for charge in row.charges.filter(bill__state=BillState.DUE).select_related("bill"):
        void_bill(bill=charge.bill, actor=actor, reason=reason, in_review=in_review)


def end_plan(row: Violation, *, actor: Actor, reason: str) -> bool:
    """End the running plan of a violation for which nothing is owed any more. Returns whether there was one.

    In the caller's transaction, row locked, its ground recorded and its bills voided.
    """
    plan = Plan.objects.select_for_update().filter(violation=row, state=PlanState.ACTIVE).first()
    if plan is None:
        return False
    transition(plan, "end", actor=actor, reason=reason)
    record("violation.plan_ended", subject=row.key, actor=actor, data={"unpaid": [part.number for part in unpaid_parts(plan)]})
    return True


def give_back(row: Violation, *, actor: Actor, reason: str) -> str:
    """Owe back each part of the settlement that was paid, since it stands for nothing any more: annulled, waived, or decided by the court.

    In the caller's transaction, row locked. Returns the sum in dinars as text, "" for nothing.
    """
    for charge in _of_settlement(row).filter(bill__state=BillState.PAID).select_related("bill").order_by("pk"):
        owe_back(bill=charge.bill, reason=reason, actor=actor)
    return given_back(row)


def given_back(row: Violation, *, is_over: bool = False) -> str:
    """What was paid of a settlement and goes back to its payer, in dinars as text; "" for nothing. `is_over`: also what has gone back."""
    states = [BillState.PAID, BillState.REFUND_DUE, *([BillState.REFUNDED] if is_over else [])]
    fils = sum(_of_settlement(row).filter(bill__state__in=states).values_list("bill__total_fils", flat=True))
    return money.to_display(fils) if fils else ""


def _of_settlement(row: Violation) -> QuerySet[Charge]:
    """Its charges without that of the court's sum, which is owed."""
    return row.charges.exclude(kind=ChargeKind.COURT)
