"""Whether the parts of the platform work, as their last calls and jobs recorded it. Nothing is called to find out."""

from __future__ import annotations

import datetime as dt

from django.db.models import Max

from municipality.accounts.models import SignInRequest
from municipality.jobs import queries as jobs
from municipality.kernel import clock
from municipality.notifications.models import Channel, Delivery

RECENT = dt.timedelta(minutes=5)  # a call before says nothing about now
MAX_WAIT = dt.timedelta(minutes=2)  # of urgent jobs, as in municipality.health


def portal_works() -> bool:
    """Whether urgent jobs are carried out: without them no sign-in, payment or request goes on. That a check runs tells the rest."""
    due_at = jobs.oldest_due_at(queue="urgent")
    return due_at is None or clock.now() - due_at <= MAX_WAIT


def sign_in_works() -> bool | dt.datetime | None:
    """Whether Mobile ID answered the last of the recent requests; else when it last failed to."""
    recent = SignInRequest.objects.filter(expires_at__gte=clock.now() - RECENT)
    failed_at: dt.datetime | None = recent.aggregate(last=Max("away_at"))["last"]
    answered = recent.filter(away_at__isnull=True, civil_id_cipher="")
    if failed_at is not None:
        return answered.filter(created_at__gt=failed_at).exists() or failed_at
    return True if answered.exists() else None


def texts_work() -> bool | dt.datetime | None:
    """Whether the gateway takes text messages; when it last refused, while one waits for another try and none was taken since."""
    newest = list(Delivery.objects.filter(channel=Channel.SMS).order_by("-pk").values_list("sent_at", flat=True)[:20])
    if any(sent_at is not None and sent_at >= clock.now() - RECENT for sent_at in newest):
        return True
    failed = {row.args["delivery_id"]: row.failed_at for row in jobs.retried("notifications.deliver")}
    texts = Delivery.objects.filter(pk__in=failed, channel=Channel.SMS).values_list("pk", flat=True)
    return max((failed[pk] for pk in texts), default=None)


def documents_work() -> bool:
    """Whether documents are made: their jobs are not on hold for want of the seal or a library."""
    return not jobs.is_on_hold("documents")
