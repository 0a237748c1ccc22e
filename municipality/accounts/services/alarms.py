"""The alarm of the broken glass: superusers are for emergencies, so each time one is made or comes in the auditors hear of it.

Whoever sets the mark in the database by hand must write the alarm first (`accounts.guards`); the worker finds it like any other.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from municipality.accounts.models import AlarmKind, SuperuserAlarm, User
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system

AUDITOR = "auditor"
SHOWN_DAYS = 7


def sound_sign_in(user: User) -> SuperuserAlarm:
    """A superuser has come in."""
    return SuperuserAlarm.objects.create(user=user, kind=AlarmKind.SIGNED_IN, at=clock.now())


def tell() -> int:
    """Put every alarm that nobody was told of on the record and tell each auditor. Returns how many. Runs every fifteen seconds."""
    told = 0
    for alarm in SuperuserAlarm.objects.filter(told_at__isnull=True).select_related("user").order_by("pk"):
        with transaction.atomic():
            if not SuperuserAlarm.objects.filter(pk=alarm.pk, told_at__isnull=True).update(told_at=clock.now()):
                continue  # another worker was there first
            auditors = list(User.objects.filter(is_active=True, is_staff=True, groups__name=AUDITOR).order_by("pk"))
            action = "accounts.superuser_made" if alarm.kind == AlarmKind.FLAG_SET else "accounts.superuser_signed_in"
            data = {"alarm": alarm.pk, "auditors": len(auditors)}
            record(action, subject=alarm.user.key, actor=system("alarm"), data=data)
            for auditor in auditors:
                enqueue(
                    "notifications.account",
                    key=f"{action}:{alarm.pk}:{auditor.pk}",
                    message=action,
                    user_id=auditor.pk,
                    about=f"alarm-{alarm.pk}",
                )
        told += 1
    return told


def recent() -> QuerySet[SuperuserAlarm]:
    """The alarms of the last days, the newest first, for the first page of the auditors."""
    since = clock.now() - dt.timedelta(days=SHOWN_DAYS)
    return SuperuserAlarm.objects.filter(at__gte=since).select_related("user").order_by("-pk")
