"""Checks that open and close incidents, and what staff may say about one."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.incidents import queries
from municipality.incidents.models import Cause, Incident, PartCheck, PortalPart
from municipality.incidents.registry import SIGNALS
from municipality.jobs import sweeps
from municipality.jobs.errors import OnHold
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused

ME = system("incidents")
ROLE = "operator"
REASON = 300  # characters
HELD_SECONDS = 600  # until a job on hold asks again


def check() -> None:
    """Check every part once, each in its own transaction; does nothing where the rulebook has no edition."""
    limits = queries.known_limits()
    if limits is None:
        return
    sweeps.for_each("incidents.check", [*SIGNALS], lambda part: _check(PortalPart(part), limits))


def _check(part: PortalPart, limits: dict[str, int]) -> int:
    works, now = SIGNALS[part](), clock.now()
    row, is_new = PartCheck.objects.select_for_update().get_or_create(part=part, defaults={"checked_at": now})
    silent_since = row.checked_at if now - row.checked_at > dt.timedelta(minutes=limits["gap_minutes"]) else None
    incident = Incident.objects.filter(part=part, ended_at__isnull=True).first()
    if part == PortalPart.PORTAL and silent_since is not None and incident is None:
        incident = _open(part, silent_since, Cause.GAP)
    # A failed call counts at one check only, however many checks still see it as the last one.
    has_failed = works is False or (isinstance(works, dt.datetime) and (is_new or works > row.checked_at))
    row.checked_at = now
    if has_failed:
        row.failures += 1
        row.failing_since = row.failing_since or now
        if row.failures >= limits["failed_checks"] and incident is None:
            _open(part, row.failing_since, Cause.CHECKS)
    elif works is True:
        row.failures, row.failing_since = 0, None
        if incident is not None:
            _close(incident, limits)
    row.save()
    return 1


def _open(part: PortalPart, started_at: dt.datetime, cause: Cause) -> Incident:
    incident = Incident.objects.create(part=part, cause=cause, started_at=started_at)
    record("incident.opened", subject=incident.key, actor=ME, data={"part": part, "cause": cause})
    return incident


def _close(incident: Incident, limits: dict[str, int]) -> None:
    incident.ended_at = clock.now()
    incident.save(update_fields=["ended_at"])
    record("incident.closed", subject=incident.key, actor=ME, data={"part": incident.part, "minutes": incident.minutes})
    if queries.is_relieving(incident, limits["outage_minutes"]):
        due_at = incident.ended_at + dt.timedelta(minutes=limits["wait_minutes"])
        enqueue("incidents.relieve", key=incident.key, due_at=due_at, incident_id=incident.pk)


@transaction.atomic
def withhold(*, incident: Incident, reason: str, by: User) -> None:
    """Say that an incident was none, so that no deadline moves; an open one ends, and its failures are forgotten.

    Raises Refused: no_reason, moved_already.
    """
    reason = " ".join(reason.split())
    if not 10 <= len(reason) <= REASON:
        raise Refused("no_reason", _("Write in 10 to 300 characters why this was no incident."))
    check = PartCheck.objects.select_for_update().filter(part=incident.part).first()  # locked first, as in `_check`
    row = Incident.objects.select_for_update().get(pk=incident.pk)
    if row.withheld_at is not None or row.relieved_at is not None or row.moved_deadlines.exists():
        raise Refused("moved_already", _("This incident is settled already. Its page says how."))
    row.withheld_at, row.withheld_by, row.withheld_reason = clock.now(), by, reason
    if row.ended_at is None:
        row.ended_at = row.withheld_at
        if check is not None:
            check.failures, check.failing_since = 0, None
            check.save(update_fields=["failures", "failing_since"])
    row.save(update_fields=["ended_at", "withheld_at", "withheld_by", "withheld_reason"])
    record("incident.withheld", subject=row.key, actor=Actor(ROLE, by.key), data={"part": row.part}, text=reason)


def wait_for_relief() -> None:
    """At the start of a job that ends something of a person. Raises OnHold while deadlines may still move because of an incident."""
    if queries.are_held():
        raise OnHold("incident", "a part of the portal is out, or deadlines are still to be moved", seconds=HELD_SECONDS)
