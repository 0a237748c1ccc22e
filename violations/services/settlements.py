"""Bills for the sums of a violation, and their effects when they are paid or taken back."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.kernel.transitions import transition
from payments.models import Bill
from payments.rules import Line
from payments.services import issue_bill, void_bill
from payments.states import BillState
from violations import queries
from violations.models import Charge, ChargeKind, Instalment, Plan, Violation
from violations.notifications import PaymentTakenBack, Settled, notify
from violations.services import blocks, delegates
from violations.states import PlanState, ViolationState

V = ViolationState
ME = system("violations")
BILL = "violations.sum"


@transaction.atomic
def bill_for(*, violation: Violation, person: User, instalment: Instalment | None = None) -> Bill:
    """The bill of what is payable of a violation now: settlement, an instalment or the court's amount.

    Made out to the party, also for a delegate. The open bill is returned again; one made out to another party or of another amount is
    voided first. Raises NotPermitted as `delegates.authorize_step`, Refused: nothing_payable, earlier_first, payment_open.
    """
    row = _locked(violation)
    access = delegates.authorize_step(row, person, "settle" if row.state == V.ORDERED else "pay")
    payer, actor = access.person, access.actor
    kind, fils, source = _payable(row, instalment)
    open_charge = Charge.objects.filter(violation=row, kind=kind, bill__state=BillState.DUE, **source).select_related("bill").first()
    if open_charge is not None:
        if open_charge.bill.payer_id == payer.pk and open_charge.bill.total_fils == fils:
            return open_charge.bill
        void_bill(bill=open_charge.bill, actor=actor, reason="other_payer")
    bill = issue_bill(
        kind=BILL,
        subject=row.key,
        payer=payer,
        title_ar=f"{_TITLES[kind][0]} {row.reference}",
        title_en=f"{_TITLES[kind][1]} {row.reference}",
        lines=[_line(row, kind, fils, source)],
        actor=actor,
        due_until=instalment.due_on if instalment is not None else row.settle_until if kind == ChargeKind.SETTLEMENT else None,
    )
    Charge.objects.create(violation=row, bill=bill, kind=kind, made_at=clock.now(), **source)
    return bill


_TITLES = {
    ChargeKind.SETTLEMENT: ("صلح المخالفة", "Settlement of violation"),
    ChargeKind.INSTALMENT: ("قسط المخالفة", "Instalment of violation"),
    ChargeKind.COURT: ("حكم المخالفة", "Court amount of violation"),
}


def titles(kind: str) -> tuple[str, str]:
    """Title of a bill in Arabic and English; the reference follows."""
    return _TITLES[ChargeKind(kind)]


def _locked(violation: Violation) -> Violation:
    return Violation.objects.select_for_update(of=("self",)).select_related("shop__owner", "shop__organisation").get(pk=violation.pk)


def _payable(row: Violation, instalment: Instalment | None) -> tuple[ChargeKind, int, dict[str, Any]]:
    if row.state == V.JUDGED:
        judgment = row.judgment
        return ChargeKind.COURT, judgment.fils or 0, {"judgment": judgment}
    if row.state == V.INSTALMENTS:
        part = _next_part(row, instalment)
        return ChargeKind.INSTALMENT, part.fils, {"instalment": part}
    order = queries.order_of(row)
    if row.state == V.ORDERED and order is not None and (row.settle_until is None or clock.today() <= row.settle_until):
        return ChargeKind.SETTLEMENT, order.fils, {"order": order}
    raise Refused("nothing_payable", _("Nothing can be paid for this violation now. Its page says why."))


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
        formula_ar, formula_en = f"حكم رقم {ruling.ruling_no}", f"Ruling {ruling.ruling_no}"
    if kind == ChargeKind.INSTALMENT:
        part = source["instalment"]
        formula_ar, formula_en = f"القسط {part.number} من {part.plan.count}", f"Instalment {part.number} of {part.plan.count}"
    return Line(
        code=row.offence,
        label_ar=offence["name_ar"][:120],
        label_en=offence["name_en"][:120],
        formula_ar=formula_ar,
        formula_en=formula_en,
        article_ar=offence["article_ar"][:160],
        article_en=offence["article_en"][:160],
        edition=row.edition if not row.is_paper else "paper",
        fils=fils,
        revenue_account=offence["revenue_account"],
    )


@transaction.atomic
def paid(bill_id: int) -> None:
    """A bill was paid. Raises Refused("not_owed") if the sum is no longer owed in that way; the amount is then refunded."""
    charge = queries.charge_of(bill_id)
    row = _locked(charge.violation)
    if charge.kind == ChargeKind.INSTALMENT:
        _instalment_paid(row, charge)
        return
    move = {ChargeKind.SETTLEMENT: "settle", ChargeKind.COURT: "pay_court"}[ChargeKind(charge.kind)]
    allowed = (V.ORDERED, V.OVERDUE) if move == "settle" else (V.JUDGED,)
    order = queries.order_of(row)
    if row.state not in allowed or (move == "settle" and (order is None or charge.order_id != order.pk)):
        raise Refused("not_owed", _("This amount is no longer owed in this way. What was paid is returned."))
    transition(row, move, actor=ME, data={"bill": charge.bill.reference})
    _record_paid(row, charge)


def _instalment_paid(row: Violation, charge: Charge) -> None:
    if row.state != V.INSTALMENTS or charge.instalment is None or charge.instalment.plan.state != PlanState.ACTIVE:
        raise Refused("not_owed", _("This amount is no longer owed in this way. What was paid is returned."))
    record("violation.instalment_paid", subject=row.key, actor=ME, data={"number": charge.instalment.number, "bill": charge.bill.reference})
    plan = Plan.objects.select_for_update().get(pk=charge.instalment.plan_id)
    if unpaid_parts(plan):
        return
    transition(plan, "complete", actor=ME)
    transition(row, "settle", actor=ME, data={"plan": plan.public_id})
    _record_paid(row, charge)


def _record_paid(row: Violation, charge: Charge) -> None:
    record("violation.paid", subject=row.key, actor=ME, data={"kind": charge.kind, "bill": charge.bill.reference})
    blocks.lift(row, reason="paid")
    notify(Settled, row, key=f"paid:{charge.pk}")


@transaction.atomic
def voided(bill_id: int) -> None:
    """The bank took a payment back: the sum is owed again in the earlier state."""
    charge = queries.charge_of(bill_id)
    row = _locked(charge.violation)
    reason = "reversed_by_bank"
    if charge.kind == ChargeKind.INSTALMENT and charge.instalment is not None:
        plan = Plan.objects.select_for_update().get(pk=charge.instalment.plan_id)
        if plan.state == PlanState.PAID:
            transition(plan, "reopen", actor=ME, reason=reason)
        if row.state == V.PAID:
            transition(row, "reopen_plan", actor=ME, reason=reason)
    elif row.state == V.PAID:
        transition(row, "reopen_court" if charge.kind == ChargeKind.COURT else "reopen", actor=ME, reason=reason)
    record("violation.payment_reversed", subject=row.key, actor=ME, data={"kind": charge.kind, "bill": charge.bill.reference})
    notify(PaymentTakenBack, row, key=f"reversed:{charge.pk}:{row.last_event_id}")


def cancel_bills(row: Violation, *, actor: Actor, reason: str) -> None:
    """Void the bills that wait for payment. Raises Refused("payment_open") while a payment is at the bank."""
    for charge in row.charges.filter(bill__state=BillState.DUE).select_related("bill"):
        void_bill(bill=charge.bill, actor=actor, reason=reason)
