"""The timelines of corrections and replies on their case pages."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.cases.timeline import Timeline
from municipality.review.timeline import MOVES as STUDIED
from shops.public_page.states import PageState

G = PageState
MOVES = {**STUDIED, "send": _("Sent to the Municipality, waiting for an officer")}


def _timeline(*, name: Any, granted: Any, studied: Any) -> Timeline:
    titles: dict[str, Any] = {
        G.DRAFT: _("Being sent"),
        G.IN_REVIEW: _("With an officer of the branch"),
        G.CORRECTIONS: _("Corrections asked for"),
        G.COUNTERSIGN: _("A decision waits for a second signature"),
        G.GRANTED: granted,
        G.REFUSED: _("Refused"),
        G.WITHDRAWN: _("Withdrawn by the applicant"),
    }
    return Timeline(
        name=name,
        bad=frozenset({G.REFUSED, G.WITHDRAWN}),
        titles=titles,
        moves=MOVES,
        path=(G.IN_REVIEW, G.GRANTED),
        ahead={G.IN_REVIEW: _("Decision of the officer"), G.GRANTED: granted},
        rejoins={G.CORRECTIONS: G.IN_REVIEW},
        next_actor={G.CORRECTIONS: "applicant", G.IN_REVIEW: "officer", G.COUNTERSIGN: "supervisor"},
        notes={G.IN_REVIEW: studied, G.COUNTERSIGN: _("A second person reads the decision before it takes effect.")},
    )


CORRECTIONS = _timeline(
    name=_("Correction of a shop’s page"),
    granted=_("The page is corrected"),
    studied=_("An officer compares the fact with the documents. The page stays as it is until then."),
)
REPLIES = _timeline(
    name=_("Reply to a finding"),
    granted=_("The reply is published"),
    studied=_("An officer reads whether the reply is about the finding and names nobody. Not a word of it is changed."),
)
