"""The photos of reports that everybody sees, and those that wait for an employee."""

from __future__ import annotations

from django.db.models import Case, Exists, OuterRef, Q, QuerySet, Value, When

from reports import queries
from reports.models import BlurState, Closure, ModeratedPart, Moderation, PhotoKind, Report, ReportPhoto
from reports.states import OPEN

SHOWN = (BlurState.CLEAR, BlurState.AGREED)


def shown(report: Report, *, with_joined: bool = True) -> QuerySet[ReportPhoto]:
    """The photos of a report and of those joined with it whose public copy everybody sees, oldest first; none of a hidden report."""
    reports = [report, *(queries.joined(report) if with_joined else [])]
    return public_photos().filter(report__in=reports).select_related(None)


def public_photos() -> QuerySet[ReportPhoto]:
    """All photos whose public copy everybody sees; that of a result from when the report was closed with it."""
    signed = Q(is_on_the_spot=True) | Q(signed_by__isnull=False)
    closed_with = Closure.objects.filter(signed, photo=OuterRef("pk"), sent_back_at__isnull=True)
    hidden = Moderation.objects.filter(part=ModeratedPart.PHOTO, photo=OuterRef("pk"), lifted_at__isnull=True)
    rows = ReportPhoto.objects.filter(blur__in=SHOWN, report__hidden_at__isnull=True, copy__isnull=False)
    rows = rows.filter(~Q(kind=PhotoKind.AFTER) | Exists(closed_with))
    return rows.exclude(Exists(hidden)).select_related("copy").order_by("pk")


def unsure() -> QuerySet[ReportPhoto]:
    """Photos whose public copy waits for an employee, oldest first."""
    return ReportPhoto.objects.filter(blur=BlurState.UNSURE).select_related("report", "copy").order_by("pk")


def not_agreed() -> QuerySet[ReportPhoto]:
    """Photos of which it is open yet whether everybody sees them."""
    return ReportPhoto.objects.filter(blur__in=(BlurState.WAITING, BlurState.UNSURE))


def most_urgent() -> QuerySet[ReportPhoto]:
    """As `unsure`, those of open reports first, the nearest promise on top."""
    is_closed = Case(When(report__state__in=OPEN, then=Value(0)), default=Value(1))
    return unsure().select_related("report__area", "copy", "reused__report__area").order_by(is_closed, "report__due_at", "pk")


def judged() -> QuerySet[ReportPhoto]:
    """Photos that an employee has decided about, the latest first."""
    return ReportPhoto.objects.filter(agreed_at__isnull=False).select_related("report").order_by("-agreed_at", "-pk")
