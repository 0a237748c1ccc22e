"""The timeline of an objection on its case page, and its filing in that of the opinion."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import AddedStep, Timeline
from municipality.documents.states import DocumentState
from municipality.review.timeline import MOVES
from zoning.objections import queries
from zoning.objections.states import OpinionObjectionState
from zoning.opinion.states import OPINION, OpinionState

S = OpinionObjectionState
TIMELINE = Timeline(
    name=_("Objection to an opinion"),
    bad=frozenset({S.REFUSED, S.LAPSED, S.WITHDRAWN}),
    titles={
        S.DRAFT: _("Being sent"),
        S.IN_REVIEW: _("With a planner of another branch"),
        S.CORRECTIONS: _("More was asked for"),
        S.COUNTERSIGN: _("A decision waits for a second signature"),
        S.DECIDED: _("Upheld"),
        S.REPLACED: _("A new opinion is issued"),
        S.SENT_BACK: _("The question is studied anew"),
        S.REFUSED: _("Refused: the decision stands"),
        S.LAPSED: _("Refused by silence: the legal time is over"),
        S.WITHDRAWN: _("Withdrawn by the applicant"),
    },
    moves={
        **MOVES,
        "send": _("Objection sent; another branch was chosen by lot"),
        "countersign": _("Refused: the decision stands"),
        "sign_acceptance": _("Upheld, signed by a second person"),
    },
    path=(S.IN_REVIEW, S.DECIDED),
    ahead={S.DECIDED: _("Decision")},
    rejoins={S.CORRECTIONS: S.IN_REVIEW, S.COUNTERSIGN: S.DECIDED},
    next_actor={S.CORRECTIONS: "applicant", S.IN_REVIEW: "officer", S.COUNTERSIGN: "supervisor", S.DECIDED: "officer"},
    notes={
        S.IN_REVIEW: _("Nobody who took part in the decision decides again."),
        S.COUNTERSIGN: _("A second person reads the decision before it takes effect."),
        S.SENT_BACK: _("An old opinion stays as it is until a new one is issued."),
        S.LAPSED: _("No answer counts as a refusal. You can go to court within the time given in the message."),
    },
)


def added_steps(case: Case, events: Sequence[CaseEvent]) -> list[AddedStep]:
    """The filing of the objection and that a new opinion took its place, for a request that was decided."""
    if case.service != OPINION or not (case.state == OpinionState.REFUSED or any(event.move == "issue" for event in events)):
        return []
    objection = queries.objection_to(case.pk)
    if objection is None:
        return []
    steps = [AddedStep(objection.filed_at, _("Objected; another branch decides"), "applicant")]
    document = objection.opinion.document
    if document is not None and document.state == DocumentState.SUPERSEDED and document.last_event is not None:
        steps.append(AddedStep(document.last_event.at, _("A new opinion replaces the old one"), "system"))
    return steps
