"""Rulings of a higher court on a judgment, entered and confirmed by two clerks, and what they change of what is owed."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock, digits, money
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from violations import queries
from violations.models import AppealCourt, AppealOutcome, AppealRuling, Judgment, Violation
from violations.notifications import AppealRuled, notify
from violations.services import blocks, court_sums, documents, repetition, settlements
from violations.services.conflicts import unless_tied
from violations.services.court import require_clerk
from violations.states import ViolationState

V = ViolationState
APPEALABLE = (V.JUDGED, V.PAID, V.ACQUITTED)  # where the court has ruled


def is_appealable(row: Violation) -> bool:
    """Whether the court has ruled on a violation, so that a higher court may change it."""
    return row.state in APPEALABLE and Judgment.objects.filter(violation=row, confirmed_at__isnull=False).exists()


def waiting(row: Violation) -> AppealRuling | None:
    """The ruling on appeal that waits for its second clerk."""
    return AppealRuling.objects.filter(judgment__violation=row, confirmed_at__isnull=True).first()


def unconfirmed() -> QuerySet[AppealRuling]:
    """Rulings on appeal that wait for the second clerk, the oldest first."""
    return AppealRuling.objects.filter(confirmed_at__isnull=True).select_related("judgment__violation", "entered_by").order_by("pk")


@unless_tied("clerk", "violation")
@transaction.atomic
def enter_appeal(
    *, violation: Violation, court: str, ruling_no: str, ruled_on: dt.date, outcome: str, fils: int | None, clerk: User
) -> AppealRuling:
    """Enter a ruling on appeal; `fils` is the fine of one that changes it. A second clerk confirms it.

    Raises NotPermitted, Refused: not_judged, entered, bad_ruling, bad_amount, no_change.
    """
    actor = require_clerk(clerk)
    row = settlements.locked(violation)
    if not is_appealable(row):
        raise Refused("not_judged", _("Only a judgment that holds has a ruling on appeal."))
    if waiting(row) is not None:
        raise Refused("entered", _("A ruling on appeal has already been entered and is waiting for the second person."))
    earlier, ruling_no = row.judgment.ruling, digits.clean(ruling_no)
    if court not in AppealCourt.values or not ruling_no or not earlier.ruled_on <= ruled_on <= clock.today():
        raise Refused(
            "bad_ruling", _("Please give the court, the number of the ruling and its day, which lies after the judgment and not ahead.")
        )
    if outcome not in AppealOutcome.values or (outcome == AppealOutcome.CHANGED and (fils is None or not 0 < fils <= money.MAX_FILS)):
        raise Refused("bad_amount", _("Please give the amount of the ruling in dinars with three decimals."))
    fine = {AppealOutcome.CHANGED: fils, AppealOutcome.ACQUITTED: None}.get(AppealOutcome(outcome), earlier.fils)
    if outcome != AppealOutcome.UPHELD and fine == earlier.fils:
        raise Refused("no_change", _("This is what the earlier ruling says. Please choose that it stands."))
    appeal = AppealRuling.objects.create(
        judgment=row.judgment,
        court=court,
        ruling_no=ruling_no,
        ruled_on=ruled_on,
        outcome=outcome,
        fils=fine,
        entered_by=clerk,
        entered_at=clock.now(),
    )
    record("appeal.entered", subject=row.key, actor=actor, data=_data(appeal))
    return appeal


def _data(appeal: AppealRuling) -> dict[str, Any]:
    return {"court": appeal.court, "ruling": appeal.ruling_no, "outcome": appeal.outcome, "fils": appeal.fils}


@unless_tied("clerk", "appeal")
@transaction.atomic
def confirm_appeal(
    *, appeal: AppealRuling, clerk: User, court: str, ruling_no: str, ruled_on: dt.date, outcome: str, fils: int | None
) -> None:
    """Confirm a ruling on appeal as the second clerk, by entering it again. What is owed follows it.

    Its unpaid bill is voided and what is paid above the new fine is owed back; a rest becomes payable. Where nothing is left to pay,
    the stops of services end. Raises NotPermitted (same person), Refused: done, differs, payment_open.
    """
    actor = require_clerk(clerk)
    row = settlements.locked(appeal.violation)
    ruling = _unconfirmed(appeal)
    if ruling.entered_by_id == clerk.pk:
        raise NotPermitted("same_person", _("The person who entered it cannot confirm it. A second person must."))
    typed_fils = fils if outcome == AppealOutcome.CHANGED else ruling.fils
    entered = (ruling.court, ruling.ruling_no, ruling.ruled_on, ruling.outcome, ruling.fils)
    if entered != (court, digits.clean(ruling_no), ruled_on, outcome, typed_fils):
        raise Refused("differs", _("Court, outcome, number, day or amount differ from what was entered. Please read the ruling together."))
    settlements.require_no_payment(row, in_review=True)  # also where it stands: one not heard of is taken for paid, and given back then
    if ruling.outcome != AppealOutcome.UPHELD:
        settlements.cancel_bills(row, actor=actor, reason=court_sums.REASON, in_review=True)
    AppealRuling.objects.filter(pk=ruling.pk).update(confirmed_by=clerk, confirmed_at=clock.now())
    Judgment.objects.filter(pk=ruling.judgment_id).update(appeal=ruling)
    row.judgment.appeal = ruling
    record("appeal.confirmed", subject=row.key, actor=actor, data=_data(ruling))
    _move(row, ruling, actor)
    returned = court_sums.give_back_above(row, actor=actor)
    notify(AppealRuled, row, key=f"appeal:{ruling.pk}", appeal=ruling, returned=returned)


def _move(row: Violation, ruling: AppealRuling, actor: Actor) -> None:
    """Move the violation to what the ruling leaves owed, with its stops of services and its notice."""
    before, data = row.state, _data(ruling)
    if ruling.fils is None:
        transition(row, "appeal_acquitted", actor=actor, data=data)
        if before != V.ACQUITTED:
            documents.revoke_notice(row, reason=court_sums.REASON, actor=actor)
            repetition.recompute_after(row)
        blocks.lift(row, reason="acquitted")
    elif before != V.ACQUITTED and court_sums.left_fils(row) <= 0:
        transition(row, "appeal_paid", actor=actor, data=data)
        blocks.lift(row, reason=court_sums.REASON)
    else:
        changes: dict[str, Any] = {}
        if before != V.JUDGED and row.block_from is not None:  # what is owed anew stops nothing before the days of the rulebook
            days = queries.limits()["block_after_days"]
            changes["block_from"] = max(row.block_from, clock.today() + dt.timedelta(days=days + 1))
        transition(row, "appeal_fined", actor=actor, data=data, **changes)


@unless_tied("clerk", "appeal")
@transaction.atomic
def delete_appeal(*, appeal: AppealRuling, clerk: User) -> None:
    """Delete an unconfirmed ruling on appeal that was entered wrongly. Raises NotPermitted, Refused("done")."""
    actor = require_clerk(clerk)
    ruling = _unconfirmed(appeal)
    record("appeal.dropped", subject=ruling.violation.key, actor=actor, data=_data(ruling))
    ruling.delete()


def _unconfirmed(appeal: AppealRuling) -> AppealRuling:
    """The ruling, locked. Raises Refused("done") where it was confirmed or deleted meanwhile."""
    rows = AppealRuling.objects.select_for_update(of=("self",)).select_related("judgment__violation")
    found = rows.filter(pk=appeal.pk, confirmed_at__isnull=True).first()
    if found is None:
        raise Refused("done", _("This has already been decided."))
    return found
