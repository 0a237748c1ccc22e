"""The claim of a shop: states and moves. The review by an officer has the moves of the desk."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow
from municipality.review.states import desk_moves, second_signature_moves

CLAIM = "shops.claim"


class ClaimState(models.TextChoices):
    DRAFT = "draft", _("Being filled in")
    MATCHED = "matched", _("Matched with the register, may be disputed")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for corrections")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    GRANTED = "granted", _("Claim granted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    EXPIRED = "expired", _("Closed without an answer")


C = ClaimState
CLAIM_WORKFLOW = workflow(
    CLAIM,
    C.DRAFT,
    # The commercial register names the claimant; open to dispute for the days of the rulebook.
    move("match", C.DRAFT, to=C.MATCHED, may="applicant", label=_("Match with the register")),
    move("settle", C.MATCHED, to=C.GRANTED, label=_("Nobody disputed the claim")),
    # Disputed by the holder; an officer decides.
    move("dispute", C.MATCHED, to=C.IN_REVIEW, may="holder", label=_("Dispute the claim")),
    move("object", C.IN_REVIEW, to=C.IN_REVIEW, may="holder", label=_("Dispute the claim")),
    # While the claimant corrects: also after the days of the holder, who answers what is sent in then.
    move("object_meanwhile", C.CORRECTIONS, to=C.CORRECTIONS, may="holder", label=_("Dispute the claim")),
    # Without a match: documents, and an officer.
    move("send_to_officer", C.DRAFT, to=C.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
    *desk_moves(C.IN_REVIEW, corrections=C.CORRECTIONS, countersign=C.COUNTERSIGN, accepted=C.GRANTED, refused=C.REFUSED),
    *second_signature_moves(C.IN_REVIEW, countersign=C.COUNTERSIGN, accepted=C.GRANTED),
    move("lapse", C.CORRECTIONS, to=C.EXPIRED, label=_("Close without an answer")),
    move("withdraw", [C.IN_REVIEW, C.CORRECTIONS, C.COUNTERSIGN], to=C.WITHDRAWN, may="applicant", label=_("Withdraw the request")),
)
