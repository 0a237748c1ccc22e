"""The life of a difference between the two registers."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow

DIFFERENCE = "shops.commercial_difference"
KEEPER = "register_keeper"


class DifferenceState(models.TextChoices):
    OPEN = "open", _("Waits for a person")
    ACCEPTED = "accepted", _("Taken into the register")
    DISMISSED = "dismissed", _("Dismissed")
    SETTLED = "settled", _("Settled by itself")


D = DifferenceState
DIFFERENCE_WORKFLOW = workflow(
    DIFFERENCE,
    D.OPEN,
    # One row as long as nobody decided: what the commercial register says later takes the place of what it said before.
    move("restate", D.OPEN, to=D.OPEN, label=_("The commercial register says something newer")),
    move("accept", D.OPEN, to=D.ACCEPTED, may=KEEPER, label=_("Take it into the register")),
    move("dismiss", D.OPEN, to=D.DISMISSED, may=KEEPER, needs_reason=True, label=_("Dismiss")),
    move("settle", D.OPEN, to=D.SETTLED, needs_reason=True, label=_("Nothing differs any more")),
)
