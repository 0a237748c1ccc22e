"""A test whose transactions commit leaves the database as it found it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import TransactionTestCase
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent, Edge
from municipality.audit.services import record
from municipality.kernel import guards
from municipality.kernel.actors import system
from tests import emptying, live_requests
from tests.database_guards import drop_guard
from tests.factories.accounts import PersonFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guards]


@pytest.fixture(autouse=True)
def flushed(transactional_db: None) -> None:
    """The database after a whole flush, as the first test of each process leaves it."""
    emptying._flushed.clear()
    empty()


def empty() -> None:
    emptying.empty(TransactionTestCase())


def kept() -> tuple[int, ...]:
    tables = (ContentType, Permission, Group, Group.permissions.through, Edge)
    return tuple(table._base_manager.count() for table in tables)


@pytest.fixture
def flushes(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Whole flushes of the test."""
    seen: list[object] = []
    whole = emptying._flush_whole
    monkeypatch.setattr(emptying, "_flush_whole", lambda case: (seen.append(case), whole(case)))
    return seen


def test_rows_go_although_guards_refuse_and_what_migrations_write_stays(flushes: list[object]) -> None:
    before, ids = kept(), set(Permission.objects.values_list("pk", flat=True))
    person = PersonFactory()
    with transaction.atomic():
        record("accounts.signed_in", subject=person.key, actor=system("tests"))
    empty()
    assert not User.objects.exists() and not AuditEvent.objects.exists()
    assert kept() == before and set(Permission.objects.values_list("pk", flat=True)) == ids
    assert guards.installed(connection) == guards.expected(connection)
    assert not flushes


def test_a_guard_that_a_test_took_away_comes_back(flushes: list[object]) -> None:
    drop_guard("audit_auditevent_no_update", "audit_auditevent")
    PersonFactory()
    empty()
    assert guards.installed(connection) == guards.expected(connection)
    assert flushes and not User.objects.exists()


def test_a_role_that_a_test_changed_is_as_before(flushes: list[object]) -> None:
    before = kept()
    group = Group.objects.filter(permissions__isnull=False).first()
    assert group is not None
    group.permissions.clear()
    empty()
    assert kept() == before
    assert flushes


def test_an_edge_that_a_test_added_goes_without_a_flush(flushes: list[object]) -> None:
    before = kept()
    Edge.objects.create(workflow="testing.added", move="add", from_state="", to_state="added")
    empty()
    assert kept() == before
    assert not flushes


def test_few_statements_empty_a_database_in_which_nothing_was_written(flushes: list[object]) -> None:
    with CaptureQueriesContext(connection) as asked:
        empty()
    assert len(asked) < 15
    assert not flushes


def test_thousands_of_rows_are_truncated(flushes: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emptying, "MANY", 2)
    PersonFactory()
    PersonFactory(noura=True)
    empty()
    assert flushes and not User.objects.exists()


@pytest.mark.parametrize("waits", [True, False], ids=["waited for", "not waited for"])
def test_what_a_late_request_writes_goes_too(live_server: Any, monkeypatch: pytest.MonkeyPatch, waits: bool) -> None:
    """A page that the test has left is still sending. Without the wait its row is there in the next test."""
    arrived, may_write = threading.Event(), threading.Event()

    def late(handler: WSGIHandler, request: HttpRequest) -> HttpResponse:
        arrived.set()
        assert may_write.wait(60)
        PersonFactory()
        return HttpResponse()

    monkeypatch.setattr(WSGIHandler, "get_response", late)
    page = threading.Thread(target=requests.get, args=[f"{live_server}/ar/"])
    page.start()
    assert arrived.wait(60)
    if waits:
        threading.Timer(0.5, may_write.set).start()
    else:
        monkeypatch.setattr(live_requests, "wait_until_over", lambda: None)
    empty()
    may_write.set()
    page.join()
    assert User.objects.exists() is not waits
