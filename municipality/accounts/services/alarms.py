"""Alarms about superusers, who are for emergencies: the auditors are notified of every new one and of each of their sign-ins.

To set the flag in the database by hand, the alarm must be inserted first (`accounts.guards`); it is notified like any other.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from municipality.accounts.models import AlarmKind, SuperuserAlarm, User
from municipality.accounts.queries import auditors
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system

AUDITOR = "auditor"
RECENT_DAYS = 7


def raise_sign_in_alarm(user: User) -> SuperuserAlarm:
    """Create the alarm for the sign-in of a superuser."""
    return SuperuserAlarm.objects.create(user=user, kind=AlarmKind.SIGNED_IN, at=clock.now())


def notify_auditors() -> int:
    """Record every new alarm in the audit log and notify each auditor. Returns how many alarms. Runs every fifteen seconds."""
    count = 0
    for alarm in SuperuserAlarm.objects.filter(told_at__isnull=True).select_related("user").order_by("pk"):
        with transaction.atomic():
            if not SuperuserAlarm.objects.filter(pk=alarm.pk, told_at__isnull=True).update(told_at=clock.now()):
                continue  # another worker was there first
            people = list(auditors())
            action = "accounts.superuser_made" if alarm.kind == AlarmKind.FLAG_SET else "accounts.superuser_signed_in"
            data = {"alarm": alarm.pk, "auditors": len(people)}
            record(action, subject=alarm.user.key, actor=system("alarm"), data=data)
            for auditor in people:
                enqueue(
                    "notifications.account",
                    key=f"{action}:{alarm.pk}:{auditor.pk}",
                    message=action,
                    user_id=auditor.pk,
                    about=f"alarm-{alarm.pk}",
                )
        count += 1
    return count


def recent() -> QuerySet[SuperuserAlarm]:
    """The alarms of the last RECENT_DAYS days, the newest first."""
    since = clock.now() - dt.timedelta(days=RECENT_DAYS)
    return SuperuserAlarm.objects.filter(at__gte=since).select_related("user").order_by("-pk")
