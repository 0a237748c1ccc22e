"""The status of inspectors as judicial officers, entered from the decisions that give and end it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.kernel.actors import Actor
from violations.models import JudicialWarrant, Team


def enter(
    *,
    user: User,
    team: Team,
    badge_no: str,
    decision_no: str,
    decision_on: dt.date,
    scope: Sequence[str],
    first_day: dt.date,
    last_day: dt.date,
    actor: Actor,
) -> JudicialWarrant:
    """Enter a decision; `scope` are the beginnings of the codes of offences that it names. Raises IntegrityError: badge twice, no days."""
    with transaction.atomic():
        warrant = JudicialWarrant.objects.create(
            user=user,
            team=team,
            badge_no=badge_no,
            decision_no=decision_no,
            decision_on=decision_on,
            scope=list(scope),
            first_day=first_day,
            last_day=last_day,
        )
        days = {"first": first_day.isoformat(), "last": last_day.isoformat()}
        record(
            "warrant.entered", subject=user.key, actor=actor, data={"warrant": warrant.pk, "team": team.pk, "scope": list(scope), **days}
        )
    return warrant


def end(*, user: User, last_day: dt.date, actor: Actor) -> int:
    """End every warrant of an inspector that runs longer than `last_day`, on that day. Returns how many."""
    with transaction.atomic():
        rows = list(JudicialWarrant.objects.select_for_update().filter(user=user, first_day__lte=last_day, last_day__gt=last_day))
        for warrant in rows:
            data = {"warrant": warrant.pk, "before": warrant.last_day.isoformat(), "last": last_day.isoformat()}
            warrant.last_day = last_day
            warrant.save(update_fields=["last_day"])
            record("warrant.ended", subject=user.key, actor=actor, data=data)
    return len(rows)
