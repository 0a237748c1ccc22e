"""What waits for intake, and what was hidden of a report."""

from __future__ import annotations

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import Reason
from reports import queries
from reports.models import FIRST_LOOK, Ban, ModeratedPart, Moderation, Report
from reports.states import OPEN


def unread_words() -> QuerySet[Report]:
    """Reports whose description nobody of the Municipality has looked at, those of open reports first, then the oldest.

    What an inspector wrote of a part is no description.
    """
    hidden = Moderation.objects.filter(report=OuterRef("pk"), part=ModeratedPart.WORDS)
    rows = Report.objects.filter(~Q(words=""), words_shown_at__isnull=True, hidden_at__isnull=True, parent__isnull=True)
    is_closed = Case(When(state__in=OPEN, then=Value(0)), default=Value(1))
    return rows.exclude(Exists(hidden)).order_by(is_closed, "received_at", "pk")


def first_looks() -> QuerySet[Moderation]:
    """Reports that everybody sees once somebody has looked at them, those that are open first, then the oldest."""
    is_closed = Case(When(report__state__in=OPEN, then=Value(0)), default=Value(1))
    rows = Moderation.objects.filter(code=FIRST_LOOK, lifted_at__isnull=True).select_related("report__area")
    return rows.order_by(is_closed, "at", "pk")


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
