"""Invariants of inspections."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Q

from licensing.inspections.questions import meets
from licensing.models import Inspection, InspectionAnswer
from municipality.kernel.transitions import state_findings


def findings() -> Iterator[str]:
    """Violated invariants: states, results without their visit, answers that do not say whether they meet their question."""
    yield from state_findings(Inspection)
    results = Count("visits", filter=~Q(visits__outcome="nobody"))
    misses = Count("visits", filter=Q(visits__outcome="nobody"))
    counted = Inspection.objects.annotate(results=results, missed=misses)
    ended = counted.filter(Q(state="passed") & ~Q(results=1) | Q(state="failed", results=0) & Q(missed__lt=2) | ~Q(missed=F("misses")))
    for reference in ended.values_list("reference", flat=True)[:50]:
        yield f"inspection {reference} and its visits say different things"
    for answer in InspectionAnswer.objects.select_related("rule").order_by("pk").iterator():
        if meets(answer.rule, answer.value, answer.hundredths) != answer.meets:
            yield f"answer {answer.pk} of an inspection is marked wrongly"
