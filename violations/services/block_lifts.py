"""Lifting a stop of services by hand, for a time: proposed with a coded reason, allowed by another role of another unit.

The sum stays owed and the violation where it is. When the last day has passed and nothing was paid, the stop stands again.
"""

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
from municipality.rulebook import queries as rulebook
from violations import queries
from violations.models import StopLift, Violation
from violations.models.decisions import HEADQUARTERS
from violations.notifications import StopLifted
from violations.services import blocks
from violations.services.relief import ASKS, locked, require_role, require_second_person

KIND = "stop_lift"


def unit_of(user: User) -> str:
    """The unit of a member of staff: the code of the branch, or that of the headquarters."""
    return user.branch_id or HEADQUARTERS


@transaction.atomic
def ask(*, violation: Violation, code: str, note_ar: str, until: dt.date | None, asked_by: Any) -> StopLift:
    """Propose to lift what a violation stops, until a last day. Raises NotPermitted, Refused: unknown_code, bad_until, nothing_stopped,
    asked_already."""
    require_role(asked_by, ASKS)
    if code not in {reason.code for reason in rulebook.edition(queries.REPLIES, clock.today()).reasons_of(KIND)}:
        raise Refused("unknown_code", _("Choose a reason from the list."))
    most = queries.limits()["lift_most_days"]
    today = clock.today()
    if until is None or not today < until <= today + dt.timedelta(days=most):
        raise Refused("bad_until", _("Please give a last day after today and at most %(days)s days ahead.") % {"days": most})
    row = locked(violation)
    if not blocks.standing(row):
        raise Refused("nothing_stopped", _("This violation stops nothing now."))
    try:
        with transaction.atomic():
            asked = StopLift.objects.create(
                violation=row,
                code=code,
                note_ar=note_ar,
                until=until,
                asked_by=asked_by,
                asked_unit=unit_of(asked_by),
                asked_at=clock.now(),
            )
    except IntegrityError as error:
        raise Refused("asked_already", _("This was asked for already and waits for the second person.")) from error
    data = {"code": code, "until": until.isoformat(), "unit": asked.asked_unit}
    record("stoplift.asked", subject=row.key, actor=Actor("clerk", asked_by.key), data=data)
    return asked


@transaction.atomic
def allow(*, lift: StopLift, allowed_by: Any) -> None:
    """The second person, of another role and unit, ends the stops until the last day; the party is told.

    Raises NotPermitted: not_your_role, same_person, same_unit; Refused: done, bad_until (the day has passed), nothing_stopped.
    """
    row = locked(lift.violation)
    asked = require_second_person(StopLift, lift.pk, allowed_by)
    if unit_of(allowed_by) == asked.asked_unit:
        raise NotPermitted("same_unit", _("Whoever allows this belongs to another unit than whoever asked for it."))
    if asked.until <= clock.today():
        raise Refused("bad_until", _("The last day has passed. Please refuse this and have it asked for anew."))
    if not blocks.standing(row):
        raise Refused("nothing_stopped", _("This violation stops nothing now."))
    StopLift.objects.filter(pk=asked.pk).update(allowed_by=allowed_by, allowed_at=clock.now(), allowed_unit=unit_of(allowed_by))
    blocks.lift(row, why=f"by_hand:{asked.public_id}", kind=StopLifted, until=asked.until)
    data = {"lift": asked.public_id, "code": asked.code, "until": asked.until.isoformat(), "asked_by": asked.asked_by.key}
    record("violation.stop_lifted", subject=row.key, actor=Actor("authority", allowed_by.key), data=data)
