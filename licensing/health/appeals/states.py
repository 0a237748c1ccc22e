"""The appeal against a refused request for a licence: states and moves. The study by an officer has the moves of the desk."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves, second_signature_moves

APPEAL = "licensing.appeal"


class AppealState(models.TextChoices):
    DRAFT = "draft", _("Being sent")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for your answer")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    ALLOWED = "allowed", _("Allowed")
    REFUSED = "refused", _("Refused")
    LAPSED = "lapsed", _("Refused by silence")
    WITHDRAWN = "withdrawn", _("Withdrawn")


A = AppealState
STUDIED = (A.IN_REVIEW, A.CORRECTIONS, A.COUNTERSIGN)
APPEAL_WORKFLOW = workflow(
    APPEAL,
    A.DRAFT,
    move("send", A.DRAFT, to=A.IN_REVIEW, may="applicant", label=_("Send the appeal")),
    # The rulebook has no reasons for corrections here, so that none are requested.
    *desk_moves(
        A.IN_REVIEW,
        corrections=A.CORRECTIONS,
        countersign=A.COUNTERSIGN,
        accepted=A.ALLOWED,
        refused=A.REFUSED,
        accept=_("Allow the appeal"),
    ),
    # That of a new licence against the answer of zoning.
    *second_signature_moves(A.IN_REVIEW, countersign=A.COUNTERSIGN, accepted=A.ALLOWED),
    # No answer within the legal time is a refusal; the person is told on the day.
    move("lapse", STUDIED, to=A.LAPSED, label=_("The legal time for an answer is over")),
    move("withdraw", STUDIED, to=A.WITHDRAWN, may="applicant", label=_("Withdraw the appeal")),
)
