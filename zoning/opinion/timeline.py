"""The course of an opinion on its case page, with what the consulted bodies did."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from municipality.cases.models import Case, CaseEvent
from municipality.cases.timeline import AddedStep, Timeline
from municipality.review.timeline import MOVES
from municipality.ui.templatetags.portal import bilingual, moment
from municipality.ui.texts import Text
from zoning.opinion.queries import consultations_of
from zoning.opinion.states import OPINION, OpinionState

S = OpinionState
TITLES: dict[str, Text] = {
    S.DRAFT: _("Being filled in"),
    S.AWAITING_PAYMENT: _("Waiting for payment"),
    S.IN_REVIEW: _("With a planner"),
    S.CORRECTIONS: _("Corrections asked for"),
    S.COUNTERSIGN: _("A decision waits for a second signature"),
    S.DECIDED: _("Signed, being sealed"),
    S.ISSUED: _("The opinion is issued"),
    S.REFUSED: _("Refused"),
    S.EXPIRED: _("Closed without payment or answer"),
    S.WITHDRAWN: _("Withdrawn by the applicant"),
    S.UNPAID: _("Closed: the bank took the payment back"),
}
TIMELINE = Timeline(
    name=_("Zoning opinion"),
    titles=TITLES,
    path=(S.AWAITING_PAYMENT, S.IN_REVIEW, S.DECIDED, S.ISSUED),
    ahead={S.IN_REVIEW: _("Study by a planner"), S.DECIDED: _("Signature"), S.ISSUED: _("Sealed opinion")},
    rejoins={S.CORRECTIONS: S.IN_REVIEW, S.COUNTERSIGN: S.DECIDED},
    next_actor={
        S.AWAITING_PAYMENT: "applicant",
        S.CORRECTIONS: "applicant",
        S.IN_REVIEW: "officer",
        S.COUNTERSIGN: "supervisor",
        S.DECIDED: "officer",
    },
    notes={
        S.IN_REVIEW: _("A planner compares the instant answer with the plans and asks the bodies that the request concerns."),
        S.COUNTERSIGN: _("A second person reads the opinion before it takes effect."),
    },
    moves={
        **MOVES,
        "submit": _("Submitted; the fee is not paid yet"),
        "restudy": _("An objection was upheld: studied anew, without a fee"),
        "pay": _("Paid, waiting for a planner"),
        "accept": _("Signed"),
    },
    paths={"restudy": (S.IN_REVIEW, S.DECIDED, S.ISSUED)},
    bad=frozenset({S.REFUSED, S.EXPIRED, S.WITHDRAWN, S.UNPAID}),
)


def added_steps(case: Case, events: Sequence[CaseEvent]) -> list[AddedStep]:
    """When the bodies were asked, answered, or fell silent."""
    if case.service != OPINION or case.state == S.AWAITING_PAYMENT:  # they are asked once it is paid
        return []
    rows = consultations_of(case.pk)
    steps = [AddedStep(rows[0].asked_at, gettext("Bodies asked: %(count)s") % {"count": len(rows)}, "system")] if rows else []
    for row in rows:
        name = bilingual(row, "name")
        if row.silent_at is not None:
            text = gettext("{body}: no answer by {until}. The request goes on; silence is not approval.")
            steps.append(AddedStep(row.silent_at, format_html(text, body=name, until=moment(row.silent_at)), "system"))
        if row.answered_at is not None:
            text = gettext("{body} answered: {answer}")
            steps.append(AddedStep(row.answered_at, format_html(text, body=name, answer=row.get_answer_display()), "officer"))
    return sorted(steps, key=lambda step: step.at)
