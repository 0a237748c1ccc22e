"""What must hold of the record and of the guards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import connection

from municipality.audit import queries
from municipality.kernel import clock, guards


def findings() -> Iterator[str]:
    """Chain faults, acts that stay unnumbered, guards that the database lost."""
    for fault in queries.faults():
        yield f"row {fault.number}: {fault.what}"
    stale = queries.unnumbered().filter(at__lt=clock.now() - dt.timedelta(seconds=120)).count()
    if stale:
        yield f"{stale} acts without a number after two minutes"
    for name in sorted(guards.expected(connection) - guards.installed(connection)):
        yield f"guard {name} is missing"
