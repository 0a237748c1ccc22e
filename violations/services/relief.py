"""Annulment of a violation report, waiver or reduction of its sum: proposed with a coded reason, decided by a second person."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason, RulebookEdition
from violations import queries
from violations.models import Annulment, Relief, ReliefKind, StopLift, Violation
from violations.notifications import Annulled, SumReduced, SumWaived, notify
from violations.services import blocks, documents, repetition, settlements, terms
from violations.services.conflicts import unless_tied
from violations.states import ViolationState

V = ViolationState
P = TypeVar("P", Annulment, Relief, StopLift)
ASKS, ALLOWS = "violation_clerk", "violation_authority"  # the groups of the two people
OF_OBJECTIONS = ("objection_upheld", "undefended")  # annulments by the decision of an objection
SUMS = (V.ORDERED, V.OVERDUE)  # reduced and waived
WAIVED_FROM = (*SUMS, V.INSTALMENTS)  # of a sum that is paid in parts, the parts stand or fall whole
ANNULLED_FROM = (V.WARNED, V.ORDERED, V.UNSETTLEABLE, V.OVERDUE, V.INSTALMENTS)
PLAN_RUNS = _("While an instalment plan runs, its sum can be waived, but not reduced.")


def require_reason(code: str, kind: str) -> None:
    """Raises Refused("unknown_code") for a code that is no reason of the kind."""
    if code not in {reason.code for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of(kind)}:
        raise Refused("unknown_code", _("Choose a reason from the list."))


def locked(violation: Violation) -> Violation:
    """The row, locked, with its shop and party."""
    return Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=violation.pk)


def office_reasons(replies: RulebookEdition) -> list[Reason]:
    """The reasons for which the office may annul: not those that only the decision of an objection gives."""
    return [reason for reason in replies.reasons_of("annulment") if reason.code not in OF_OBJECTIONS]


@unless_tied("asked_by", "violation")
@transaction.atomic
def ask_annulment(*, violation: Violation, code: str, note_ar: str, asked_by: User) -> Annulment:
    """Propose an annulment. Raises NotPermitted, Refused: unknown_code, asked_already, not_now."""
    require_group(asked_by, ASKS)
    require_reason("" if code in OF_OBJECTIONS else code, "annulment")
    row = locked(violation)
    if row.state not in ANNULLED_FROM:
        raise Refused("not_now", _("In its present state this violation report cannot be annulled by authority."))
    try:
        with transaction.atomic():
            proposal = Annulment.objects.create(violation=row, code=code, note_ar=note_ar, asked_by=asked_by, asked_at=clock.now())
    except IntegrityError as error:
        raise Refused("asked_already", _("This has already been asked for and is waiting for the second person.")) from error
    record("annulment.asked", subject=row.key, actor=Actor("clerk", asked_by.key), data={"code": code})
    return proposal


@unless_tied("allowed_by", "annulment")
@transaction.atomic
def allow_annulment(*, annulment: Annulment, allowed_by: User) -> None:
    """Annul as the second person; bills are voided, a running plan ends, paid parts are owed back, blocks end.

    Raises NotPermitted, Refused, TransitionRefused.
    """
    row = locked(annulment.violation)
    proposal = require_second_person(Annulment, annulment.pk, allowed_by)
    actor = Actor("annuller", allowed_by.key)
    settlements.cancel_bills(row, actor=actor, reason="annulled")
    Annulment.objects.filter(pk=proposal.pk).update(allowed_by=allowed_by, allowed_at=clock.now())
    ends_plan = settlements.end_plan(row, actor=actor, reason="annulled")
    transition(row, "annul", actor=actor, reason=proposal.code, data={"annulment": proposal.public_id})
    record("violation.annulled", subject=row.key, actor=actor, data={"code": proposal.code, "asked_by": proposal.asked_by.key})
    returned = settlements.give_back(row, actor=actor, reason="decision_annulled")
    documents.revoke_notice(row, reason="report_annulled", actor=actor)
    blocks.lift(row, reason="annulled")
    repetition.recompute_after(row)
    notify(Annulled, row, key="annulled", reason=_reason_text(proposal), returned=returned, ends_plan=ends_plan)


@unless_tied("asked_by", "violation")
@transaction.atomic
def ask_relief(*, violation: Violation, code: str, note_ar: str, percent: int, asked_by: User) -> Relief:
    """Propose to waive a sum (`percent` 0) or to reduce it to 1–99 per cent.

    Raises NotPermitted, Refused: unknown_code, asked_already, not_now, bad_percent, plan_runs.
    """
    require_group(asked_by, ASKS)
    require_reason(code, "waiver")
    row = locked(violation)
    order = queries.order_of(row)
    if row.state not in WAIVED_FROM or order is None:
        raise Refused("not_now", _("Only a settlement that is open, or whose period is over, can be waived or reduced."))
    if not 0 <= percent < 100:
        raise Refused("bad_percent", _("Please give the percentage that stays, from 0 to 99."))
    if percent and row.state not in SUMS:
        raise Refused("plan_runs", PLAN_RUNS)
    after = order.fils * percent // 100
    if percent and after < 1:
        raise Refused("bad_percent", _("Please give the percentage that stays, from 0 to 99."))
    try:
        with transaction.atomic():
            proposal = Relief.objects.create(
                violation=row,
                code=code,
                note_ar=note_ar,
                kind=ReliefKind.REDUCTION if percent else ReliefKind.WAIVER,
                percent=percent,
                before_fils=order.fils,
                after_fils=after,
                asked_by=asked_by,
                asked_at=clock.now(),
            )
    except IntegrityError as error:
        raise Refused("asked_already", _("This has already been asked for and is waiting for the second person.")) from error
    record("relief.asked", subject=row.key, actor=Actor("clerk", asked_by.key), data={"code": code, "percent": percent})
    return proposal


@unless_tied("allowed_by", "relief")
@transaction.atomic
def allow_relief(*, relief: Relief, allowed_by: User) -> None:
    """Waive or reduce as the second person, if the sum has not changed since. A waiver ends a running plan, and paid parts are owed back.

    Raises NotPermitted, Refused: same_person, done, sum_changed, payment_open.
    """
    row = locked(relief.violation)
    proposal = require_second_person(Relief, relief.pk, allowed_by)
    order = queries.order_of(row)
    states = WAIVED_FROM if proposal.kind == ReliefKind.WAIVER else SUMS
    if order is None or row.state not in states or order.fils != proposal.before_fils:
        raise Refused("sum_changed", _("The sum is not the one that was asked about. Please have it asked for anew."))
    actor = Actor("waiver", allowed_by.key)
    settlements.cancel_bills(row, actor=actor, reason="relief")
    Relief.objects.filter(pk=proposal.pk).update(allowed_by=allowed_by, allowed_at=clock.now())
    data = {"relief": proposal.public_id, "before": proposal.before_fils, "after": proposal.after_fils}
    if proposal.kind == ReliefKind.WAIVER:
        ends_plan = settlements.end_plan(row, actor=actor, reason="waived")
        transition(row, "waive", actor=actor, reason=proposal.code, data=data)
        returned = settlements.give_back(row, actor=actor, reason="not_owed")
        blocks.lift(row, reason="waived")
        notify(SumWaived, row, key="waived", reason=_reason_text(proposal), returned=returned, ends_plan=ends_plan)
    else:
        formula = (f"خُفض إلى {proposal.percent}%", f"Reduced to {proposal.percent} %")
        terms.next_version(row, order, proposal.after_fils, ground="reduction", formula=formula)
        changes: dict[str, Any] = {}
        if row.state == V.OVERDUE:
            changes = {"settle_until": clock.today() + dt.timedelta(days=queries.limits()["kept_price_days"])}
        transition(row, "reduce", actor=actor, reason=proposal.code, data=data, **changes)
        blocks.lift(row, reason="reduced")
        is_payable = row.settle_until is not None
        notify(SumReduced, row, key=f"reduced:{proposal.public_id}", reason=_reason_text(proposal), is_payable=is_payable)
    record("violation.relieved", subject=row.key, actor=actor, data=data | {"code": proposal.code, "asked_by": proposal.asked_by.key})


@unless_tied("refused_by", "proposal")
@transaction.atomic
def refuse(*, proposal: P, refused_by: User, because: str) -> None:
    """Refuse a proposal as the second person, in words for whoever proposed it. Raises NotPermitted, Refused: done, no_words."""
    row = require_second_person(type(proposal), proposal.pk, refused_by)
    if not because.strip():
        raise Refused("no_words", _("Please say why this is refused; whoever proposed it reads these words."))
    type(proposal).objects.filter(pk=row.pk).update(refused_at=clock.now(), refused_because=because.strip())
    kind = type(proposal).__name__.lower()
    actor = Actor("authority", refused_by.key)
    record(f"{kind}.refused", subject=row.violation.key, actor=actor, data={"code": row.code}, text=because.strip())


def require_second_person(model: type[P], pk: int, user: User) -> P:
    """A proposal, locked, that this user may decide. Raises NotPermitted: not_your_role, same_person; Refused("done")."""
    require_group(user, ALLOWS)
    row = model.objects.select_for_update(of=("self",)).select_related("asked_by", "violation").get(pk=pk)
    if row.allowed_at is not None or row.refused_at is not None:
        raise Refused("done", _("This has already been decided."))
    if row.asked_by_id == user.pk:
        raise NotPermitted("same_person", _("The person who asked for it cannot allow it. A second person must."))
    return row


def _reason_text(proposal: Annulment | Relief) -> Reason:
    """The reason as it read when it was given."""
    return rulebook.edition(queries.REPLIES, clock.day_of(proposal.asked_at)).reasons[proposal.code]
