"""Supervisors are warned before a promise ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import CharField, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import formats, timezone, translation

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.kernel import clock
from municipality.notifications.services import send
from municipality.notifications.texts import LANGUAGES, Bilingual
from municipality.ui.templatetags.portal import bilingual
from reports.models import Report
from reports.states import ReportState
from reports.triage import draws, queries
from reports.triage.notifications import DueSoon
from reports.triage.services.rows import SYSTEM

MOST = 20  # reports that a message lists


def warn() -> int:
    """Tell the supervisors of each branch, once for each promise, which of its reports are `queries.soon`. Returns how many reports."""
    branches = _to_tell().order_by("at_branch").values_list("at_branch", flat=True).distinct()
    return sweeps.for_each("reports.warn", list(branches), _warn)


def _to_tell() -> QuerySet[Any]:
    """Reports at the branch that was drawn to sign their result, else at their own, else at that of their inspector; not warned of yet."""
    drawn = queries.WAITING.filter(report=OuterRef("pk"), report__state=ReportState.COUNTERSIGN).values("signing_branch")[:1]
    at_branch = Coalesce(Subquery(drawn), "branch", "inspector__branch", output_field=CharField())
    rows = Report.objects.annotate(at_branch=at_branch).filter(queries.soon(), at_branch__isnull=False)
    return rows.exclude(warned_of=F("due_at"))


def _warn(branch: str) -> int:
    rows = list(
        _to_tell().filter(at_branch=branch).select_for_update(of=("self",)).select_related("shop__merged_into").order_by("due_at", "pk")
    )
    people = User.objects.filter(is_staff=True, is_active=True, branch=branch, groups__name="supervisor").order_by("pk")
    free = [(person, {row.pk for row in rows if not draws.is_tied(person, row)}) for person in people]
    batch = [row for row in rows if any(row.pk in keys for _person, keys in free)][:MOST]  # the next run tells of the others
    told = {row.pk for row in batch}
    for person, keys in free:
        own = [row for row in batch if row.pk in keys]
        if own:
            send(DueSoon, person=person, key=f"{branch}:{own[0].pk}:{clock.now().isoformat()}", context={"lines": _lines(own)})
    for row in rows:
        if row.pk in told:
            Report.objects.filter(pk=row.pk).update(warned_of=row.due_at)
            record("report.warned", subject=row.subject_key, actor=SYSTEM, data={"due_at": row.due_at.isoformat()})
    return len(told)


def _lines(rows: Sequence[Report]) -> Bilingual:
    texts = {}
    for language in LANGUAGES:
        with translation.override(language):
            texts[language] = "\n".join(f"• {_line(row)}" for row in rows)
    return Bilingual(**texts)


def _line(row: Report) -> str:
    return (
        f"{formats.date_format(timezone.localtime(row.due_at), 'DATETIME_FORMAT')}: {bilingual(row.category_facts, 'name')} ({row.number})"
    )
