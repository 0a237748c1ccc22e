"""States and moves of an inspection. A failed one stays failed; what was put right is looked at by another inspection."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import move, workflow

INSPECTION = "licensing.inspection"
MOST_MISSES = 2  # nobody there twice: failed


class InspectionState(models.TextChoices):
    REQUESTED = "requested", _("A day is to be chosen")
    APPOINTED = "appointed", _("Appointed")
    PASSED = "passed", _("Passed")
    FAILED = "failed", _("Not passed")
    CANCELLED = "cancelled", _("Cancelled")


S = InspectionState
OPEN = (S.REQUESTED, S.APPOINTED)
ENDED = (S.PASSED, S.FAILED)
INSPECTION_WORKFLOW = workflow(
    INSPECTION,
    S.REQUESTED,
    move("choose", S.REQUESTED, to=S.APPOINTED, may="owner", label=_("Choose the day")),
    move("appoint", S.REQUESTED, to=S.APPOINTED, label=_("Day set by the portal")),
    # Nobody came on the day, or it has become a holiday.
    move("appoint_again", S.APPOINTED, to=S.APPOINTED, label=_("Another day set by the portal")),
    # The owner once, until the day before; the inspector with a reason.
    move("move", S.APPOINTED, to=S.APPOINTED, may="owner", label=_("Choose another day")),
    move("put_off", S.APPOINTED, to=S.APPOINTED, may="inspector", needs_reason=True, label=_("Moved by the inspector")),
    # Another inspector is drawn where the first one may not or cannot go.
    move("draw_requested", S.REQUESTED, to=S.REQUESTED, needs_reason=True, label=_("Another inspector drawn")),
    move("draw_appointed", S.APPOINTED, to=S.APPOINTED, needs_reason=True, label=_("Another inspector drawn")),
    move("miss", S.APPOINTED, to=S.REQUESTED, may="inspector", label=_("Nobody was there")),
    move("pass", S.APPOINTED, to=S.PASSED, may="inspector", label=_("Passed")),
    move("fail", S.APPOINTED, to=S.FAILED, may="inspector", label=_("Not passed")),
    move("cancel", OPEN, to=S.CANCELLED, needs_reason=True, label=_("Cancel")),
)
