"""Alarms for staff, at most once an hour each: the disk is full, or a stored file is damaged."""

from __future__ import annotations

import datetime as dt
import errno
import logging

from django.db import DatabaseError, transaction

from municipality.audit.models import AuditEvent
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import system

log = logging.getLogger(__name__)
INTERVAL = dt.timedelta(hours=1)


def is_disk_full(error: BaseException) -> bool:
    """Whether a write failed because the disk or a quota is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def raise_alarm(action: str, subject: str) -> None:
    """Log an alarm and, once an hour, write it to the audit log. Never raises where the database is unavailable."""
    log.error("%s: %s", action, subject)
    try:
        with transaction.atomic():
            if not AuditEvent.objects.filter(subject=subject, action=action, at__gt=clock.now() - INTERVAL).exists():
                record(action, subject=subject, actor=system("store"))
    except DatabaseError:
        log.exception("the alarm could not be written")


def disk_full() -> None:
    """A file could not be written because the disk is full."""
    raise_alarm("store.no_room", "store")


def file_damaged(sha256: str) -> None:
    """A stored file is missing, or its bytes have changed."""
    raise_alarm("store.damaged", f"file:{sha256}")
