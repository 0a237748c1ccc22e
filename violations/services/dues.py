"""Payable violations without a bill, for the basket; the bill is made when one is paid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.ui.plurals import counted
from municipality.ui.templatetags.portal import day
from municipality.ui.texts import Text
from payments.models import Bill
from payments.registry import Due, PaidOutcome, PaymentStep
from payments.states import BillState
from violations import queries
from violations.models import Charge, ChargeKind, Instalment, SettlementOrder, Violation
from violations.services import blocks, settlements
from violations.states import ViolationState

V = ViolationState
RELATED = ("judgment__appeal", "plan", "shop__owner", "objection")
MAX_DUES = 90  # the basket takes a hundred lines
ENDS = _("Paying accepts the settlement and ends your right to object to this violation.")
MISSED = _("Missing it ends the instalment plan.")
PASSED_ON = _(
    "The shop of this violation has passed to another holder, or you no longer sign for it. This bill is not yours to pay any more."
)


def dues(person: User) -> list[Due]:
    """Open settlements in their period, the next instalment of each plan and amounts of the court; oldest first.

    Not listed: those with a bill of this person, those with a payment on its way, and delegated ones (paid on their own page).
    """
    rows = queries.concerning(person).filter(state__in=(V.ORDERED, V.INSTALMENTS, V.JUDGED)).order_by("pk")
    rows = rows.exclude(charges__bill__in=Bill.objects.filter(payer=person, state=BillState.DUE))
    rows = rows.exclude(charges__bill__in=queries.unheard_payments().values("bill"))
    payable = list(rows.exclude(state=V.ORDERED, settle_until__lt=clock.today()).select_related(*RELATED)[:MAX_DUES])
    orders, no_day = queries.orders_of(payable), _no_day(payable)
    return [due for row in payable if (due := _due(row, orders.get(row.pk), no_day)) is not None]


def of_bills(bills: Sequence[Bill]) -> dict[int, Due]:
    """What bills of violations are for, by primary key; two queries, or one more for each further payer.

    Each with its last day as it stands now, which begins with the service of the notice and may move while a payment is at the bank. A
    bill is stopped once its violation does not concern its payer any more: paying it would end the rights of the present party.
    """
    rows = Charge.objects.filter(bill__in=bills).select_related(
        "violation__shop", "violation__objection", "violation__judgment__appeal", "instalment__plan", "bill__payer"
    )
    charges = list(rows)
    no_day, passed_on = _no_day([charge.violation for charge in charges]), _passed_on(charges)
    found = {}
    for charge in charges:
        row, part = charge.violation, charge.instalment
        until = part.due_on if part is not None else row.settle_until if charge.kind == ChargeKind.SETTLEMENT else None
        due = _describe(row, charge.kind, charge.bill.total_fils, until, part, no_day)
        if charge.pk in passed_on:
            due = replace(due, stopped=PASSED_ON, is_others=True, note="", left="", url="")
        found[charge.bill_id] = due
    return found


def _passed_on(charges: Sequence[Charge]) -> set[int]:
    """Primary keys of those charges whose payer has nothing to do with the violation any more; one query for each payer."""
    concerned = set()
    for payer in {charge.bill.payer for charge in charges}:
        own = [charge.violation_id for charge in charges if charge.bill.payer_id == payer.pk]
        theirs = queries.concerning(payer, or_merged=True).filter(pk__in=own)
        concerned |= {(pk, payer.pk) for pk in theirs.values_list("pk", flat=True)}
    return {charge.pk for charge in charges if (charge.violation_id, charge.bill.payer_id) not in concerned}


def outcome(bill: Bill) -> PaidOutcome | None:
    """What the payment of a violation has brought."""
    charge = queries.charge_of(bill.pk)
    row = charge.violation
    page = (_("See the violation"), reverse("violations:page", args=[row.public_id]))
    if row.state in (V.JUDGED, V.ORDERED, V.OVERDUE) and not queries.unheard_payments().filter(bill=bill).exists():
        text = _("A part of what is owed for this violation is still open; its page says how much.")
        return PaidOutcome(is_done=True, title=_("Payment confirmed"), label=_("Violation"), reference=row.reference, text=text, act=page)
    if row.state not in (V.PAID, V.INSTALMENTS):
        steps = [
            PaymentStep("done", _("Payment confirmed")),
            PaymentStep("now", _("The violation is being closed"), _("Usually within a minute.")),
        ]
        return PaidOutcome(is_done=False, label=_("Violation"), reference=row.reference, steps=steps)
    if row.state == V.INSTALMENTS:
        unpaid = settlements.unpaid_parts(row.plan)
        after = [PaymentStep("next", day(part.due_on), _("The next instalment is due.")) for part in unpaid[:1]]
        return PaidOutcome(is_done=True, title=_("Instalment paid"), label=_("Violation"), reference=row.reference, steps=after, act=page)
    if charge.kind == ChargeKind.COURT:
        title, text = _("The amount set by the court is paid"), _("The violation is closed.")
    else:
        title, text = _("Violation paid"), _("The violation is paid and closed. It does not go to court.")
    if blocks.has_reopened(row):
        text = format_lazy("{} {}", text, _("The services that it had stopped are open again."))
    return PaidOutcome(is_done=True, title=title, label=_("Violation"), reference=row.reference, text=text, act=page)


def _due(row: Violation, order: SettlementOrder | None, no_day: Text) -> Due | None:
    until, part = None, None
    if row.state == V.JUDGED:
        kind, fils = ChargeKind.COURT, settlements.court_owed(row)
    elif row.state == V.INSTALMENTS:
        unpaid = settlements.unpaid_parts(row.plan)
        kind, part = ChargeKind.INSTALMENT, unpaid[0] if unpaid else None
        fils, until = (part.fils, part.due_on) if part is not None else (0, None)
    else:
        kind, fils, until = ChargeKind.SETTLEMENT, order.fils if order is not None else 0, row.settle_until
    return _describe(row, kind, fils, until, part, no_day) if fils > 0 else None


def _describe(row: Violation, kind: str, fils: int, until: dt.date | None, part: Instalment | None, no_day: Text) -> Due:
    title_ar, title_en = settlements.titles(row, kind, fils)
    is_offer = kind == ChargeKind.SETTLEMENT
    before_ar, before_en = {
        ChargeKind.SETTLEMENT: ("صلح عن مخالفة", "Settlement of a violation"),
        ChargeKind.COURT: _court_names(row, kind, fils),
        ChargeKind.INSTALMENT: (
            f"القسط {part.number} من {part.plan.count}" if part else "",
            f"Instalment {part.number} of {part.plan.count}" if part else "",
        ),
    }[ChargeKind(kind)]
    return Due(
        key=row.public_id,
        kind=settlements.BILL,
        title_ar=f"{title_ar} {row.reference}",
        title_en=f"{title_en} {row.reference}",
        fils=fils,
        note=(ENDS if queries.has_objection_left(row) else "") if is_offer else MISSED if part is not None else "",
        no_day=no_day if is_offer and row.settle_until is None else "",
        until=until,
        is_offer=is_offer,
        left=_left(row) if is_offer else "",
        shop=row.shop.key if row.shop is not None else "",
        url=reverse("violations:page", args=[row.public_id]),
        name_ar=f"{before_ar}: {row.offence_facts['name_ar']}",
        name_en=f"{before_en}: {row.offence_facts['name_en']}",
        shop_name_ar=row.shop.name_ar if row.shop is not None else "",
        shop_name_en=row.shop.name_en if row.shop is not None else "",
        reference=row.reference,
    )


def _court_names(row: Violation, kind: str, fils: int) -> tuple[str, str]:
    if kind == ChargeKind.COURT and settlements.is_rest(row, fils):
        return "باقي مبلغ الحكم", "Rest of the amount set by the court"
    return "مبلغ الحكم", "Amount set by the court"


def _left(row: Violation) -> Text:
    """What follows if a settlement is left; empty where it stops no service, and before the notice is received."""
    stops = blocks.stops_from(row)
    if stops is None:
        return ""
    if queries.has_objection_left(row):
        return format_html(gettext("If it is neither paid nor contested, services of the Municipality are stopped from {}."), day(stops))
    return format_html(gettext("If it is not paid, services of the Municipality are stopped from {}."), day(stops))


def _no_day(rows: Sequence[Violation]) -> Text:
    """Why a settlement of one of the rows has no last day: its notice is not opened yet. Empty where all have one."""
    if all(row.settle_until is not None for row in rows):
        return ""
    days = counted(queries.limits()["settlement_days"], "day")
    text = _("The notice is not opened yet; it can be read before paying. Settling is open for %(days)s from the day it is received.")
    return text % {"days": days}


def bill_for(person: User, key: str) -> Bill:
    """The bill of a due. Raises NotPermitted for another's violation, Refused where nothing is payable."""
    row = queries.concerning(person).filter(public_id=key).first()
    if row is None:
        raise NotPermitted("not_yours", _("This violation is not yours."))
    try:
        return settlements.bill_for(violation=row, person=person)
    except Refused as refusal:
        if refusal.code == "nothing_payable":
            raise Refused("not_in_basket", _("An item in the list can no longer be paid. The list below is up to date.")) from refusal
        raise
