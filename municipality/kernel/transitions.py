"""The only functions that write the state of a row.

A stateful model has `state`, `last_event` and `workflow_name`, and its event model is `EVENTS`. The event and the new state are
written in the caller's transaction, by one UPDATE whose row count decides a race; the database refuses a state without a new event
for exactly that edge (`kernel.guards.moved_by_event`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db import connections, router, transaction
from django.db.models import F

from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import TransitionRefused
from municipality.kernel.workflow import WORKFLOWS, Move

MOVED_MEANWHILE = "moved_meanwhile"  # the code of a refusal where another transaction was first


def transition(
    row: Any, name: str, *, actor: Actor, reason: str = "", data: dict[str, Any] | None = None, savepoint: bool = True, **changes: Any
) -> Any:
    """Make the move `name` on `row` and return its event; `changes` are columns that change with it.

    Raises TransitionRefused("no_such_move") when the table has no such edge and TransitionRefused("moved_meanwhile")
    when another transaction moved the row first; then, without `savepoint`, the transaction cannot go on: for a row that the same
    transaction has inserted. Must run inside a transaction.
    """
    model = _model_in_transaction(row)
    step = WORKFLOWS[row.workflow_name].move(name, row.state)
    if step.needs_reason and not reason:
        raise TransitionRefused("reason_missing", move=name)
    with transaction.atomic(savepoint=savepoint):  # a lost race leaves no event behind, whatever the caller does with the exception
        event = _event(row, step, actor, clock.now(), data or {}, reason)
        event.save(force_insert=True)
        moved = model._base_manager.filter(pk=row.pk, state=row.state).update(state=step.target, last_event=event, **changes)
        if moved != 1:
            raise TransitionRefused(MOVED_MEANWHILE, move=name)
    row.state, row.last_event = step.target, event
    for column, value in changes.items():
        setattr(row, column, value)
    return event


def _model_in_transaction(row: Any) -> Any:
    model = type(row)
    if not connections[router.db_for_write(model)].in_atomic_block:
        raise RuntimeError("a state moves inside a transaction")
    return model


def _event(row: Any, step: Move, actor: Actor, at: dt.datetime, data: dict[str, Any], reason: str = "") -> Any:
    return row.EVENTS(
        subject=row,
        workflow=row.workflow_name,
        move=step.name,
        from_state=row.state,
        to_state=step.target,
        at=at,
        actor_key=actor.key,
        actor_role=actor.role,
        reason=reason,
        data={**data, **actor.event_data},
    )


def transition_all(rows: Sequence[Any], *, move_of: Callable[[Any], str], actor: Actor, data_of: Callable[[Any], dict[str, Any]]) -> None:
    """Make one move on each of many rows of one model by two statements; `move_of` and `data_of` return a row's move and event data.

    For rows that the same transaction has inserted or locked. Raises TransitionRefused("no_such_move") before anything is written,
    TransitionRefused("moved_meanwhile") if a row was deleted. Must run inside a transaction.
    """
    if not rows:
        return
    model, now = _model_in_transaction(rows[0]), clock.now()
    steps = [WORKFLOWS[row.workflow_name].move(move_of(row), row.state) for row in rows]
    events = [_event(row, step, actor, now, data_of(row)) for row, step in zip(rows, steps, strict=True)]
    with transaction.atomic():
        model.EVENTS.objects.bulk_create(events)
        for row, event in zip(rows, events, strict=True):
            row.state, row.last_event = event.to_state, event
        if model._base_manager.bulk_update(rows, ["state", "last_event"]) != len(rows):
            raise TransitionRefused(MOVED_MEANWHILE, move=steps[0].name)


def state_findings(model: Any) -> Iterator[str]:
    """Violated invariants of a stateful model: the last event leads to the present state, events are edges and follow each other."""
    table = model._meta.db_table
    for pk, state in (
        model._base_manager.filter(last_event__isnull=False).exclude(last_event__to_state=F("state")).values_list("pk", "state")[:50]
    ):
        yield f"{table} {pk} is in state {state}, its last event says otherwise"
    initial_states = {workflow.initial for workflow in WORKFLOWS.values()}
    for pk, state in model._base_manager.filter(last_event__isnull=True).exclude(state__in=initial_states).values_list("pk", "state")[:50]:
        yield f"{table} {pk} is in state {state} without an event"
    events = model.EVENTS.objects
    for name, *edge in events.values_list("workflow", "move", "from_state", "to_state").distinct():
        if name not in WORKFLOWS or tuple(edge) not in set(WORKFLOWS[name].edges()):
            yield f"{table}: {edge} is no edge of {name}"
    previous: tuple[int, str] = (0, "")
    for subject, source, target in events.order_by("subject_id", "pk").values_list("subject_id", "from_state", "to_state").iterator():
        if previous[0] == subject and previous[1] != source:
            yield f"{table} {subject}: an event from {source} does not follow {previous[1]}"
        previous = subject, target
