"""A worker that dies while it issues a document, at each point between the draft and the end of its job."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import pytest
from django.db import transaction

from municipality.audit.models import AuditEvent
from municipality.documents import models, services, store
from municipality.documents.facts import Facts
from municipality.documents.models import Document, DocumentEvent
from municipality.jobs.models import Job
from municipality.notifications.models import Delivery, Message

POINTS = ("drafted", "sealed", "stored", "committed")


class Killed(BaseException):
    """Ends the work as SIGKILL does: open transactions are rolled back, and nothing catches it."""


def assert_ends_as_undisturbed(write: Callable[[], object], facts: type[Facts]) -> None:
    """Assert that `write`, which issues a document of `facts`, has after a death at each point and a second try done all of it once."""
    with _undone(), _not_rendered():
        write()
        undisturbed = _written(facts)
    assert undisturbed["states"]["active"] >= 1
    for point in POINTS:
        with _undone(), _not_rendered():
            with _dies_at(f"{facts.kind}.{point}"), pytest.raises(Killed):
                write()
            write()
            assert _written(facts) == undisturbed, f"after a death at {point}"
            newest = Document.objects.filter(kind=facts.kind, state="active").latest("pk")
            assert newest.file is not None and store.read(newest.file).startswith(b"%PDF")


@contextlib.contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _not_rendered() -> contextlib.AbstractContextManager[object]:
    """What is drawn does not depend on where the worker died."""
    return mock.patch.object(services, "render_and_seal", lambda _facts, document: f"%PDF-1.7 {document.number}".encode())


@contextlib.contextmanager
def _dies_at(point: str) -> Iterator[None]:
    def failpoint(name: str) -> None:
        if name == point:
            raise Killed(name)

    with mock.patch.object(services, "failpoint", failpoint):
        yield


def _written(facts: type[Facts]) -> dict[str, Any]:
    """How often each thing is there: documents, numbers used, events, messages, deliveries, jobs."""
    mine = Document.objects.filter(kind=facts.kind)
    return {
        "states": Counter(mine.values_list("state", flat=True)),
        "numbers": dict(models.Counter.objects.values_list("series", "last")),
        "moves": Counter(DocumentEvent.objects.values_list("move", "to_state")),
        "audit": Counter(AuditEvent.objects.values_list("action", flat=True)),
        "messages": Counter(Message.objects.values_list("kind", "person", "subject_key")),
        "deliveries": Counter(Delivery.objects.values_list("message__kind", "channel")),
        "jobs": Counter(Job.objects.values_list("kind", flat=True)),
    }
