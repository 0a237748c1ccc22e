"""The timeline of an appeal on its case page, and its filing in that of the request."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from licensing.health.appeals import queries
from licensing.health.appeals.registry import APPEALABLES
from licensing.health.appeals.states import AppealState
from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import AddedStep, Timeline
from municipality.review.timeline import MOVES

A = AppealState
TIMELINE = Timeline(
    name=_("Appeal against a refused request for a licence"),
    bad=frozenset({A.REFUSED, A.LAPSED, A.WITHDRAWN}),
    titles={
        A.DRAFT: _("Being sent"),
        A.IN_REVIEW: _("With an officer of another branch"),
        A.CORRECTIONS: _("More was asked for"),
        A.COUNTERSIGN: _("A decision waits for a second signature"),
        A.ALLOWED: _("Allowed: the refusal is set aside"),
        A.REFUSED: _("Refused: the refusal stands"),
        A.LAPSED: _("Refused by silence: the legal time is over"),
        A.WITHDRAWN: _("Withdrawn by the applicant"),
    },
    moves={**MOVES, "send": _("Appeal sent; another branch was chosen by lot"), "countersign": _("Refused: the refusal stands")},
    path=(A.IN_REVIEW, A.ALLOWED),
    ahead={A.ALLOWED: _("Decision")},
    rejoins={A.CORRECTIONS: A.IN_REVIEW},
    next_actor={A.CORRECTIONS: "applicant", A.IN_REVIEW: "officer", A.COUNTERSIGN: "supervisor"},
    notes={
        A.IN_REVIEW: _("Neither those who refused nor anybody of their branch decides."),
        A.COUNTERSIGN: _("A second person reads the decision before it takes effect."),
        A.LAPSED: _("No answer counts as a refusal. You can go to court within the time given in the message."),
    },
)


def added_steps(case: Case, events: Sequence[CaseEvent]) -> list[AddedStep]:
    """The filing of the appeal, for a request that was refused."""
    if case.service not in APPEALABLES or not any(event.move == "countersign" for event in events):
        return []
    appeal = queries.appeal_read(case)
    return [AddedStep(appeal.filed_at, _("Appealed; another branch decides"), "applicant")] if appeal is not None else []
