"""Invariants of cases."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F, Q

from municipality.cases.models import Case, CaseEvent
from municipality.kernel.workflow import WORKFLOWS
from municipality.rulebook.queries import digest


def findings() -> Iterator[str]:
    """States match the last events, each event is a declared edge that follows the one before, snapshots match their hashes."""
    for case in Case.objects.filter(last_event__isnull=False).exclude(last_event__to_state=F("state"))[:50]:
        yield f"{case.reference} stands at {case.state}, its last event says otherwise"
    for service, table in WORKFLOWS.items():
        edges = set(table.edges())
        for event in CaseEvent.objects.filter(workflow=service).values_list("move", "from_state", "to_state").distinct():
            if event not in edges:
                yield f"{service}: {event} is no edge"
        finals = Q(state__in=table.finals)
        for case in Case.objects.filter(service=service).filter((finals & Q(is_open=True)) | (~finals & Q(is_open=False)))[:50]:
            yield f"{case.reference} is {'open' if case.is_open else 'closed'} in state {case.state}"
    for pk in CaseEvent.objects.filter(actor_role__in=("delegate", "assistant"), data__for__isnull=True).values_list("pk", flat=True)[:50]:
        yield f"event {pk} was taken for somebody and does not say for whom"
    previous: dict[int, str] = {}
    for subject, before, after in CaseEvent.objects.order_by("pk").values_list("subject_id", "from_state", "to_state").iterator():
        if previous.get(subject, before) != before:
            yield f"case {subject}: an event from {before} does not follow {previous[subject]}"
        previous[subject] = after
    for reference, snapshot, hashed in Case.objects.values_list("reference", "snapshot", "snapshot_hash").iterator():
        if digest(snapshot) != hashed:
            yield f"{reference}: the snapshot of its rules was changed"
