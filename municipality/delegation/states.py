"""The workflow of a delegation."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.kernel.workflow import move, workflow

DELEGATION = "delegation.delegation"


class DelegationState(models.TextChoices):
    OFFERED = "offered", _("Waiting for the delegate")
    ACTIVE = "active", _("In force")
    DECLINED = "declined", _("Declined by the delegate")
    WITHDRAWN = "withdrawn", _("Taken back before it was accepted")
    REVOKED = "revoked", pgettext_lazy("delegation", "Revoked")  # by the giver, or by one who signs for the organisation
    RENOUNCED = "renounced", _("Given up by the delegate")
    LAPSED = "lapsed", _("Not accepted in time")
    ENDED = "ended", _("Ended on its last day")


S = DelegationState
DELEGATION_WORKFLOW = workflow(
    DELEGATION,
    S.OFFERED,
    move("accept", S.OFFERED, to=S.ACTIVE, may="delegate", label=_("Accept")),
    move("decline", S.OFFERED, to=S.DECLINED, may="delegate", label=_("Decline")),
    move("withdraw", S.OFFERED, to=S.WITHDRAWN, may="giver", label=_("Take back")),
    move("lapse", S.OFFERED, to=S.LAPSED, label=_("Close without an answer")),
    move("revoke", S.ACTIVE, to=S.REVOKED, may="giver", label=_("Revoke")),
    move("renounce", S.ACTIVE, to=S.RENOUNCED, may="delegate", label=_("Give up")),
    move("end", S.ACTIVE, to=S.ENDED, label=_("End on the last day")),
)
OPEN_STATES = (S.OFFERED, S.ACTIVE)
