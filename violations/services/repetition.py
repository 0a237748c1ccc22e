"""Repetition after an earlier report was annulled or ended with no violation: what was counted then no longer raises a sum."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q, Subquery

from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.rulebook.queries import Offence
from violations import queries, repeats, rules
from violations.models import SettlementOrder, Violation
from violations.notifications import SumReduced, notify
from violations.services import assessments, settlements, terms
from violations.states import ViolationState

V = ViolationState
ME = system("violations")
GROUND = "no_repetition"
UNPAID = (V.ORDERED, V.OVERDUE, V.OBJECTED)  # with one sum that nothing was paid of
MOST = 500  # violations of one sweep
RAISED = ("violation_report", "reduction")  # grounds of the orders that a repetition may have raised and that are computed anew


@dataclass(frozen=True)
class _Reason:
    """Why a sum was reduced, as `Reason` of the rulebook has its texts."""

    text_ar: str
    text_en: str


REASON = _Reason(
    "المخالفة السابقة التي رُفع المبلغ بسببها للتكرار لم تعد قائمة.",
    "The earlier violation for whose repetition the amount was raised no longer stands.",
)


def count_now(row: Violation) -> int:
    """How many earlier reports count as repetitions of a violation today; never more than when it was recorded."""
    if not row.repeat_count:
        return 0
    days = Offence(**row.offence_facts).repeat_days
    now = repeats.repeats(offence=row.offence, before=row.seen_at, days=days, shop=row.shop, party=row.party, digest=row.party_digest)
    return min(row.repeat_count, now)


def is_raised_for_nothing(row: Violation, order: SettlementOrder | None) -> bool:
    """Whether the sum of a violation is still raised by a repetition of which nothing stands, since an earlier one was annulled.

    A shop that changed hands since takes nothing away.
    """
    if order is None or order.percent == rules.HUNDRED or not row.repeat_count or count_now(row):
        return False
    gone = Violation.objects.filter(_same_party(row), offence=row.offence, seen_at__lt=row.seen_at, state__in=(V.ANNULLED, V.ACQUITTED))
    return _fils_without(row, order) < order.fils and gone.exists()


def _fils_without(row: Violation, order: SettlementOrder) -> int:
    """The sum without a repetition; a reduction by authority keeps its share. A raised sum that reached the maximum may be no lower."""
    raised = row.orders.order_by("version")[0]
    return max(order.fils * _amount_without(row).fils // raised.fils, 1)


def _amount_without(row: Violation) -> rules.Amount:
    return assessments.settlement(Offence(**row.offence_facts), rules.Measurement(row.quantity_hundredths, row.months), 0)


def recompute_after(ended: Violation) -> int:
    """Give the later unpaid violations that counted this one their sums without it, and tell their parties. Returns how many.

    In the transaction in which it was annulled. What is paid, paid in parts or at the bank keeps its sum; the office sees it
    (`is_raised_for_nothing`).
    """
    same_party = _same_party(ended)
    if not same_party:
        return 0
    later = Violation.objects.select_for_update(of=("self",)).select_related("shop__owner", "party").order_by("pk")
    later = later.filter(same_party, offence=ended.offence, seen_at__gt=ended.seen_at, repeat_count__gt=0, state__in=UNPAID)
    return sum(_recompute(row) for row in later)


def _same_party(row: Violation) -> Q:
    """Those at the shop or against the party of a violation; empty where it has neither."""
    found = Q(shop=row.shop) if row.shop_id is not None else Q()
    if row.party_id is not None:
        found |= Q(party=row.party)
    if row.party_digest:
        found |= Q(party_digest=row.party_digest)
    return found


def sweep() -> int:
    """Do for one violation after another what `recompute_after` could not, as a payment was at the bank then. Returns how many."""
    gone = Violation.objects.filter(offence=OuterRef("offence"), seen_at__lt=OuterRef("seen_at"), state__in=(V.ANNULLED, V.ACQUITTED))
    gone = gone.filter(
        Q(shop=OuterRef("shop")) | Q(party=OuterRef("party")) | Q(party_digest=OuterRef("party_digest"), party_digest__gt="")
    )
    newest = SettlementOrder.objects.filter(violation=OuterRef("pk")).order_by("-version")
    rows = Violation.objects.filter(Exists(gone), repeat_count__gt=0, state__in=UNPAID)
    rows = rows.annotate(ground=Subquery(newest.values("ground")[:1]), percent=Subquery(newest.values("percent")[:1]))
    raised = rows.filter(ground__in=RAISED).exclude(percent=rules.HUNDRED).order_by("-seen_at", "-pk")  # the newest may change most
    return sweeps.for_each("violations.repetition", raised.only("pk", "public_id")[:MOST], _recompute_one)


def _recompute_one(violation: Violation) -> bool:
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop__owner", "party").get(pk=violation.pk)
    return row.state in UNPAID and _recompute(row)


def _recompute(row: Violation) -> bool:
    order = queries.order_of(row)
    if order is None or order.ground not in RAISED or not is_raised_for_nothing(row, order):
        return False
    amount, after = _amount_without(row), _fils_without(row, order)
    with suppress(Refused):  # a payment is at the bank
        settlements.cancel_bills(row, actor=ME, reason="repetition_gone")
        formula = assessments.formula(amount, row.offence_facts["unit"])
        if order.ground != "violation_report":
            formula = (f"{order.formula_ar}، بلا تكرار", f"{order.formula_en}, without repetition")
        terms.next_version(row, order, after, ground=GROUND, formula=formula, percent=rules.HUNDRED)
        record("violation.repetition_gone", subject=row.key, actor=ME, data={"before": order.fils, "after": after})
        is_payable = row.state == V.ORDERED and row.settle_until is not None
        notify(SumReduced, row, key=f"no_repetition:{order.version + 1}", reason=REASON, is_payable=is_payable)
        return True
    return False
