"""The states of a document."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow


class DocumentState(models.TextChoices):
    DRAFT = "draft", _("being prepared")
    CARRIED_OVER = "carried_over", _("carried over from paper")
    ACTIVE = "active", _("valid")
    SUPERSEDED = "superseded", _("superseded")
    SUSPENDED = "suspended", _("suspended")
    REVOKED = "revoked", _("revoked")


S = DocumentState
# `expired` is not a state: it is the end date against today.
DOCUMENT = workflow(
    "documents.document",
    S.DRAFT,
    move("activate", S.DRAFT, to=S.ACTIVE, label=_("Issue")),
    move("carry_over", S.DRAFT, to=S.CARRIED_OVER, label=_("Carry over from paper")),
    move("supersede", [S.ACTIVE, S.CARRIED_OVER], to=S.SUPERSEDED, label=_("Supersede")),
    move("suspend", [S.ACTIVE, S.CARRIED_OVER], to=S.SUSPENDED, needs_reason=True, label=_("Suspend")),
    move("resume", S.SUSPENDED, to=S.ACTIVE, needs_reason=True, label=_("Lift the suspension")),
    move("resume_paper", S.SUSPENDED, to=S.CARRIED_OVER, needs_reason=True, label=_("Lift the suspension")),
    move("revoke", [S.ACTIVE, S.CARRIED_OVER, S.SUSPENDED], to=S.REVOKED, needs_reason=True, label=_("Revoke")),
)
LIVE = (S.ACTIVE, S.CARRIED_OVER)
