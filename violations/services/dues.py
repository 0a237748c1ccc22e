"""What a person owes of violations and has no bill for yet, as the basket offers it; the bill is made when it is paid."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from payments.models import Allocation, Bill
from payments.registry import Due
from payments.states import BillState
from violations import queries
from violations.models import ChargeKind, Violation
from violations.services import settlements
from violations.states import ViolationState

V = ViolationState
MOST = 90  # the basket takes a hundred lines; what is beyond is paid next
ENDS = _("paying it ends the right to object")


def dues(person: User) -> list[Due]:
    """Open settlements in their period, the next instalment of each plan and amounts of the court; oldest first.

    Not listed: what this person has a bill for already, what somebody else is paying at this moment, and what they see only by a
    delegation: a delegate pays on the page of the violation, for its owner.
    """
    rows = queries.concerning(person).filter(state__in=(V.ORDERED, V.INSTALMENTS, V.JUDGED)).order_by("pk")
    rows = rows.exclude(charges__bill__in=Bill.objects.filter(payer=person, state=BillState.DUE))
    rows = rows.exclude(charges__bill__in=Allocation.objects.filter(is_open=True).values("bill"))
    found = list(rows.exclude(state=V.ORDERED, settle_until__lt=clock.today()).select_related("judgment", "plan")[:MOST])
    orders = queries.orders_of(found)
    return [due for row in found if (due := _due(row, orders.get(row.pk))) is not None]


def _due(row: Violation, order: Any) -> Due | None:
    until = None
    if row.state == V.JUDGED:
        kind, fils = ChargeKind.COURT, row.judgment.fils or 0
    elif row.state == V.INSTALMENTS:
        unpaid = settlements.unpaid_parts(row.plan)
        kind, fils = ChargeKind.INSTALMENT, unpaid[0].fils if unpaid else 0
        until = unpaid[0].due_on if unpaid else None
    else:
        kind, fils, until = ChargeKind.SETTLEMENT, order.fils if order is not None else 0, row.settle_until
    if fils <= 0:
        return None
    title_ar, title_en = settlements.titles(kind)
    note = ENDS if kind == ChargeKind.SETTLEMENT else ""
    return Due(row.public_id, settlements.BILL, f"{title_ar} {row.reference}", f"{title_en} {row.reference}", fils, note, until)


def bill_for(person: User, key: str) -> Bill:
    """The bill of one of them. Raises NotPermitted for what is not the person's, Refused for what is owed no more."""
    row = queries.concerning(person).filter(public_id=key).first()
    if row is None:
        raise NotPermitted("not_yours", _("This violation is not yours."))
    try:
        return settlements.bill_for(violation=row, person=person)
    except Refused as refusal:
        if refusal.code == "nothing_payable":
            raise Refused("not_in_basket", _("A line of the list cannot be paid any more. The list below is the present one.")) from refusal
        raise
