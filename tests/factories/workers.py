"""Health certificates of workers."""

from __future__ import annotations

import datetime as dt
from typing import Any

from licensing.models import WorkerCertificate
from licensing.workers import services
from municipality.accounts.models import actor_of
from municipality.kernel import civil_id, clock
from shops.models import Shop


def civil_number(serial: int) -> str:
    """A valid civil number of somebody born on 3 April 1990, another one for each serial from 1."""
    first, found = "2900403", 0
    for number in range(1, 9999):
        if (check := civil_id.check_digit(f"{first}{number:04d}")) is not None:
            found += 1
            if found == serial:
                return f"{first}{number:04d}{check}"
    raise ValueError(serial)


def worker(shop: Shop, *, ends_in: int = 200, serial: int = 1, **facts: Any) -> WorkerCertificate:
    """A worker of a shop, entered by its owner."""
    given = {"name": f"عامل {serial}", "number": f"HC-{serial:05d}", "civil_number": civil_number(serial), **facts}
    last_day = clock.today() + dt.timedelta(days=ends_in)
    return services.enter(shop=shop, last_day=last_day, by=shop.owner, actor=actor_of(shop.owner), **given)
