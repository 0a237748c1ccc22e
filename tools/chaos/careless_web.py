"""A web process without the guards of its acknowledgement, for the controls. A file in CARELESS_FOLDER opens each gap.

- `works_in_the_request`: the bank is asked before its notification is acknowledged.
- `says_ok`: a notification that could not be stored is acknowledged all the same.
"""

from __future__ import annotations

from typing import Any

from django.db import DatabaseError

from municipality.wsgi import application
from payments import links, services
from payments.models import Attempt
from tools.chaos.careless import instead

__all__ = ["application"]


@instead(services, "take_notification", "works_in_the_request")
def works(original: Any, **given: Any) -> str:
    url: str = original(**given)
    for attempt in Attempt.objects.filter(token=url.rpartition("/")[2]):
        services.inquire(attempt_id=attempt.pk, turn=99)
    return url


@instead(services, "take_notification", "says_ok")
def says_ok(original: Any, **given: Any) -> str:
    try:
        return str(original(**given))
    except DatabaseError:
        return links.absolute(links.receipt_path(links.UNKNOWN))
