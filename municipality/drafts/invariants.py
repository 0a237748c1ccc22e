"""What must hold of kept requests."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from municipality.drafts import queries
from municipality.drafts.models import Draft
from municipality.kernel import clock


def findings() -> Iterator[str]:
    """No request is kept beyond its time by more than a day, and no file of one that is over."""
    for draft in Draft.objects.filter(closed_at__isnull=True, expires_at__lt=clock.now() - dt.timedelta(days=1))[:50]:
        yield f"{draft.key} is kept beyond its time"
    for subject in queries.files_left(before=clock.now() - dt.timedelta(days=1))[:50]:
        yield f"{subject} is over, and its files are still there"
