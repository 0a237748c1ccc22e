"""Lifting of a service block until a last day: proposed with a coded reason, allowed by another role of another unit.

The sum stays owed; the block returns after the last day if nothing was paid.
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from violations import queries
from violations.models import StopLift, Violation
from violations.models.decisions import HEADQUARTERS
from violations.notifications import StopLifted
from violations.services import blocks
from violations.services.conflicts import unless_tied
from violations.services.relief import ASKS, locked, require_reason, require_second_person

KIND = "stop_lift"


def unit_of(user: User) -> str:
    """The code of the branch of a member of staff, or of the headquarters."""
    return user.branch_id or HEADQUARTERS


@unless_tied("asked_by", "violation")
@transaction.atomic
def ask(*, violation: Violation, code: str, note_ar: str, until: dt.date | None, asked_by: User) -> StopLift:
    """Propose to lift the blocks of a violation until a last day.

    Raises NotPermitted, Refused: unknown_code, bad_until, nothing_stopped, asked_already.
    """
    require_group(asked_by, ASKS)
    require_reason(code, KIND)
    max_days = queries.limits()["lift_most_days"]
    today = clock.today()
    if until is None or not today < until <= today + dt.timedelta(days=max_days):
        raise Refused("bad_until", _("Please give a last day after today and at most %(days)s days ahead.") % {"days": max_days})
    row = locked(violation)
    if not blocks.is_blocking(row):
        raise Refused("nothing_stopped", _("This violation stops nothing now."))
    try:
        with transaction.atomic():
            proposal = StopLift.objects.create(
                violation=row,
                code=code,
                note_ar=note_ar,
                until=until,
                asked_by=asked_by,
                asked_unit=unit_of(asked_by),
                asked_at=clock.now(),
            )
    except IntegrityError as error:
        raise Refused("asked_already", _("This has already been asked for and is waiting for the second person.")) from error
    data = {"code": code, "until": until.isoformat(), "unit": proposal.asked_unit}
    record("stoplift.asked", subject=row.key, actor=Actor("clerk", asked_by.key), data=data)
    return proposal


@unless_tied("allowed_by", "lift")
@transaction.atomic
def allow(*, lift: StopLift, allowed_by: User) -> None:
    """Lift the blocks as the second person, of another role and unit, and tell the party.

    Raises NotPermitted: not_your_role, same_person, same_unit; Refused: done, bad_until (the day has passed), nothing_stopped.
    """
    row = locked(lift.violation)
    proposal = require_second_person(StopLift, lift.pk, allowed_by)
    if unit_of(allowed_by) == proposal.asked_unit:
        raise NotPermitted("same_unit", _("The person who allows this must belong to another unit than the person who asked for it."))
    if proposal.until <= clock.today():
        raise Refused("bad_until", _("The last day has passed. Please refuse this and have it asked for anew."))
    if not blocks.is_blocking(row):
        raise Refused("nothing_stopped", _("This violation stops nothing now."))
    StopLift.objects.filter(pk=proposal.pk).update(allowed_by=allowed_by, allowed_at=clock.now(), allowed_unit=unit_of(allowed_by))
    blocks.lift(row, reason=f"by_hand:{proposal.public_id}", kind=StopLifted, until=proposal.until)
    data = {"lift": proposal.public_id, "code": proposal.code, "until": proposal.until.isoformat(), "asked_by": proposal.asked_by.key}
    record("violation.stop_lifted", subject=row.key, actor=Actor("authority", allowed_by.key), data=data)
