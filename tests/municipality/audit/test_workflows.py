"""A state moves only by its table, with a fresh event for exactly that edge: by ORM, by SQL, on either database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from municipality.documents import services as documents
from municipality.documents import store
from municipality.documents.models import Document, DocumentEvent
from municipality.kernel import clock, guards
from municipality.kernel.actors import system
from municipality.kernel.errors import TransitionRefused
from municipality.kernel.transitions import transition
from municipality.kernel.workflow import WORKFLOWS, move, workflow

pytestmark = [pytest.mark.guards, pytest.mark.django_db]
BY = system("tests")


@pytest.fixture
def draft(settings: Any, tmp_path: Path) -> Document:
    settings.VAR_DIR = tmp_path
    row = documents.draft(kind="testing", number="TST-2026-000001-K", subject="shop:1", holder_key="person:1")
    row.file = store.put(b"a document", "application/pdf")
    row.save()
    return row


def event(row: Document, name: str, source: str, target: str) -> DocumentEvent:
    return DocumentEvent.objects.create(
        subject=row,
        workflow=row.workflow_name,
        move=name,
        from_state=source,
        to_state=target,
        at=clock.now(),
        actor_key=BY.key,
        actor_role=BY.role,
    )


def save(row: Document) -> None:
    row.state = "active"
    row.save()


def bulk_update(row: Document) -> None:
    row.state = "active"
    Document.objects.bulk_update([row], ["state"])


def raw(row: Document) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE documents_document SET state = 'active' WHERE id = %s", [row.pk])


def with_an_event_of_another_row(row: Document) -> None:
    other = documents.draft(kind="testing", number="TST-2026-000002-K", subject="shop:2", holder_key="person:1")
    Document.objects.filter(pk=row.pk).update(state="active", last_event=event(other, "activate", "draft", "active"))


def with_an_event_of_another_edge(row: Document) -> None:
    Document.objects.filter(pk=row.pk).update(state="active", last_event=event(row, "carry_over", "draft", "carried_over"))


def with_an_event_that_starts_elsewhere(row: Document) -> None:
    Document.objects.filter(pk=row.pk).update(state="revoked", last_event=event(row, "revoke", "active", "revoked"))


def event_without_the_state(row: Document) -> None:
    Document.objects.filter(pk=row.pk).update(last_event=event(row, "revoke", "active", "revoked"))


SHORTCUTS: list[Callable[[Document], None]] = [
    save,
    bulk_update,
    raw,
    lambda row: Document.objects.filter(pk=row.pk).update(state="active") and None,
    with_an_event_of_another_row,
    with_an_event_of_another_edge,
    with_an_event_that_starts_elsewhere,
    event_without_the_state,
]


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_there_is_no_shortcut_to_a_state(draft: Document, shortcut: Callable[[Document], None]) -> None:
    with pytest.raises(IntegrityError, match="state_without_event"), transaction.atomic():
        shortcut(draft)
    assert Document.objects.get(pk=draft.pk).state == "draft"


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_without_the_guards_every_shortcut_works(draft: Document, shortcut: Callable[[Document], None]) -> None:
    guards.remove(connection)
    shortcut(draft)
    row = Document.objects.get(pk=draft.pk)
    assert row.state != "draft" or row.last_event_id is not None


def test_a_forged_event_for_an_edge_that_does_not_exist_is_refused(draft: Document) -> None:
    for name, source, target in (
        ("activate", "revoked", "active"),
        ("leap", "draft", "active"),
        ("", "", "draft"),
        ("activate", "", "active"),
    ):
        with pytest.raises(IntegrityError, match="no_such_edge"), transaction.atomic():
            event(draft, name, source, target)
    guards.remove(connection)
    assert event(draft, "leap", "draft", "active").pk


def test_an_event_is_used_once(draft: Document) -> None:
    with transaction.atomic():
        first = transition(draft, "activate", actor=BY)
        transition(draft, "suspend", actor=BY, reason="void")
        transition(draft, "resume", actor=BY, reason="paid")
    with pytest.raises(IntegrityError, match="state_without_event"), transaction.atomic():
        Document.objects.filter(pk=draft.pk).update(state="suspended", last_event=DocumentEvent.objects.get(move="suspend"))
    assert first.pk


def test_a_row_begins_at_the_beginning() -> None:
    facts = {"kind": "testing", "number": "TST-1", "subject": "shop:1", "holder_key": "person:1", "created_at": clock.now()}
    with pytest.raises(IntegrityError, match="state_without_event"), transaction.atomic():
        Document.objects.create(**facts, state="revoked")
    guards.remove(connection)
    Document.objects.create(**facts, state="revoked")


def test_events_are_written_once(draft: Document) -> None:
    with transaction.atomic():
        transition(draft, "activate", actor=BY)
    for attack in (lambda: DocumentEvent.objects.update(reason="x"), lambda: DocumentEvent.objects.all()._raw_delete("default")):
        with pytest.raises(IntegrityError, match="insert_only"), transaction.atomic():
            attack()


def test_a_legal_move_writes_its_event_and_its_columns(draft: Document) -> None:
    with transaction.atomic():
        made = transition(draft, "activate", actor=BY, data={"sha256": "x"})
    row = Document.objects.get(pk=draft.pk)
    assert (row.state, row.last_event_id) == ("active", made.pk)
    assert (made.move, made.from_state, made.to_state, made.actor_key) == ("activate", "draft", "active", "system:tests")


def test_whoever_moves_second_is_refused_and_leaves_no_event(draft: Document) -> None:
    stale = Document.objects.get(pk=draft.pk)
    with transaction.atomic():
        transition(draft, "activate", actor=BY)
    with transaction.atomic(), pytest.raises(TransitionRefused, match="moved_meanwhile"):
        transition(stale, "carry_over", actor=BY)
    assert DocumentEvent.objects.filter(subject=draft).count() == 1


def test_without_a_savepoint_the_transaction_of_a_lost_race_stores_nothing(draft: Document) -> None:
    stale = Document.objects.get(pk=draft.pk)
    with transaction.atomic():
        transition(draft, "activate", actor=BY, savepoint=False)
    with transaction.atomic():
        with pytest.raises(TransitionRefused, match="moved_meanwhile"):
            transition(stale, "carry_over", actor=BY, savepoint=False)
        with pytest.raises(TransactionManagementError):
            Document.objects.count()
    assert DocumentEvent.objects.filter(subject=draft).count() == 1


def test_a_move_that_the_table_lacks_and_a_missing_reason_are_refused(draft: Document) -> None:
    with transaction.atomic():
        with pytest.raises(TransitionRefused, match="no_such_move"):
            transition(draft, "revoke", actor=BY, reason="x")
        transition(draft, "activate", actor=BY)
        with pytest.raises(TransitionRefused, match="reason_missing"):
            transition(draft, "revoke", actor=BY)


def test_a_move_outside_a_transaction_is_refused(open_db: None) -> None:
    row = documents.draft(kind="testing", number="TST-2026-000001-K", subject="shop:1", holder_key="person:1")
    with pytest.raises(RuntimeError, match="transaction"):
        transition(row, "activate", actor=BY)


def stateful() -> list[Any]:
    return [model for model in apps.get_models() if hasattr(model, "EVENTS")]


@pytest.mark.parametrize("model", stateful(), ids=lambda model: model._meta.label)
def test_every_stateful_table_is_guarded(model: Any) -> None:
    table, events = model._meta.db_table, model.EVENTS._meta.db_table
    names = {guard.name for guard in guards.GUARDS.values()}
    assert {f"{table}_begins", f"{table}_moves", f"{events}_edge", f"{events}_no_update", f"{events}_no_delete"} <= names


def test_a_workflow_is_declared_once_and_names_a_move_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        workflow("documents.document", "draft")
    try:
        with pytest.raises(ValueError, match="move twice"):
            workflow("testing.twice", "a", move("go", "a", to="b"), move("go", "b", to="c"))
    finally:
        WORKFLOWS.pop("testing.twice", None)
