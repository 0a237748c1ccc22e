"""The timeline of a claim on its case page."""

from django.utils.translation import gettext_lazy as _

from municipality.cases.timeline import Timeline
from municipality.review.timeline import MOVES
from shops.claims.states import ClaimState

C = ClaimState
TIMELINE = Timeline(
    name=_("Claim of a shop"),
    bad=frozenset({C.REFUSED, C.WITHDRAWN, C.EXPIRED}),
    titles={
        C.DRAFT: _("Being filled in"),
        C.MATCHED: _("Matched with the commercial register"),
        C.IN_REVIEW: _("With the Municipality"),
        C.CORRECTIONS: _("Corrections asked for"),
        C.COUNTERSIGN: _("A decision waits for a second signature"),
        C.GRANTED: _("Claim granted"),
        C.REFUSED: _("Refused"),
        C.WITHDRAWN: _("Withdrawn by the applicant"),
        C.EXPIRED: _("Closed because the corrections were not answered"),
    },
    moves={
        **MOVES,
        "move_promise": _("The date of the decision is set"),
        "send_to_officer": _("Sent to the Municipality: the present holder can answer, then an officer decides"),
        "dispute": _("Disputed by the holder: frozen until an officer decides"),
        "object": _("Disputed by the holder: frozen until an officer decides"),
        "object_meanwhile": _("Disputed by the holder: frozen until an officer decides"),
        "settle": _("Nobody disputed the claim in its days"),
    },
    path=(C.IN_REVIEW, C.GRANTED),
    ahead={C.IN_REVIEW: _("Decision of the officer"), C.GRANTED: _("Decision")},
    rejoins={C.CORRECTIONS: C.IN_REVIEW, C.COUNTERSIGN: C.GRANTED},
    next_actor={C.CORRECTIONS: "applicant", C.IN_REVIEW: "officer", C.COUNTERSIGN: "supervisor", C.GRANTED: "officer"},
    notes={
        C.MATCHED: _("The shop stands in your list. Its holder until now may dispute the claim for some days."),
        C.IN_REVIEW: _("Requests are studied in order of arrival. They keep their place during corrections and absences of officers."),
        C.CORRECTIONS: _("The service time is paused until the answer arrives."),
        C.COUNTERSIGN: _("A second person reads the decision before it takes effect."),
    },
)
