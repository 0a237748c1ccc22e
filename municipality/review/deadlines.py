"""The time to answer corrections, which moves after an incident."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.incidents.registry import Deadline, Deadlines
from municipality.incidents.requests import applicant
from municipality.review.models import CorrectionRound
from municipality.review.registry import reviewable
from municipality.review.states import QueueEntryState

_RUNNING = Q(answered_at__isnull=True, closed_at__isnull=True, case__place__state=QueueEntryState.AWAY)


def _due(first: dt.date, last: dt.date) -> Iterator[Deadline]:
    rows = CorrectionRound.objects.filter(_RUNNING, answer_by__range=(first, last)).select_related("case").order_by("pk")
    return (Deadline(row.pk, row.answer_by, row.case.key, row.case.reference) for row in rows.iterator())


def _move(pk: int, day: dt.date) -> bool:
    row = CorrectionRound.objects.select_for_update(of=("self",)).filter(_RUNNING, pk=pk).first()
    return row is not None and bool(CorrectionRound.objects.filter(pk=pk).update(answer_by=day))


def _latest(pk: int) -> dt.date | None:
    """The last day that the legal time for the decision leaves, which no incident moves: after it silence is a refusal."""
    case = CorrectionRound.objects.select_related("case").get(pk=pk).case
    legal_time = reviewable(case).legal_time(case)
    return legal_time.answer_by if legal_time is not None else None


CORRECTIONS = Deadlines(_("To answer the corrections"), _due, _move, applicant, latest=_latest)
