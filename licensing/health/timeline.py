"""The timelines of the acts on a licence on their case pages."""

from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from licensing.health.states import RenewalState
from municipality.cases.timeline import Timeline
from municipality.review.timeline import MOVES

S = RenewalState
TIMELINE = Timeline(
    name=_("Health licence renewal"),
    bad=frozenset({S.EXPIRED, S.WITHDRAWN, S.REFUSED}),
    titles={
        S.DRAFT: _("Being filled in"),
        S.IN_REVIEW: _("With an officer of the branch"),
        S.CORRECTIONS: _("Corrections asked for"),
        S.COUNTERSIGN: _("A decision waits for a second signature"),
        S.AWAITING_PAYMENT: _("Waiting for payment"),
        S.PAID: _("Paid"),
        S.APPROVED: _("Approved automatically under the published rules"),
        S.ISSUED: _("Licence issued"),
        S.EXPIRED: _("Closed without payment"),
        S.WITHDRAWN: _("Withdrawn by the applicant"),
        S.REFUSED: _("Refused"),
    },
    moves={
        **MOVES,
        "submit": _("Submitted, waiting for payment"),
        "send_to_officer": _("Sent to the Municipality, waiting for an officer"),
        "accept": _("Approved by an officer, waiting for payment"),
        "allow_appeal": _("The appeal is allowed: approved, waiting for payment"),
        "lapse": _("Closed because the corrections were not answered"),
        "approve:officer_accepted": _("The licence is being drawn up"),
    },
    path=(S.IN_REVIEW, S.AWAITING_PAYMENT, S.PAID, S.APPROVED, S.ISSUED),
    paths={"send_to_officer": (S.IN_REVIEW, S.AWAITING_PAYMENT, S.ISSUED)},  # the officer approves before the payment
    ahead={
        S.IN_REVIEW: _(
            "Decision of the officer: approved, or refused with the reason. A refusal costs nothing, and you can appeal against it"
        ),
        S.AWAITING_PAYMENT: _("Payment, if approved"),
        S.APPROVED: _("Approved"),
        S.ISSUED: _("Issue of the licence"),
    },
    decided_in=frozenset({S.IN_REVIEW}),
    rejoins={S.CORRECTIONS: S.IN_REVIEW, S.PAID: S.ISSUED, S.APPROVED: S.ISSUED},
    next_actor={S.AWAITING_PAYMENT: "applicant", S.CORRECTIONS: "applicant", S.IN_REVIEW: "officer", S.COUNTERSIGN: "supervisor"},
    notes={
        S.IN_REVIEW: _("Requests are studied in order of arrival. They keep their place during corrections and absences of officers."),
        S.CORRECTIONS: _("The service time is paused until the answer arrives."),
        S.COUNTERSIGN: _("A second person reads the decision before it takes effect."),
        S.AWAITING_PAYMENT: _("The fee is fixed. The licence is issued automatically after payment."),
        S.APPROVED: _("The licence is being prepared and sealed. This takes less than a minute."),
        S.EXPIRED: _("A new request can be started at any time."),
    },
)
CHANGE_TIMELINE = replace(TIMELINE, name=_("Change of a health licence"), path=TIMELINE.paths["send_to_officer"])
TRANSFER_TIMELINE = replace(
    CHANGE_TIMELINE,
    name=_("Transfer of a health licence"),
    moves={**TIMELINE.moves, "call_off": _("Called off by the present holder")},
)
DUPLICATE_TIMELINE = replace(TIMELINE, name=_("Duplicate of a health licence"), path=(S.AWAITING_PAYMENT, S.PAID, S.APPROVED, S.ISSUED))
