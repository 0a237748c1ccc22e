"""Queries of corrections and replies."""

from __future__ import annotations

from collections.abc import Sequence

from municipality.cases.models import Case
from shops.models import Correction, Reply


def replies_to(findings: Sequence[str]) -> dict[str, Reply]:
    """The published reply to each finding (by subject key), in one query."""
    if not findings:
        return {}
    rows = Reply.objects.filter(finding__in=findings, published_at__isnull=False)
    return {row.finding: row for row in rows}


def correction_of(case: Case) -> Correction:
    """The correction of a case with its shop. Raises Correction.DoesNotExist for another case."""
    return Correction.objects.select_related("shop__branch", "shop__area", "shop__activity", "case__applicant").get(case=case)


def reply_of(case: Case) -> Reply:
    """The reply of a case with its shop. Raises Reply.DoesNotExist for another case."""
    return Reply.objects.select_related("shop__branch", "shop__area", "shop__activity", "case__applicant").get(case=case)
