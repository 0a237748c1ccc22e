"""What waits for intake, and what was hidden of a report."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from reports import queries
from reports.models import Ban, ModeratedPart, Moderation, Report


def unread_words() -> QuerySet[Report]:
    """Reports whose description nobody of the Municipality has looked at, the oldest first."""
    hidden = Moderation.objects.filter(report=OuterRef("pk"), part=ModeratedPart.WORDS)
    rows = Report.objects.filter(~Q(words=""), words_shown_at__isnull=True, hidden_at__isnull=True).exclude(Exists(hidden))
    return rows.order_by("received_at", "pk")


def open_appeals() -> QuerySet[Ban]:
    """Appeals against bans that nobody has answered, the oldest first."""
    rows = Ban.objects.filter(appealed_at__isnull=False, decided_at__isnull=True)
    return rows.select_related("report", "by").order_by("appealed_at", "pk")


def why_hidden(report: Report) -> tuple[str, Reason | None]:
    """The code for which the whole report is hidden, and its reason as the rulebook words it today; None where it does not know it."""
    rows = Moderation.objects.filter(report__in=[report.pk, report.parent_id or 0], part=ModeratedPart.REPORT, lifted_at__isnull=True)
    row = rows.order_by("-pk").first()  # a part is hidden with the report that it is of
    code = row.code if row is not None else ""
    try:
        return code, rulebook.edition(queries.REPLIES, clock.today()).reasons.get(code)
    except Refused:
        return code, None


def trace(report: Report) -> list[Moderation]:
    """What was hidden of a report and shown again, the newest first; the staff page of the report lists it."""
    return list(report.moderations.select_related("by", "lifted_by", "photo").order_by("-pk"))
