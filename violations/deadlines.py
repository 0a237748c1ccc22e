"""The deadlines of a party that move after an incident: to put right what a warning is about, to settle, to pay an instalment and
to object."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.incidents.models import MovedDeadline
from municipality.incidents.registry import Deadline, Deadlines
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from violations import queries
from violations.models import Instalment, Plan, Violation
from violations.services import settlements
from violations.states import SERVICE, PlanState, ViolationState

TO_SETTLE = Q(state=ViolationState.ORDERED)
TO_CORRECT = Q(state=ViolationState.WARNED)
TO_OBJECT = Q(state__in=queries.MAY_OBJECT, objection__isnull=True)


def _due(column: str, running: Q) -> Callable[[dt.date, dt.date], Iterator[Deadline]]:
    def due(first: dt.date, last: dt.date) -> Iterator[Deadline]:
        rows: QuerySet[Violation] = Violation.objects.filter(running, **{f"{column}__range": (first, last)}).order_by("pk")
        return (Deadline(row.pk, getattr(row, column), row.key, row.reference) for row in rows.iterator())

    return due


def _locked(pk: int, running: Q) -> Violation | None:
    return Violation.objects.select_for_update(of=("self",)).filter(running, pk=pk).first()


def _move_settlement(pk: int, day: dt.date) -> bool:
    """With the first day of the service block, where that is not later; the next bill has the new last day."""
    row = _locked(pk, TO_SETTLE)
    if row is None:
        return False
    with suppress(Refused):  # a payment is at the bank
        settlements.cancel_bills(row, actor=system("violations"), reason="deadline_moved")
    changes: dict[str, Any] = {"settle_until": day}
    if row.block_from is not None and row.block_from <= day:
        changes["block_from"] = day + dt.timedelta(days=1)
    return bool(Violation.objects.filter(pk=pk).update(**changes))


def _move_objection(pk: int, day: dt.date) -> bool:
    row = _locked(pk, TO_OBJECT)
    return row is not None and bool(Violation.objects.filter(pk=pk).update(object_until=day))


def _move_correction(pk: int, day: dt.date) -> bool:
    row = _locked(pk, TO_CORRECT)
    return row is not None and bool(Violation.objects.filter(pk=pk).update(correct_until=day))


def _instalments_due(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    """Unpaid parts of running plans."""
    for plan in Plan.objects.filter(state=PlanState.ACTIVE).filter(instalments__due_on__range=(first, last)).distinct().order_by("pk"):
        row = plan.violation
        for part in settlements.unpaid_parts(plan):
            if first <= part.due_on <= last:
                yield Deadline(part.pk, part.due_on, row.key, row.reference)


def _move_instalment(pk: int, day: dt.date) -> bool:
    """The next bill of the part has the new last day."""
    plan_id, violation_id = Instalment.objects.values_list("plan_id", "plan__violation_id").get(pk=pk)
    row = _locked(violation_id, Q(state=ViolationState.INSTALMENTS))
    plan = Plan.objects.select_for_update().get(pk=plan_id)
    if row is None or plan.state != PlanState.ACTIVE or pk not in [part.pk for part in settlements.unpaid_parts(plan)]:
        return False
    with suppress(Refused):  # a payment is at the bank
        settlements.cancel_bills(row, actor=system("violations"), reason="deadline_moved")
    return bool(Instalment.objects.filter(pk=pk).update(due_on=day))


def _people_of_plan(moved: MovedDeadline) -> Sequence[User]:
    rows = Violation.objects.select_related("party", "shop__owner", "shop__organisation")
    return queries.people_of(rows.get(plan__instalments=moved.thing))


def _people(moved: MovedDeadline) -> Sequence[User]:
    rows = Violation.objects.select_related("party", "shop__owner", "shop__organisation")
    return queries.people_of(rows.get(pk=moved.thing))


CORRECTION = Deadlines(_("To put right what a warning is about"), _due("correct_until", TO_CORRECT), _move_correction, _people)
SETTLEMENT = Deadlines(_("To settle a violation"), _due("settle_until", TO_SETTLE), _move_settlement, _people)
INSTALMENT = Deadlines(_("To pay an instalment of a violation"), _instalments_due, _move_instalment, _people_of_plan)
OBJECTION = Deadlines(_("To object to a violation"), _due("object_until", TO_OBJECT), _move_objection, _people, [SERVICE])
