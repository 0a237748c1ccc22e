"""The timeline of a request for boards on its case page."""

from django.utils.translation import gettext_lazy as _

from licensing.signage.states import BoardsState
from municipality.cases.timeline import Timeline
from municipality.review.timeline import MOVES

S = BoardsState
TIMELINE = Timeline(
    name=_("Licence for boards"),
    bad=frozenset({S.EXPIRED, S.WITHDRAWN, S.REFUSED, S.UNPAID}),
    titles={
        S.DRAFT: _("Being filled in"),
        S.IN_REVIEW: _("With an officer of the branch"),
        S.CORRECTIONS: _("Corrections asked for"),
        S.COUNTERSIGN: _("A decision waits for a second signature"),
        S.AWAITING_PAYMENT: _("Waiting for payment"),
        S.PAID: _("Being sealed"),
        S.ISSUED: _("Licence issued"),
        S.EXPIRED: _("Closed without payment or answer"),
        S.WITHDRAWN: _("Withdrawn by the applicant"),
        S.REFUSED: _("Refused"),
        S.UNPAID: _("Closed: the bank took the payment back"),
    },
    moves={
        **MOVES,
        "submit": _("Asked for under the published rules"),
        "send_to_officer": _("Sent to the Municipality, waiting for an officer"),
        "accept": _("Approved by an officer"),
        "allow_appeal": _("The appeal is allowed: approved, waiting for payment"),
        "free": _("Nothing is to be paid"),
        "lapse": _("Closed because the corrections were not answered"),
    },
    path=(S.IN_REVIEW, S.AWAITING_PAYMENT, S.ISSUED),
    paths={"submit": (S.AWAITING_PAYMENT, S.ISSUED)},
    ahead={
        S.IN_REVIEW: _("Decision of the officer, with the reason if it is a refusal"),
        S.AWAITING_PAYMENT: _("Payment, if approved and a fee is due"),
        S.ISSUED: _("Issue of the licence"),
    },
    decided_in=frozenset({S.IN_REVIEW}),
    rejoins={S.CORRECTIONS: S.IN_REVIEW, S.COUNTERSIGN: S.AWAITING_PAYMENT, S.PAID: S.ISSUED},
    next_actor={S.AWAITING_PAYMENT: "applicant", S.CORRECTIONS: "applicant", S.IN_REVIEW: "officer", S.COUNTERSIGN: "supervisor"},
    notes={
        S.IN_REVIEW: _("Requests are studied in order of arrival. They keep their place during corrections and absences of officers."),
        S.CORRECTIONS: _("The service time is paused until the answer arrives."),
        S.COUNTERSIGN: _("A second person reads the decision before it takes effect."),
        S.AWAITING_PAYMENT: _("The fee is fixed. The licence is issued automatically after payment."),
        S.PAID: _("The licence is being prepared and sealed. This takes less than a minute."),
    },
)
