"""By authority, with a coded reason and two people: annulling a minute, waiving or reducing its sum."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.rulebook import queries as rulebook
from violations import queries
from violations.models import Annulment, Relief, ReliefKind, Violation
from violations.notifications import Annulled, SumReduced, SumWaived, notify
from violations.services import blocks, settlements, terms
from violations.states import ViolationState

V = ViolationState
ASKS, ALLOWS = "violation_clerk", "violation_authority"  # the groups of the two people
SUMS = (V.ORDERED, V.OVERDUE)


def require_role(user: User, group: str) -> None:
    """Raises NotPermitted for somebody without the role."""
    if not (user.is_active and user.is_staff and user.groups.filter(name=group).exists()):
        raise NotPermitted("not_your_role", _("Your role does not do this."))


def _reason(code: str, kind: str) -> None:
    if code not in {reason.code for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of(kind)}:
        raise Refused("unknown_code", _("Choose a reason from the list."))


def locked(violation: Violation) -> Violation:
    """The row, locked, with its shop and party."""
    return Violation.objects.select_for_update(of=("self",)).select_related("shop", "party").get(pk=violation.pk)


@transaction.atomic
def ask_annulment(*, violation: Violation, code: str, note_ar: str, asked_by: Any) -> Annulment:
    """Propose to annul a minute. Raises NotPermitted, Refused: unknown_code, asked_already, not_now."""
    require_role(asked_by, ASKS)
    _reason(code, "annulment")
    row = locked(violation)
    if row.state not in (V.WARNED, V.ORDERED, V.UNSETTLEABLE, V.OVERDUE):
        raise Refused("not_now", _("In its present state this violation report cannot be annulled by authority."))
    try:
        with transaction.atomic():
            asked = Annulment.objects.create(violation=row, code=code, note_ar=note_ar, asked_by=asked_by, asked_at=clock.now())
    except IntegrityError as error:
        raise Refused("asked_already", _("This was asked for already and waits for the second person.")) from error
    record("annulment.asked", subject=row.key, actor=Actor("clerk", asked_by.key), data={"code": code})
    return asked


@transaction.atomic
def allow_annulment(*, annulment: Annulment, allowed_by: Any) -> None:
    """The second person annuls. The number stays; bills are cancelled, stops end. Raises NotPermitted, Refused, TransitionRefused."""
    row = locked(annulment.violation)
    asked = require_second_person(Annulment, annulment.pk, allowed_by)
    actor = Actor("annuller", allowed_by.key)
    settlements.cancel_bills(row, actor=actor, reason="annulled")
    Annulment.objects.filter(pk=asked.pk).update(allowed_by=allowed_by, allowed_at=clock.now())
    transition(row, "annul", actor=actor, reason=asked.code, data={"annulment": asked.public_id})
    record("violation.annulled", subject=row.key, actor=actor, data={"code": asked.code, "asked_by": asked.asked_by.key})
    blocks.lift(row, why="annulled")
    notify(Annulled, row, key="annulled", reason=_words(asked.code))


@transaction.atomic
def ask_relief(*, violation: Violation, code: str, note_ar: str, percent: int, asked_by: Any) -> Relief:
    """Propose to waive a sum (0 per cent stay) or to reduce it to 1–99 per cent. No amount is typed.

    Raises NotPermitted, Refused: unknown_code, asked_already, not_now, bad_percent.
    """
    require_role(asked_by, ASKS)
    _reason(code, "waiver")
    row = locked(violation)
    order = queries.order_of(row)
    if row.state not in SUMS or order is None:
        raise Refused("not_now", _("Only a settlement that is open, or whose period is over, can be waived or reduced."))
    if not 0 <= percent < 100:
        raise Refused("bad_percent", _("Please give the percentage that stays, from 0 to 99."))
    after = order.fils * percent // 100
    if percent and after < 1:
        raise Refused("bad_percent", _("Please give the percentage that stays, from 0 to 99."))
    try:
        with transaction.atomic():
            asked = Relief.objects.create(
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
        raise Refused("asked_already", _("This was asked for already and waits for the second person.")) from error
    record("relief.asked", subject=row.key, actor=Actor("clerk", asked_by.key), data={"code": code, "percent": percent})
    return asked


@transaction.atomic
def allow_relief(*, relief: Relief, allowed_by: Any) -> None:
    """The second person waives or reduces, if the sum is still the one that was looked at.

    Raises NotPermitted, Refused: same_person, done, sum_changed, payment_open.
    """
    row = locked(relief.violation)
    asked = require_second_person(Relief, relief.pk, allowed_by)
    order = queries.order_of(row)
    if order is None or row.state not in SUMS or order.fils != asked.before_fils:
        raise Refused("sum_changed", _("The sum is not the one that was asked about. Please have it asked for anew."))
    actor = Actor("waiver", allowed_by.key)
    settlements.cancel_bills(row, actor=actor, reason="relief")
    Relief.objects.filter(pk=asked.pk).update(allowed_by=allowed_by, allowed_at=clock.now())
    data = {"relief": asked.public_id, "before": asked.before_fils, "after": asked.after_fils}
    if asked.kind == ReliefKind.WAIVER:
        transition(row, "waive", actor=actor, reason=asked.code, data=data)
        blocks.lift(row, why="waived")
        notify(SumWaived, row, key="waived", reason=_words(asked.code))
    else:
        formula = (f"خُفض إلى {asked.percent}%", f"Reduced to {asked.percent} %")
        terms.next_version(row, order, asked.after_fils, ground="reduction", formula=formula)
        changes = {}
        if row.state == V.OVERDUE:
            changes = {"settle_until": clock.today() + dt.timedelta(days=queries.limits()["kept_price_days"])}
        transition(row, "reduce", actor=actor, reason=asked.code, data=data, **changes)
        blocks.lift(row, why="reduced")
        notify(SumReduced, row, key=f"reduced:{asked.public_id}", reason=_words(asked.code))
    record("violation.relieved", subject=row.key, actor=actor, data=data | {"code": asked.code, "asked_by": asked.asked_by.key})


@transaction.atomic
def refuse(*, asked: Any, refused_by: Any) -> None:
    """The second person refuses what was asked for; it may be asked for again. Raises NotPermitted, Refused."""
    row = require_second_person(type(asked), asked.pk, refused_by)
    type(asked).objects.filter(pk=row.pk).update(refused_at=clock.now())
    kind = type(asked).__name__.lower()
    record(f"{kind}.refused", subject=row.violation.key, actor=Actor("authority", refused_by.key), data={"code": row.code})


def require_second_person(model: Any, pk: int, user: User) -> Any:
    """What was asked for, locked, where this user may decide it. Raises NotPermitted: not_your_role, same_person; Refused("done")."""
    require_role(user, ALLOWS)
    row = model.objects.select_for_update(of=("self",)).select_related("asked_by", "violation").get(pk=pk)
    if row.allowed_at is not None or row.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    if row.asked_by_id == user.pk:
        raise NotPermitted("same_person", _("Whoever asked for it cannot allow it. A second person does."))
    return row


def _words(code: str) -> Any:
    return rulebook.edition(queries.REPLIES, clock.today()).reasons[code]
