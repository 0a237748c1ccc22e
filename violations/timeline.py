"""The timeline of an objection on the page of its case."""

from django.utils.translation import gettext_lazy as _

from municipality.cases.timeline import Timeline
from violations.states import ObjectionState

O = ObjectionState  # noqa: E741 - as the states above
TIMELINE = Timeline(
    name=_("Objection to a violation"),
    bad=frozenset({O.REFUSED, O.LAPSED, O.WITHDRAWN}),
    titles={
        O.SENT: _("Being sent"),
        O.IN_REVIEW: _("With an officer of another branch"),
        O.CORRECTIONS: _("More was asked for"),
        O.COUNTERSIGN: _("A decision waits for a second signature"),
        O.UPHELD: _("Upheld: the violation is annulled"),
        O.REFUSED: _("Refused"),
        O.LAPSED: _("Refused by silence: the legal time is over"),
        O.WITHDRAWN: _("Withdrawn"),
    },
    moves={
        "send": _("Objection sent; another branch was chosen by lot"),
        "answer": _("Answered, back with the officer"),
        "go_on": _("The time to answer is over, back with the officer"),
        "take_back": _("The officer takes the proposal back"),
        "return": _("The supervisor sends the proposal back"),
        "reopen": _("Back in the queue at its own place"),
        "move_promise": _("The decision date has changed"),
        "move_promise_signing": _("The decision date has changed"),
    },
    path=(O.IN_REVIEW, O.UPHELD),
    ahead={O.UPHELD: _("Decision")},
    rejoins={O.CORRECTIONS: O.IN_REVIEW},
    next_actor={O.CORRECTIONS: "applicant", O.IN_REVIEW: "officer", O.COUNTERSIGN: "supervisor", O.UPHELD: "other_officer"},
    notes={
        O.IN_REVIEW: _("The person who decides sees neither shop nor owner nor inspector. Nothing goes to the court meanwhile."),
        O.CORRECTIONS: _("The legal time for the answer of the Municipality runs on."),
        O.LAPSED: _("No answer counts as a refusal. You can go to court within the time given in the message."),
    },
)
