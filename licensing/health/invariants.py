"""Invariants of licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count

from licensing.health import queries
from licensing.health.states import ACTS, RenewalState
from licensing.models import Act, HealthLicence, Renewal
from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.documents.states import DocumentState
from municipality.kernel import clock

GRACE = dt.timedelta(minutes=10)


def findings() -> Iterator[str]:
    """Approved and paid means exactly one licence; an issued case has a file.

    A licence follows its predecessor without a gap; that of a change or a duplicate has the last day of the one it replaces.
    """
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
    waiting = Case.objects.filter(service__in=ACTS, state=RenewalState.APPROVED, last_event__at__lt=clock.now() - GRACE)
    for case in waiting[:50]:
        yield f"{case.reference} is approved and waits for its licence since more than ten minutes"
    replaced = dict(Renewal.objects.exclude(act=Act.RENEWAL).filter(new_licence__isnull=False).values_list("new_licence", "act"))
    for licence in HealthLicence.objects.filter(previous__isnull=False).select_related("previous", "document").iterator():
        before: HealthLicence = licence.previous  # type: ignore[assignment]
        if licence.pk in replaced and licence.last_day != before.last_day:
            yield f"{licence.document.number} ends on another day than the licence that it replaces"
        elif licence.pk not in replaced and licence.first_day != before.last_day + dt.timedelta(days=1):
            yield f"{licence.document.number} does not follow its predecessor"
        if replaced.get(licence.pk) == Act.DUPLICATE and licence.registered_facts != queries.facts_of(before):
            yield f"{licence.document.number} states other facts than the licence that it repeats"
