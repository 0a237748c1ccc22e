"""The states of an upload."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow


class UploadState(models.TextChoices):
    RECEIVING = "receiving", _("on its way")
    CHECKING = "checking", _("being checked")
    READY = "ready", _("received")
    REFUSED = "refused", _("not accepted")
    REMOVED = "removed", _("removed")


S = UploadState
UPLOAD = workflow(
    "uploads.upload",
    S.RECEIVING,
    move("receive", S.RECEIVING, to=S.CHECKING, label=_("Receive")),
    move("accept", S.CHECKING, to=S.READY, label=_("Accept")),
    move("refuse", S.CHECKING, to=S.REFUSED, needs_reason=True, label=_("Refuse")),
    move("remove", [S.RECEIVING, S.CHECKING, S.READY, S.REFUSED], to=S.REMOVED, may="applicant", label=_("Remove")),
)
LIVE = (S.RECEIVING, S.CHECKING, S.READY)  # count for the limit of a slot
SHOWN = (*LIVE, S.REFUSED)  # are listed
