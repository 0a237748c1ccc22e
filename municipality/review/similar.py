"""Decided cases in which the same refusal was proposed, for whoever signs one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, Count, Exists, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.models import Case, CaseEvent
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import linked
from municipality.review.boards import DECIDED
from municipality.review.models import CorrectionRound, Decision
from municipality.review.registry import reviewable
from municipality.review.states import QueueEntryState
from municipality.ui.texts import Text

SHOWN = 5
RECENT = 200  # proposals among which the nearest are looked for


@dataclass(frozen=True)
class SimilarCase:
    """One line: how the case ended and when, its rounds of corrections, and whether its activity is the same."""

    case: Case
    kind: str
    word: Text
    at: dt.datetime
    rounds: int
    is_same_activity: bool

    @property
    def is_refused(self) -> bool:
        return self.kind != "ok"

    @property
    def is_set_aside(self) -> bool:
        return self.kind == "warn"


def visible_to(user: User, decision: Decision) -> QuerySet[Case]:
    """The decided cases of the same service in which the reason of a refusal was proposed too, without the user's conflicts of interest.

    None for a second round, and for a service that is studied without names.
    """
    case = decision.case
    if decision.outcome != "refuse" or reviewable(case).is_blind:
        return Case.objects.none()
    proposals = Decision.objects.filter(outcome="refuse", code=decision.code, case__service=case.service).exclude(case=case)
    recent = proposals.order_by("-pk").values("case")[:RECENT]
    decided = Case.objects.filter(pk__in=recent, place__state=QueueEntryState.LEFT, place__last_event__reason__in=DECIDED)
    return linked.without_conflicts(user, decided)


def nearest(user: User, decision: Decision) -> list[SimilarCase]:
    """The nearest ones: of the same activity first, then of the same branch, then the newest; one query."""
    case = decision.case
    same_activity = reviewable(case).same_activity
    again = sorted(move.name for move in WORKFLOWS[case.service].moves.values() if move.reopens)
    counted = CorrectionRound.objects.filter(case=OuterRef("pk")).order_by().values("case").annotate(count=Count("pk")).values("count")
    rows: Any = (
        visible_to(user, decision)
        .select_related("branch", "place__last_event")
        .defer("editions", "snapshot")
        .annotate(
            is_near=_marks(same_activity(case)) if same_activity is not None else Value(False),
            is_of_branch=_marks(Q(branch=case.branch_id)),
            is_set_aside=Exists(CaseEvent.objects.filter(subject=OuterRef("pk"), move__in=again)),
            round_count=Coalesce(Subquery(counted), 0),
        )
        .order_by("-is_near", "-is_of_branch", "-place__last_event")[:SHOWN]
    )
    return [_line(row) for row in rows]


def _marks(condition: Q) -> ExpressionWrapper:
    return ExpressionWrapper(condition, output_field=BooleanField())


def _line(row: Any) -> SimilarCase:
    event = row.place.last_event
    if event.reason == "accepted":
        kind, word = "ok", reviewable(row).accepted_label
    elif row.is_set_aside:
        kind, word = "warn", _("Refused, then set aside on appeal")
    else:
        kind, word = "bad", _("Refused")
    return SimilarCase(row, kind, word, event.at, row.round_count, row.is_near)
