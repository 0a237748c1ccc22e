"""Invariants of drafts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.drafts import queries
from municipality.drafts.models import Draft
from municipality.kernel import clock


def findings() -> Iterator[str]:
    """No draft, and no file of a closed draft, stays more than a day too long."""
    for draft in Draft.objects.filter(closed_at__isnull=True, expires_at__lt=clock.now() - dt.timedelta(days=1))[:50]:
        yield f"{draft.key} is kept beyond its time"
    for subject in queries.leftover_files(before=clock.now() - dt.timedelta(days=1))[:50]:
        yield f"{subject} is over, and its files are still there"
