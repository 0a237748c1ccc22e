"""States and moves of a report."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from municipality.kernel.workflow import move, workflow

REPORT = "reports.report"


class ReportState(models.TextChoices):
    RECEIVED = "received", _("Received")
    ASSIGNED = "assigned", _("With an inspector")
    ASKED = "asked", _("Waiting for an answer of the reporter")
    HANDED_OVER = "handed_over", _("Handed over to another body")
    SPLIT = "split", _("Divided into several reports")
    COUNTERSIGN = "countersign", _("Waiting for a second signature")
    CLOSED = "closed", pgettext_lazy("report", "Closed")
    MERGED = "merged", _("Joined with another report")


R = ReportState
OPEN = (R.RECEIVED, R.ASSIGNED, R.ASKED, R.HANDED_OVER, R.SPLIT, R.COUNTERSIGN)
REPORT_WORKFLOW = workflow(
    REPORT,
    R.RECEIVED,
    move("assign", R.RECEIVED, to=R.ASSIGNED, label=_("An inspector was chosen by lot")),
    move("draw_again", R.ASSIGNED, to=R.ASSIGNED, may="supervisor", needs_reason=True, label=_("Another inspector was chosen by lot")),
    move("recategorise", R.ASSIGNED, to=R.ASSIGNED, may="inspector", needs_reason=True, label=_("Another category")),
    move("ask", R.ASSIGNED, to=R.ASKED, may="inspector", label=_("A question to the reporter")),
    move("answer", [R.ASKED, R.COUNTERSIGN], to=R.ASSIGNED, may="reporter", label=_("The reporter answered")),
    move("go_on", R.ASKED, to=R.ASSIGNED, label=_("No answer came; the inspector goes on without it")),
    move("propose_unanswered", R.ASKED, to=R.COUNTERSIGN, label=_("No answer came in time; waiting for a second signature")),
    move("answer_late", R.CLOSED, to=R.RECEIVED, may="reporter", reopens=True, label=_("The answer came later; opened again")),
    move("hand_over", R.ASSIGNED, to=R.HANDED_OVER, may="inspector", needs_reason=True, label=_("Handed over")),
    move("take_back", R.HANDED_OVER, to=R.ASSIGNED, may="inspector", label=_("Came back from the other body")),
    move("come_back", R.HANDED_OVER, to=R.ASSIGNED, label=_("The day of the other body has passed; back with the Municipality")),
    move("letter_back", R.HANDED_OVER, to=R.ASSIGNED, label=_("The letter to the other body came back; back with the Municipality")),
    move("letter_unsent", R.HANDED_OVER, to=R.ASSIGNED, label=_("The letter to the other body was not sent; back with the Municipality")),
    move("split", R.ASSIGNED, to=R.SPLIT, may="inspector", label=_("Divided")),
    move("complete", R.SPLIT, to=R.CLOSED, label=_("All parts are closed")),
    # What one of its parts was joined with was not solved.
    move("part_reopened", R.CLOSED, to=R.SPLIT, reopens=True, label=_("A part is open again")),
    move("merge", [R.RECEIVED, R.ASSIGNED, R.ASKED], to=R.MERGED, may="inspector", label=_("Joined with another report")),
    move("close", R.ASSIGNED, to=R.CLOSED, may="inspector", label=_("Closed with a photo from the place")),
    move("propose_close", R.ASSIGNED, to=R.COUNTERSIGN, may="inspector", label=_("Result written, waiting for a second signature")),
    move("countersign", R.COUNTERSIGN, to=R.CLOSED, may="supervisor", label=_("Closed with a second signature")),
    move("send_back", R.COUNTERSIGN, to=R.ASSIGNED, may="supervisor", needs_reason=True, label=_("Sent back to the inspector")),
    # The reporter says that it is not solved: another inspector is drawn.
    move("reopen", R.CLOSED, to=R.RECEIVED, may="reporter", reopens=True, label=_("Not solved; opened again")),
)
