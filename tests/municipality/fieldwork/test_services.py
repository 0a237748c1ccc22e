"""A visit is received once, however often and however at once it is sent; evidence is kept once and never changed."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Iterator
from contextvars import copy_context
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction

from municipality.audit.models import AuditEvent
from municipality.fieldwork import queries, services
from municipality.fieldwork.models import Evidence, Visit
from municipality.fieldwork.services import SentVisit, VisitConflict
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.uploads import registry
from municipality.uploads import services as uploads
from municipality.uploads.refusals import SENTENCES
from municipality.uploads.registry import Slot
from tests.database_guards import without_guards
from tests.factories.accounts import StaffFactory
from tests.open_database import on_postgres

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 24, 9, 0, tzinfo=dt.UTC)
SUBJECT = "testvisit:1"


def sent(**facts: Any) -> SentVisit:
    values = {"key": str(uuid4()), "started_at": NOW, "latitude": 29.33, "longitude": 48.02, "accuracy_m": 8}
    return SentVisit(**(values | facts))


def test_sent_twice_it_is_one_visit_and_is_written_once(sender: Any) -> None:
    visit, once = sent(), []
    first, made = services.receive(sender=sender, sent=visit, write=lambda row: once.append(row) or "made")  # type: ignore[func-returns-value]
    again, nothing = services.receive(sender=sender, sent=visit, write=lambda row: once.append(row))
    assert (made, nothing, again.pk, len(once), Visit.objects.count()) == ("made", None, first.pk, 1, 1)
    assert (first.started_at, first.latitude, first.accuracy_m) == (NOW, 29.33, 8)


def test_the_control_without_the_key_a_second_sending_is_a_second_visit(sender: Any) -> None:
    visit, once = sent(), []
    for key in (str(uuid4()), str(uuid4())):
        services.receive(sender=sender, sent=replace(visit, key=key), write=once.append)
    assert len(once) == Visit.objects.count() == 2


def test_the_database_holds_where_the_first_look_missed_it(sender: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other sending was not there yet when this one looked; the control: without a second look the error comes through."""
    visit, looks = sent(), iter([None])
    services.receive(sender=sender, sent=visit, write=lambda row: None)
    plain = queries.visit_of
    monkeypatch.setattr(queries, "visit_of", lambda key: next(looks, plain(key)))
    assert services.receive(sender=sender, sent=visit, write=pytest.fail)[0].key == visit.key
    monkeypatch.setattr(queries, "visit_of", lambda key: None)
    with pytest.raises(IntegrityError):
        services.receive(sender=sender, sent=visit, write=pytest.fail)
    assert Visit.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
@pytest.mark.parametrize("same_key", [True, False], ids=["same key", "control: a key for each sending"])
def test_sent_at_once_it_is_one_visit_and_is_written_once(sender: Any, same_key: bool) -> None:
    if not on_postgres():
        pytest.skip("needs PostgreSQL")
    visit, begin, made, known, wrote = sent(), threading.Barrier(4), [], [], []

    def run() -> None:
        mine = visit if same_key else replace(visit, key=str(uuid4()))
        try:
            begin.wait()
            row, written = services.receive(sender=sender, sent=mine, write=lambda row: wrote.append(row.pk) or True)  # type: ignore[func-returns-value]
            (made if written else known).append(row.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=copy_context().run, args=(run,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(made), len(known), Visit.objects.count()) == ((1, 3, 1) if same_key else (4, 0, 4))
    assert len(wrote) == len(made) and set(known) <= set(made)


@pytest.mark.parametrize("who", ["another sender", "another time"])
def test_a_key_is_of_one_sender_and_time(sender: Any, who: str) -> None:
    visit = sent()
    services.receive(sender=sender, sent=visit, write=lambda row: None)
    other = StaffFactory(login="second") if who == "another sender" else sender
    later = replace(visit, started_at=NOW + dt.timedelta(minutes=who == "another time"))
    with pytest.raises(VisitConflict):
        services.receive(sender=other, sent=later, write=pytest.fail)


def test_a_refusal_keeps_nothing_and_the_same_key_may_come_again(sender: Any) -> None:
    visit = sent()

    def refuse(row: Visit) -> None:
        raise Refused("closed")

    with pytest.raises(Refused):
        services.receive(sender=sender, sent=visit, write=refuse)
    assert not Visit.objects.exists()
    assert services.receive(sender=sender, sent=visit, write=lambda row: "made")[1] == "made"


@pytest.mark.guards
@pytest.mark.parametrize("change", [{"key": "x"}, {"latitude": 29.0}, {"accuracy_m": None}, {"started_at": NOW - dt.timedelta(days=1)}])
def test_the_database_refuses_to_change_a_visit(sender: Any, change: dict[str, Any]) -> None:
    services.receive(sender=sender, sent=sent(), write=lambda row: None)
    with pytest.raises(IntegrityError, match="insert_only"), transaction.atomic():
        Visit.objects.update(**change)
    with pytest.raises(IntegrityError, match="insert_only"), transaction.atomic():
        Visit.objects.all()._raw_delete("default")


@pytest.mark.parametrize("place", [(29.3, None), (None, 48.0), (10.0, 48.0), (29.3, 10.0)])
def test_the_database_refuses_a_place_outside_or_half(sender: Any, place: tuple[float | None, float | None]) -> None:
    with pytest.raises(IntegrityError, match="in_kuwait"), transaction.atomic():
        services.receive(sender=sender, sent=sent(latitude=place[0], longitude=place[1]), write=lambda row: None)


# --- Evidence -----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def visit(sender: Any, settings: Any, tmp_path: Any) -> Iterator[Visit]:
    """A visit whose subject takes two photos."""
    settings.VAR_DIR = tmp_path
    files = registry.Prefix(
        may_write=lambda user, subject: True,
        may_read=lambda user, subject: True,
        slots=lambda subject: {"photos": Slot("photos", "Photos", most=2, photo=True)},
    )
    registry.PREFIXES.register("testvisit", files)
    yield services.receive(sender=sender, sent=sent(), write=lambda row: None)[0]
    del registry.PREFIXES["testvisit"]


def add(visit: Visit, *pictures: bytes, captured_at: dt.datetime = NOW) -> tuple[int, list[Any]]:
    files = [SimpleUploadedFile("front.jpg", picture, content_type="image/jpeg") for picture in pictures]
    return services.add_evidence(
        visit=visit,
        subject=SUBJECT,
        slot="photos",
        kind="front",
        files=files,
        captured_at=captured_at,
        sender=visit.sender,
        actor=Actor("inspector", visit.sender.key),
    )


@pytest.mark.guards
def test_the_database_keeps_a_photo_that_is_evidence(visit: Visit) -> None:
    add(visit, ONE)
    upload = queries.evidence_of(visit).get().upload
    assert queries.evidence_files(SUBJECT) == {upload.pk}
    with pytest.raises(IntegrityError, match="guard:evidence"):
        uploads.drop_all(SUBJECT, reason="draft_ended")
    without_guards()
    assert uploads.drop_all(SUBJECT, reason="draft_ended") == 1, "the control: without the guard it is gone"


ONE, TWO, THREE = (b"\xff\xd8\xff\xe0 picture " + name for name in (b"one", b"two", b"three"))


def test_a_photo_keeps_hash_place_and_the_time_of_its_capture(visit: Visit) -> None:
    import hashlib

    with clock.at(NOW + dt.timedelta(hours=5)):
        assert add(visit, ONE) == (1, [])
    (mark,) = queries.evidence_of(visit)
    assert mark.sha256 == hashlib.sha256(ONE).hexdigest() and mark.kind == "front"
    assert (mark.captured_at, mark.received_at) == (NOW, NOW + dt.timedelta(hours=5))
    assert (mark.latitude, mark.longitude, mark.accuracy_m, mark.added_by) == (29.33, 48.02, 8, visit.sender.key)
    assert AuditEvent.objects.get(subject=SUBJECT, action="evidence.added")
    assert list(queries.evidence_of(None)) == []


def test_the_same_photo_twice_is_one_and_keeps_its_first_time(visit: Visit) -> None:
    assert add(visit, ONE, ONE, TWO) == (2, [])
    assert add(visit, ONE, captured_at=NOW + dt.timedelta(hours=1)) == (0, [])
    assert {mark.captured_at for mark in queries.evidence_of(visit)} == {NOW}


def test_a_photo_that_is_refused_takes_no_other_with_it(visit: Visit) -> None:
    kept, refused = add(visit, b"", ONE, TWO, THREE)
    assert (kept, len(refused), Evidence.objects.count()) == (2, 2, 2)


def test_a_photo_that_cannot_be_read_is_told(visit: Visit) -> None:
    kept, refused = add(visit, b"\0\0\0\x20ftypheic a phone", ONE)
    assert kept == Evidence.objects.count() == 1 and str(refused[0]) == str(SENTENCES["heic"])


def test_a_long_day_takes_no_evidence(visit: Visit, settings: Any) -> None:
    settings.UPLOADS_DAILY_FILES = 1
    assert add(visit, ONE, TWO) == (2, [])


@pytest.mark.guards
@pytest.mark.parametrize("change", [{"captured_at": NOW - dt.timedelta(days=1)}, {"latitude": 29.0}, {"kind": "other"}, {"added_by": "x"}])
def test_the_database_refuses_to_change_evidence(visit: Visit, change: dict[str, Any]) -> None:
    add(visit, ONE)
    with pytest.raises(IntegrityError, match="insert_only"), transaction.atomic():
        Evidence.objects.update(**change)
    with pytest.raises(IntegrityError, match="insert_only"), transaction.atomic():
        Evidence.objects.all()._raw_delete("default")
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Evidence.objects.get().upload.__class__.objects.update(sha256="0" * 64)
