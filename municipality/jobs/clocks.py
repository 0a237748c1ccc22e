"""Comparison of this process's clock with the database's. While they differ, no jobs are taken: nothing expires early or runs twice.

Imports no model, since the beat process loads no app (municipality/beat.py).
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

from municipality.kernel import clock

log = logging.getLogger(__name__)

MAX_SKEW = dt.timedelta(seconds=5)
_logged = {"apart": False}  # of this process


def compare(connection: Any, **_: Any) -> None:
    """Read the time of a PostgreSQL connection; not through Django's cursor, so that it is not among a page's queries."""
    if connection.vendor == "postgresql":
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            clock.compare(cursor.fetchone()[0])


connection_created.connect(compare)


def agrees() -> bool:
    """Whether this machine's clock agrees with the database's to within MAX_SKEW; logs changes. Raises DatabaseError."""
    connection.ensure_connection()
    if abs(clock.skew()) > MAX_SKEW:
        compare(connection)  # the last comparison may be old, and the machine may have been suspended since
    apart = clock.skew()
    wrong = abs(apart) > MAX_SKEW
    if wrong != _logged["apart"]:
        _logged["apart"] = wrong
        if wrong:
            log.error("this clock is %+.0f seconds from the database's: no work is taken until it is right", apart.total_seconds())
        else:
            log.warning("this clock agrees with the database's again")
    return not wrong
