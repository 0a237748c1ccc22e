"""Extension and instalment plan of a party, once each; and what happens when periods end."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.delegation.authorization import Access
from municipality.incidents import queries as incidents
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused, TransitionRefused
from municipality.kernel.transitions import transition
from violations import queries, rules
from violations.models import Extension, Instalment, Plan, SettlementOrder, Violation
from violations.notifications import PeriodOver, PlanAgreed, PlanFell, TimeExtended, notify
from violations.services import delegates, settlements
from violations.services.periods import record_known
from violations.states import PlanState, ViolationState

V = ViolationState
ME = system("violations")


def authorized_row(violation: Violation, person: User, option: str) -> tuple[Violation, Access]:
    """The row, locked, and the access by which a person takes an option. Raises NotPermitted as `delegates.authorize_step`."""
    rows = Violation.objects.select_for_update(of=("self",)).select_related("shop__owner", "shop__organisation", "party")
    row = rows.get(pk=violation.pk)
    return row, delegates.authorize_step(row, person, option)


def require_option(row: Violation, code: str) -> None:
    """Raises Refused with the code of the reason if an option is closed."""
    option = next(option for option in rules.option_statuses(queries.status_of(row, is_party=True)) if option.code == code)
    if not option.is_open:
        raise Refused(option.closed, _("This option is closed now. The page of the violation says why and which options are open."))


@transaction.atomic
def extend(*, violation: Violation, person: User) -> dt.date:
    """Extend the settlement period, once. Returns the new last day. Raises NotPermitted, Refused as `require_option`."""
    row, access = authorized_row(violation, person, "more_time")
    actor = delegates.actor_for(access)
    require_option(row, "more_time")
    before = row.settle_until
    if before is None:
        raise Refused("clock_not_begun", _("The period has not begun yet."))
    after = before + dt.timedelta(days=queries.limits()["extension_days"])
    Extension.objects.create(violation=row, until_before=before, until_after=after, asked_by=actor.key, at=clock.now())
    settlements.cancel_bills(row, actor=actor, reason="extended")  # a new bill has the new last day
    changes: dict[str, Any] = {"settle_until": after} | (
        {"block_from": after + dt.timedelta(days=1)} if row.block_from and row.block_from <= after else {}
    )
    transition(row, "extend", actor=actor, data={"until": after.isoformat()}, **changes)
    record("violation.extended", subject=row.key, actor=actor, data={"until": after.isoformat()})
    notify(TimeExtended, row, key="extended", until=after)
    return after


@transaction.atomic
def agree_plan(*, violation: Violation, person: User, count: int) -> Plan:
    """Pay the settlement in equal parts, the first one by tomorrow; serves a notice that was not served yet.

    Raises NotPermitted, Refused (as `require_option`, "bad_count").
    """
    row, access = authorized_row(violation, person, "instalments")
    actor = delegates.actor_for(access)
    require_option(row, "instalments")
    periods = queries.limits()
    order = queries.order_of(row)
    if order is None or not 2 <= count <= periods["instalments_most"]:
        raise Refused("bad_count", _("Please choose one of the numbers of instalments offered."))
    record_known(row, person)
    settlements.cancel_bills(row, actor=actor, reason="instalments")
    plan = Plan.objects.create(violation=row, order=order, count=count, agreed_at=clock.now(), agreed_by=person.key)
    today, between = clock.today(), periods["instalment_days"]
    # Not the first one today: a plan that is agreed at night would fall before it can be paid.
    Instalment.objects.bulk_create(
        Instalment(plan=plan, number=number, fils=fils, due_on=today + dt.timedelta(days=between * (number - 1) or 1))
        for number, fils in enumerate(rules.instalments(order.fils, count), 1)
    )
    transition(row, "plan", actor=actor, data={"count": count, "fils": order.fils})
    record("violation.plan_agreed", subject=row.key, actor=actor, data={"count": count, "fils": order.fils})
    notify(PlanAgreed, row, key="plan", plan=plan)
    return plan


def void_missed() -> int:
    """Void plans with an instalment past its last day and no payment at the bank; the rest is due. Returns how many."""
    if incidents.are_held():
        return 0
    running = Plan.objects.filter(state=PlanState.ACTIVE).select_related("violation").order_by("pk")
    return sweeps.for_each("violations.void_plan", running.iterator(), _void_if_missed)


def _void_if_missed(plan: Plan) -> bool:
    unpaid = settlements.unpaid_parts(plan)
    return bool(unpaid) and unpaid[0].due_on < clock.today() and _void(plan)


def _void(plan: Plan) -> bool:
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=plan.violation_id)
    plan = Plan.objects.select_for_update().get(pk=plan.pk)
    unpaid = settlements.unpaid_parts(plan)
    if plan.state != PlanState.ACTIVE or not unpaid or unpaid[0].due_on >= clock.today() or queries.is_at_bank(row):
        return False
    settlements.cancel_bills(row, actor=ME, reason="plan_fell")
    transition(plan, "void", actor=ME, reason="instalment_missed", data={"number": unpaid[0].number})
    order = queries.order_of(row)
    if order is None:
        raise LookupError(f"plan {plan.pk} has no order")
    remaining = order.fils - queries.paid_fils(row)
    until = clock.today() + dt.timedelta(days=queries.limits()["kept_price_days"])
    until = until if row.settle_until is None else max(until, row.settle_until)
    next_version(row, order, remaining, ground="rest_of_plan", formula=("باقي خطة التقسيط", "Rest of the plan of instalments"))
    transition(row, "void_plan", actor=ME, reason="instalment_missed", data={"rest": remaining}, settle_until=until)
    record("violation.plan_fell", subject=row.key, actor=ME, data={"number": unpaid[0].number, "rest": remaining})
    notify(PlanFell, row, key="plan_fell", until=until)
    return True


def next_version(
    row: Violation, order: SettlementOrder, fils: int, *, ground: str, formula: tuple[str, str], percent: int | None = None
) -> SettlementOrder:
    """Replace a settlement order by one with another sum in fils, and another percentage for repetition where one is given."""
    return SettlementOrder.objects.create(
        violation=row,
        version=order.version + 1,
        fils=fils,
        rate_fils=order.rate_fils,
        percent=order.percent if percent is None else percent,
        formula_ar=formula[0],
        formula_en=formula[1],
        article_ar=order.article_ar,
        article_en=order.article_en,
        edition=order.edition,
        ground=ground,
        made_at=clock.now(),
    )


def lapse_due() -> int:
    """End settlement periods whose last day has passed, unless a payment is at the bank. Returns how many."""
    if incidents.are_held():
        return 0
    due = Violation.objects.filter(state=V.ORDERED, settle_until__lt=clock.today()).order_by("pk")
    return sweeps.for_each("violations.lapse", due.only("pk").iterator(), _lapse_unless_refused)


def _lapse_unless_refused(violation: Violation) -> bool:
    try:
        return _lapse(violation)
    except (Refused, TransitionRefused):  # a payment has just begun
        return False


@transaction.atomic
def _lapse(violation: Violation) -> bool:
    row = Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=violation.pk)
    if row.state != V.ORDERED or row.settle_until is None or row.settle_until >= clock.today() or queries.is_at_bank(row):
        return False
    settlements.cancel_bills(row, actor=ME, reason="period_over")
    transition(row, "lapse", actor=ME)
    record("violation.lapsed", subject=row.key, actor=ME, data={"until": row.settle_until.isoformat()})
    notify(PeriodOver, row, key=f"over:{row.last_event_id}")
    return True
