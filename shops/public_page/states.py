"""Corrections of a shop's page and replies on it: states and moves. The review by an officer has the moves of the desk."""

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import Workflow, move, workflow
from municipality.review.states import desk_moves

CORRECTION = "shops.correction"
REPLY = "shops.reply"


class PageState(models.TextChoices):
    """States of corrections and replies."""

    DRAFT = "draft", _("Being sent")
    IN_REVIEW = "in_review", _("With the Municipality")
    CORRECTIONS = "corrections", _("Waiting for your answer")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    GRANTED = "granted", _("Accepted")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


G = PageState


def _page_workflow(service: str, *, accept: Any) -> Workflow:
    """The workflow of a request on a page; `accept` is the label of its approval."""
    return workflow(
        service,
        G.DRAFT,
        move("send", G.DRAFT, to=G.IN_REVIEW, may="applicant", label=_("Send to the Municipality")),
        # The rulebook has no reasons for corrections here, so that none are requested.
        *desk_moves(
            G.IN_REVIEW, corrections=G.CORRECTIONS, countersign=G.COUNTERSIGN, accepted=G.GRANTED, refused=G.REFUSED, accept=accept
        ),
        move("withdraw", [G.IN_REVIEW, G.CORRECTIONS, G.COUNTERSIGN], to=G.WITHDRAWN, may="applicant", label=_("Withdraw the request")),
    )


CORRECTION_WORKFLOW = _page_workflow(CORRECTION, accept=_("Correct the page"))
REPLY_WORKFLOW = _page_workflow(REPLY, accept=_("Publish the reply"))
