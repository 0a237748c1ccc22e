"""Invariants of new licences."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Exists, F, OuterRef

from licensing.health.new_licence.states import NewLicenceState as S
from licensing.inspections.states import OPEN, InspectionState
from licensing.models import Inspection, NewLicence
from municipality.kernel import clock
from zoning.answer.places import kept

GRACE = dt.timedelta(minutes=10)
BILLED = (S.AWAITING_PAYMENT, S.PAID, S.ISSUED)


def findings() -> Iterator[str]:
    """Each licence follows an approved location, a passed inspection and a payment; nothing waits for its letter or its licence."""
    rows = NewLicence.objects.select_related("case", "approval", "licence__document").order_by("pk")
    of_case = Inspection.objects.filter(case=OuterRef("case"))
    for request in rows.filter(case__state=S.ISSUED, licence=None):
        yield f"{request.case.reference} is issued without a licence"
    for request in rows.filter(licence__isnull=False).exclude(case__state=S.ISSUED):
        yield f"{request.case.reference} has a licence and is not issued"
    for request in rows.filter(licence__isnull=False).exclude(licence__shop=F("shop")):
        yield f"{request.case.reference} has the licence of another shop"
    for request in rows.filter(~Exists(of_case.filter(state=InspectionState.PASSED)), case__state__in=BILLED):
        yield f"{request.case.reference} was billed without a passed inspection"
    for request in rows.filter(Exists(of_case.filter(state__in=OPEN)), case__is_open=False):
        yield f"{request.case.reference} is closed and is still to be inspected"
    before = clock.now() - GRACE
    for request in rows.filter(case__state=S.LOCATION_APPROVED, approval=None, case__last_event__at__lt=before):
        yield f"{request.case.reference} waits for the letter of its approval since more than ten minutes"
    for request in rows.filter(case__state=S.PAID, case__last_event__at__lt=before):
        yield f"{request.case.reference} is paid and waits for its licence since more than ten minutes"
    for request in rows.iterator():
        if request.against_zoning != (kept(request.zoning_answer).tone == "bad"):
            yield f"{request.case.reference} does not say what zoning said"
