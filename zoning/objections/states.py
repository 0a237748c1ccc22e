"""The objection to an opinion: states and moves. The study by a planner has the moves of the desk."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves, second_signature_moves

OBJECTION = "zoning.objection"


class OpinionObjectionState(models.TextChoices):
    DRAFT = "draft", _("Being sent")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for your answer")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    DECIDED = "decided", _("Upheld, the new opinion is being sealed")
    REPLACED = "replaced", _("Upheld: a new opinion is issued")
    SENT_BACK = "sent_back", _("Upheld: the question is studied anew")
    REFUSED = "refused", _("Refused: the decision stands")
    LAPSED = "lapsed", _("Refused by silence")
    WITHDRAWN = "withdrawn", _("Withdrawn")


S = OpinionObjectionState
STUDIED = (S.IN_REVIEW, S.CORRECTIONS, S.COUNTERSIGN)
OBJECTION_WORKFLOW = workflow(
    OBJECTION,
    S.DRAFT,
    move("send", S.DRAFT, to=S.IN_REVIEW, may="applicant", label=_("Send the objection")),
    # The rulebook has no reasons for corrections here, so that none are requested.
    *desk_moves(
        S.IN_REVIEW,
        corrections=S.CORRECTIONS,
        countersign=S.COUNTERSIGN,
        accepted=S.DECIDED,
        refused=S.REFUSED,
        accept=_("Uphold the objection"),
    ),
    *second_signature_moves(S.IN_REVIEW, countersign=S.COUNTERSIGN, accepted=S.DECIDED),
    move("issue", S.DECIDED, to=S.REPLACED, label=_("Issue the opinion")),
    move("send_back", S.DECIDED, to=S.SENT_BACK, label=_("Have the question studied anew")),
    # No answer within the legal time is a refusal; the person is told on the day.
    move("lapse", STUDIED, to=S.LAPSED, label=_("The legal time for an answer is over")),
    move("withdraw", STUDIED, to=S.WITHDRAWN, may="applicant", label=_("Withdraw the objection")),
)
