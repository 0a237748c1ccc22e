"""Invariants of imports."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import F, Q

from municipality.imports.models import ImportFile
from municipality.kernel import clock

_GRACE = dt.timedelta(days=2)


def findings() -> Iterator[str]:
    """Two people for each file, every line counted by the dry run, no released file that stays unfinished."""
    counted = F("to_add") + F("to_change") + F("unchanged") + F("refused")
    for file in ImportFile.objects.filter(released_by=F("loaded_by")):
        yield f"imported file {file.public_id} was released by whoever loaded it"
    for file in ImportFile.objects.filter(checked_at__isnull=False).exclude(read=F("lines"), lines=counted):
        yield f"imported file {file.public_id} has lines that its dry run did not count"
    moving = Q(done_at__isnull=True, stopped_at__isnull=True)
    for file in ImportFile.objects.filter(moving, released_at__lt=clock.now() - _GRACE):
        yield f"imported file {file.public_id} was released and did not come in whole"
