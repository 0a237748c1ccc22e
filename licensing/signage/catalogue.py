"""The licence for boards on the home page and its service card."""

from __future__ import annotations

import datetime as dt
from functools import partial

from django.utils.translation import gettext_lazy as _

from licensing.signage import queries
from licensing.signage.states import BOARDS
from municipality.cases.catalogue import ServiceEntry
from municipality.review.study_times import times_of
from municipality.rulebook import queries as rulebook


def promise(today: dt.date) -> int:
    """Promised working days of the study of a request."""
    return rulebook.edition(queries.LIMITS, today).limits["promise_working_days"].value


SIGNAGE = ServiceEntry(
    code="signage",
    icon="sign",
    name=_("Advertisement licence"),
    summary=_("One request for all boards of a shop: commercial, introductory, seasonal and construction."),
    needs=_("A photo of the front, and the size of each board: drawn on the photo, or with a plan"),
    order=2,
    start="licensing:boards",
    workflow=BOARDS,
    times=partial(times_of, BOARDS),
    promise=promise,
    preview=("licensing:board_costs", _("What a board costs")),
    cost=_("By class, medium and size of each board, with a deposit that comes back."),
)
