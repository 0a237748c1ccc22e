"""The photos of reports that everybody sees, and those that wait for an employee."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet

from reports import queries
from reports.models import BlurState, ModeratedPart, Moderation, Report, ReportPhoto

SHOWN = (BlurState.CLEAR, BlurState.AGREED)


def shown(report: Report) -> QuerySet[ReportPhoto]:
    """The photos of a report and of those joined with it whose public copy everybody sees, oldest first; none of a hidden report."""
    return public_photos().filter(report__in=[report, *queries.joined(report)])


def public_photos() -> QuerySet[ReportPhoto]:
    """All photos whose public copy everybody sees."""
    hidden = Moderation.objects.filter(part=ModeratedPart.PHOTO, photo=OuterRef("pk"), lifted_at__isnull=True)
    rows = ReportPhoto.objects.filter(blur__in=SHOWN, report__hidden_at__isnull=True, copy__isnull=False)
    return rows.exclude(Exists(hidden)).select_related("copy").order_by("pk")


def unsure() -> QuerySet[ReportPhoto]:
    """Photos whose public copy waits for an employee, oldest first."""
    return ReportPhoto.objects.filter(blur=BlurState.UNSURE).select_related("report", "copy").order_by("pk")
