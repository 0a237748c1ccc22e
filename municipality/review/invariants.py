"""Invariants of the queue, the desk and the clocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db.models import Count, F, Q

from municipality.kernel import clock
from municipality.kernel.transitions import state_findings
from municipality.kernel.workflow import WORKFLOWS
from municipality.review import out_of_turn
from municipality.review.models import Assignment, Clock, Decision, Escalation, QueueEntry
from municipality.review.services.desk import digest
from municipality.review.states import WITH_OFFICER, QueueEntryState

LATE = dt.timedelta(minutes=5)


def findings() -> Iterator[str]:
    """Cases were assigned in order; assignments, entries, cases and clocks agree; no escalation is late; signatures match their texts."""
    yield from state_findings(QueueEntry)
    for inversion in out_of_turn.inversions():
        yield f"place {inversion.place} was assigned before {inversion.overtook} without an override (event {inversion.event})"
    yield from _assignments()
    yield from _cases()
    yield from _clocks()
    yield from _decisions()


def _assignments() -> Iterator[str]:
    """Assignments match the states of their queue entries."""
    holding = Assignment.objects.filter(ended_at__isnull=True)
    for entry in QueueEntry.objects.filter(state__in=set(WITH_OFFICER) - {QueueEntryState.AWAY}).exclude(assignments__in=holding)[:50]:
        yield f"place {entry.pk} is {entry.state} in nobody's hands"
    for row in holding.filter(place__state__in=(QueueEntryState.WAITING, QueueEntryState.LEFT))[:50]:
        yield f"place {row.place_id} is out of every hand, and assignment {row.pk} is not ended"
    misplaced = Q(on_desk=True) & ~Q(place__state=QueueEntryState.HELD) | Q(on_desk=False, place__state=QueueEntryState.HELD)
    for row in holding.filter(misplaced)[:50]:
        yield f"assignment {row.pk} lies {'on' if row.on_desk else 'off'} the desk, its place says otherwise"


def _cases() -> Iterator[str]:
    """The states of queue entries match those of their cases."""
    for pk, state, service, case_state, case_open in QueueEntry.objects.values_list(
        "pk", "state", "case__service", "case__state", "case__is_open"
    ).iterator():
        moves = WORKFLOWS[service].moves if service in WORKFLOWS else {}
        if "accept" not in moves:
            yield f"place {pk} is of {service}, which nobody decides"
            continue
        study, waits, signing = moves["accept"].sources[0], moves["ask_corrections"].target, moves["propose_refusal"].target
        fits = {
            QueueEntryState.WAITING: case_state == study,
            QueueEntryState.HELD: case_state == study,
            QueueEntryState.ANSWERED: case_state == study,
            QueueEntryState.AWAY: case_state == waits,
            QueueEntryState.COUNTERSIGN: case_state in (study, signing),
            QueueEntryState.LEFT: case_state not in (study, waits, signing) or not case_open,
        }
        if not fits[QueueEntryState(state)]:
            yield f"place {pk} is {state}, its case {case_state}"


def _clocks() -> Iterator[str]:
    """Exactly the cases in the queue have a running clock; levels match escalations; no escalation is late."""
    for entry in QueueEntry.objects.exclude(state=QueueEntryState.LEFT).exclude(
        case__clock__stopped_at__isnull=True, case__clock__isnull=False
    )[:50]:
        yield f"place {entry.pk} has no running clock"
    for row in Clock.objects.filter(stopped_at__isnull=True, case__place__state=QueueEntryState.LEFT)[:50]:
        yield f"the clock of case {row.case_id} runs on"
    paused = Clock.objects.filter(paused_at__isnull=False, stopped_at__isnull=True)
    for row in paused.exclude(case__place__state=QueueEntryState.AWAY)[:50]:
        yield f"the clock of case {row.case_id} stands still although nobody waits for the applicant"
    for row in Clock.objects.filter(stopped_at__isnull=True, next_level_at__lt=clock.now() - LATE)[:50]:
        yield f"case {row.case_id} should have moved up at {row.next_level_at}"
    counted = dict(Escalation.objects.order_by().values_list("case_id").annotate(Count("pk")))
    for case, level in Clock.objects.filter(Q(level__gt=0) | Q(case__in=list(counted)[:5000])).values_list("case_id", "level"):
        if counted.get(case, 0) != level:
            yield f"case {case} is at level {level} with {counted.get(case, 0)} escalations"


def _decisions() -> Iterator[str]:
    """Digests match their decisions, signatures the digests, and no one signed their own decision."""
    for decision in Decision.objects.select_related("case").iterator():
        if digest(decision) != decision.digest:
            yield f"decision {decision.pk}: the digest is not that of its words"
    for decision in Decision.objects.filter(signed_at__isnull=False).exclude(signed_digest=F("digest"))[:50]:
        yield f"decision {decision.pk} is signed for other words"
    for decision in Decision.objects.filter(signed_at__isnull=False, signed_by=F("made_by"))[:50]:
        yield f"decision {decision.pk} is signed by its maker"
    against = Q(is_proven=False) | Q(article_applies=False) | Q(is_beyond_correction=False) | Q(says_what_next=False)
    for decision in Decision.objects.filter(against, signed_at__isnull=False)[:50]:
        yield f"decision {decision.pk} is signed although its signer answered a question with no"
