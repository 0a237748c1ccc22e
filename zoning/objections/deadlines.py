"""The deadline to object to an opinion, or to the refusal of a request for one, which moves after an incident."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.utils.translation import gettext_lazy as _

from municipality.incidents.registry import Deadline, Deadlines
from municipality.incidents.requests import applicant
from zoning.objections import queries


def _due(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    return (Deadline(row.pk, day, row.case.key, row.case.reference) for row, day in queries.running(first, last))


def _stays(thing: int, day: dt.date) -> bool:
    """Nothing is stored but the moved deadline itself, for which `objections.queries` asks."""
    return True


TO_OBJECT = Deadlines(_("To object to an opinion"), _due, _stays, applicant)
