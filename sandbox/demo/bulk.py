"""Bulk writes of rows with states: numbers, events, states and audit events of many rows, one statement each."""

from __future__ import annotations

import datetime as dt
from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery

from municipality.audit.models import AuditEvent
from municipality.documents.models import Counter
from municipality.kernel import ids
from municipality.kernel.actors import Actor


def take_numbers(series: Sequence[str]) -> list[str]:
    """A number for each series, in order, as of `documents.numbers.next_number`; two statements a series."""
    counts, last = Tally(series), {}
    for name in sorted(counts):
        Counter.objects.get_or_create(series=name)
        Counter.objects.filter(series=name).update(last=F("last") + counts[name])
        last[name] = Counter.objects.values_list("last", flat=True).get(series=name) - counts[name]
    numbers = []
    for name in series:
        last[name] += 1
        numbers.append(ids.with_check(f"{name}-{last[name]:06d}"))
    return numbers


def move(rows: QuerySet[Any], state: str, **changes: Any) -> int:
    """Set the state of rows by their newest events in one statement; the guards check every edge."""
    model = rows.model
    newest = model.EVENTS.objects.filter(subject=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    return int(rows.update(state=state, last_event=Subquery(newest), **changes))


def event(
    row: Any, name: str, source: str, target: str, at: dt.datetime, actor: Actor, reason: str = "", data: dict[str, Any] | None = None
) -> Any:
    """An unsaved state event of a row."""
    return type(row).EVENTS(
        subject=row,
        workflow=row.workflow_name,
        move=name,
        from_state=source,
        to_state=target,
        at=at,
        actor_key=actor.key,
        actor_role=actor.role,
        reason=reason,
        data=data or {},
    )


def audit_event(action: str, subject: str, at: dt.datetime, actor: Actor, data: dict[str, Any]) -> AuditEvent:
    """An unsaved audit event."""
    return AuditEvent(at=at, action=action, subject=subject, actor_key=actor.key, actor_role=actor.role, data=data)
