"""What the store cannot do: there is no room on its disk, or a file is not what was kept. Staff are told once an hour for each."""

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
AGAIN = dt.timedelta(hours=1)


def is_full(error: BaseException) -> bool:
    """Whether the disk had no room, or a quota none."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def tell(action: str, subject: str) -> None:
    """Put it into the log and, unless it stands there since less than an hour, on the record. Never raises for a database that is away."""
    log.error("%s: %s", action, subject)
    try:
        with transaction.atomic():
            if not AuditEvent.objects.filter(subject=subject, action=action, at__gt=clock.now() - AGAIN).exists():
                record(action, subject=subject, actor=system("store"))
    except DatabaseError:
        log.exception("the alarm could not be written")


def no_room() -> None:
    """Something could not be written because the disk is full."""
    tell("store.no_room", "store")


def damaged(sha256: str) -> None:
    """A file of the store is missing, or its bytes are not those that were kept."""
    tell("store.damaged", f"file:{sha256}")
