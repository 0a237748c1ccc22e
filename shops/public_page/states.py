"""A correction of a shop's page, and a reply on it: states and moves. The officer's lane has the names that the desk knows."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import Workflow, move, workflow

CORRECTION = "shops.correction"


REPLY = "shops.reply"


class PageState(models.TextChoices):
    """Of a correction of a shop's page, and of a reply that is to stand on it."""

    DRAFT = "draft", _("Being sent")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for your answer")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    GRANTED = "granted", _("Accepted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


G = PageState


def _studied(service: str, *, accept: Any) -> Workflow:
    """The lane of the desk for what is asked of a page; `accept` is what the officer's approval is called."""
    return workflow(
        service,
        G.DRAFT,
        move("send", G.DRAFT, to=G.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
        # The desk knows these two; the rulebook has no reason to ask for anything here, so that nobody is asked.
        move("ask_corrections", G.IN_REVIEW, to=G.CORRECTIONS, may="officer", label=_("Ask for corrections")),
        move("answer", G.CORRECTIONS, to=G.IN_REVIEW, may="applicant", label=_("Send the corrections")),
        move("accept", G.IN_REVIEW, to=G.GRANTED, may="officer", label=accept),
        move("propose_refusal", G.IN_REVIEW, to=G.COUNTERSIGN, may="officer", needs_reason=True, label=_("Propose to refuse")),
        move("take_back", G.COUNTERSIGN, to=G.IN_REVIEW, may="officer", label=_("Change the proposal")),
        move("return", G.COUNTERSIGN, to=G.IN_REVIEW, may="supervisor", needs_reason=True, label=_("Back to the officer")),
        move("countersign", G.COUNTERSIGN, to=G.REFUSED, may="supervisor", needs_reason=True, label=_("Sign the refusal")),
        move("reopen", G.COUNTERSIGN, to=G.IN_REVIEW, needs_reason=True, label=_("Back to the queue")),
        move("move_promise", G.IN_REVIEW, to=G.IN_REVIEW, label=_("The promised day moved")),
        move("move_promise_signing", G.COUNTERSIGN, to=G.COUNTERSIGN, label=_("The promised day moved")),
        move("withdraw", [G.IN_REVIEW, G.CORRECTIONS, G.COUNTERSIGN], to=G.WITHDRAWN, may="applicant", label=_("Withdraw the request")),
    )


CORRECTION_WORKFLOW = _studied(CORRECTION, accept=_("Correct the page"))


REPLY_WORKFLOW = _studied(REPLY, accept=_("Publish the reply"))
