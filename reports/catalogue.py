"""The entry of this service on the home page."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import gettext_lazy as _

from municipality.cases.catalogue import FeeLine, ServiceEntry
from reports import queries


def fees(today: dt.date) -> list[FeeLine]:
    """None: reporting is free. Raises Refused("no_edition") where no categories are in force, so that the service waits for them."""
    queries.rules(today)
    return []


REPORTS = ServiceEntry(
    code="reports",
    icon="eye",
    name=_("Eye of Kuwait"),
    summary=_("Report a problem in less than a minute: a photo, the place and what it is. Inspectors do not see who reported it."),
    needs=_("A photo and the place"),
    order=6,
    start="reports:new",
    fees=fees,
    cost=_("Without a fee."),
)
