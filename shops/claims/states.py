"""A claim of a shop: states and moves. The officer's lane has the names that the desk knows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow

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
    # The commercial register names the claimant: at once, and open to dispute for the days of the rulebook.
    move("match", C.DRAFT, to=C.MATCHED, may="applicant", label=_("Match with the register")),
    move("settle", C.MATCHED, to=C.GRANTED, label=_("Nobody disputed the claim")),
    # The present holder freezes it, and a person decides.
    move("dispute", C.MATCHED, to=C.IN_REVIEW, may="holder", label=_("Dispute the claim")),
    move("object", C.IN_REVIEW, to=C.IN_REVIEW, may="holder", label=_("Dispute the claim")),
    # Without a match: documents, and an officer.
    move("send_to_officer", C.DRAFT, to=C.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
    move("ask_corrections", C.IN_REVIEW, to=C.CORRECTIONS, may="officer", label=_("Ask for corrections")),
    move("answer", C.CORRECTIONS, to=C.IN_REVIEW, may="applicant", label=_("Send the corrections")),
    move("lapse", C.CORRECTIONS, to=C.EXPIRED, label=_("Close without an answer")),
    move("accept", C.IN_REVIEW, to=C.GRANTED, may="officer", label=_("Approve")),
    move("propose_refusal", C.IN_REVIEW, to=C.COUNTERSIGN, may="officer", needs_reason=True, label=_("Propose to refuse")),
    move("take_back", C.COUNTERSIGN, to=C.IN_REVIEW, may="officer", label=_("Change the proposal")),
    move("return", C.COUNTERSIGN, to=C.IN_REVIEW, may="supervisor", needs_reason=True, label=_("Back to the officer")),
    move("countersign", C.COUNTERSIGN, to=C.REFUSED, may="supervisor", needs_reason=True, label=_("Sign the refusal")),
    move("reopen", C.COUNTERSIGN, to=C.IN_REVIEW, needs_reason=True, label=_("Back to the queue")),
    move("move_promise", C.IN_REVIEW, to=C.IN_REVIEW, label=_("The promised day moved")),
    move("move_promise_signing", C.COUNTERSIGN, to=C.COUNTERSIGN, label=_("The promised day moved")),
    move("withdraw", [C.IN_REVIEW, C.CORRECTIONS, C.COUNTERSIGN], to=C.WITHDRAWN, may="applicant", label=_("Withdraw the request")),
)
