"""The timeline of a request for a new licence on its case page."""

from django.utils.translation import gettext_lazy as _

from licensing.health.new_licence.states import NewLicenceState
from municipality.cases.timeline import Timeline
from municipality.review.timeline import MOVES

S = NewLicenceState
TIMELINE = Timeline(
    name=_("New health licence"),
    bad=frozenset({S.EXPIRED, S.WITHDRAWN, S.REFUSED, S.UNPAID}),
    titles={
        S.DRAFT: _("Being filled in"),
        S.IN_REVIEW: _("With an officer of the branch"),
        S.CORRECTIONS: _("Corrections asked for"),
        S.COUNTERSIGN: _("A decision waits for a second signature"),
        S.LOCATION_APPROVED: _("Location approved, the commercial licence comes next"),
        S.INSPECTION: _("Inspection of the shop"),
        S.AWAITING_PAYMENT: _("Inspection passed, waiting for payment"),
        S.PAID: _("Paid, being sealed"),
        S.ISSUED: _("Licence issued"),
        S.EXPIRED: _("Closed after the last day"),
        S.WITHDRAWN: _("Withdrawn by the applicant"),
        S.REFUSED: _("Refused"),
        S.UNPAID: _("Closed: the bank took the payment back"),
    },
    moves={
        **MOVES,
        "send_to_officer": _("Sent to the Municipality, waiting for an officer"),
        "accept": _("Location approved by an officer"),
        "sign_acceptance": _("Location approved with a second signature"),
        "inspect": _("Commercial licence stated, the inspection is asked for"),
        "allow_appeal": _("The appeal is allowed: location approved"),
        "lapse": _("Closed because the corrections were not answered"),
    },
    path=(S.IN_REVIEW, S.LOCATION_APPROVED, S.INSPECTION, S.AWAITING_PAYMENT, S.ISSUED),
    ahead={
        S.IN_REVIEW: _("Decision of the officer about the location, with the reason if it is a refusal"),
        S.LOCATION_APPROVED: _("Commercial licence, by the day that the approval of the location names"),
        S.INSPECTION: _("Inspection of the shop"),
        S.AWAITING_PAYMENT: _("Payment, if the inspection is passed"),
        S.ISSUED: _("Issue of the licence"),
    },
    decided_in=frozenset({S.IN_REVIEW}),
    kept_promise=frozenset({S.INSPECTION, S.PAID}),
    rejoins={S.CORRECTIONS: S.IN_REVIEW, S.COUNTERSIGN: S.LOCATION_APPROVED, S.PAID: S.ISSUED},
    next_actor={
        S.LOCATION_APPROVED: "applicant",
        S.AWAITING_PAYMENT: "applicant",
        S.CORRECTIONS: "applicant",
        S.IN_REVIEW: "officer",
        S.COUNTERSIGN: "supervisor",
        S.INSPECTION: "inspector",
    },
    notes={
        S.IN_REVIEW: _("Requests are studied in order of arrival. They keep their place during corrections and absences of officers."),
        S.CORRECTIONS: _("The service time is paused until the answer arrives."),
        S.COUNTERSIGN: _("A second person reads the decision before it takes effect."),
        S.LOCATION_APPROVED: _("The shop does not open yet."),
        S.AWAITING_PAYMENT: _("The fee is fixed. The licence is issued automatically after payment."),
        S.PAID: _("The licence is being prepared and sealed. This takes less than a minute."),
    },
)
