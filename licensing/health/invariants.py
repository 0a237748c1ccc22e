"""Invariants of licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count

from licensing.health.states import RENEWAL, RenewalState
from licensing.models import HealthLicence, Renewal
from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.kernel import clock

GRACE = dt.timedelta(minutes=10)


def findings() -> Iterator[str]:
    """Approved and paid means exactly one licence; an issued case has a file; a licence follows its predecessor without a gap."""
    issued = Renewal.objects.filter(case__state=RenewalState.ISSUED).select_related("case", "new_licence__document")
    for renewal in issued:
        if renewal.new_licence is None:
            yield f"{renewal.case.reference} is issued without a licence"
        elif renewal.new_licence.document.state == DocumentState.DRAFT:
            yield f"{renewal.case.reference} is issued with a draft"
    for renewal in Renewal.objects.exclude(case__state=RenewalState.ISSUED).filter(new_licence__isnull=False).select_related("case"):
        yield f"{renewal.case.reference} has a licence and is not issued"
    written = Document.objects.filter(kind="health_licence", subject__startswith="case:").exclude(state=DocumentState.DRAFT)
    for subject, count in written.values_list("subject").annotate(count=Count("pk")).filter(count__gt=1)[:50]:
        yield f"{subject} has {count} licences"
    waiting = Case.objects.filter(service=RENEWAL, state=RenewalState.APPROVED, last_event__at__lt=clock.now() - GRACE)
    for case in waiting[:50]:
        yield f"{case.reference} is approved and waits for its licence since more than ten minutes"
    for licence in HealthLicence.objects.filter(previous__isnull=False).select_related("previous", "document").iterator():
        if licence.first_day != licence.previous.last_day + dt.timedelta(days=1):  # type: ignore[union-attr]
            yield f"{licence.document.number} does not follow its predecessor"
