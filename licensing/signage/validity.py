"""Which boards are licensed."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q, QuerySet

from licensing.models import Board
from municipality.documents.states import LIVE


def licensed_on(day: dt.date) -> QuerySet[Board]:
    """The boards that are licensed on a day: within their days, under a licence in force. `standing` calls those of today valid."""
    document = Q(request__document__valid_from=None) | Q(request__document__valid_from__lte=day)
    rows = Board.objects.filter(document, request__document__state__in=LIVE, first_day__lte=day, last_day__gte=day)
    return rows.filter(end=None)
