"""Invariants of measures."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Exists, OuterRef

from licensing.measures.effects import MEASURE
from licensing.models import HealthLicence, Measure
from municipality.documents.states import LIVE, DocumentState


def findings() -> Iterator[str]:
    """No licence is in force beside a measure, and none is suspended for a measure that has ended."""
    runs = Exists(Measure.objects.filter(shop=OuterRef("shop"), signed_at__isnull=False, ending=""))
    rows = HealthLicence.objects.select_related("document").order_by("pk")
    for licence in rows.filter(runs, document__state__in=LIVE)[:50]:
        yield f"{licence.document.number} is in force beside a measure"
    suspended = {"document__state": DocumentState.SUSPENDED, "document__last_event__reason": MEASURE}
    for licence in rows.filter(~runs, **suspended)[:50]:
        yield f"{licence.document.number} is suspended for a measure that has ended"
