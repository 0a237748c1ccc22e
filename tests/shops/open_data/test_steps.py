"""The files of a night are written in steps: whoever is killed between two is gone on with, and the bytes are those of one go."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import InterfaceError, OperationalError, connection, transaction
from django.test import Client

from municipality.jobs.models import Job, JobState
from municipality.kernel.open_data import OPEN_SETS
from shops import tasks
from shops.models import Edition, Pending, Published, Shop
from shops.open_data import feed, formats, table, writer
from shops.open_data.writer import EditionBusy
from tests.conftest import Clock
from tests.open_database import on_postgres
from tests.shops.open_data.conftest import Register, fill
from tests.threads import at_once

NIGHT = "2026-11-26"


class Killed(BaseException):
    """As a signal ends a process: nothing that catches exceptions hears of it."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch, point: str = "shops.open_data.step") -> None:
    """From now on the process is killed when it passes the failpoint for the so-manieth time."""
    passed = 0

    def fail(name: str) -> None:
        nonlocal passed
        passed += name == point
        if passed == step and name == point:
            raise Killed

    monkeypatch.setattr(writer, "failpoint", fail)
    monkeypatch.setattr(formats, "failpoint", fail)


def stored(edition: Edition, name: str) -> bytes:
    """A file as it lies in the store."""
    with default_storage.open(writer.path_of(edition, name)) as file:
        content: bytes = file.read()
    return content


def said(edition: Edition) -> dict[str, str]:
    """The hash of each file as it lies in the store, which is the one that its edition tells."""
    found = {}
    for one in edition.files:
        content = stored(edition, one["name"])
        assert (len(content), hashlib.sha256(content).hexdigest()) == (one["bytes"], one["sha256"])
        found[one["name"]] = one["sha256"]
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("step", [1, 2, 3, 4, 5, 6])
def test_a_job_killed_between_two_steps_goes_on_and_publishes_the_same_bytes(
    step: int, register: Register, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = said(writer.publish())
    before = Edition.objects.count()
    killed_at(step, monkeypatch)
    with pytest.raises(Killed):
        writer.continue_edition("shops", NIGHT)
    assert Edition.objects.count() == before, "nothing is shown before all is there"
    Shop.objects.filter(pk=register.shops[5].pk).update(name_ar="كتب بعد القراءة")  # what is written meanwhile is in no file of it
    monkeypatch.undo()
    edition = writer.continue_edition("shops", NIGHT)
    assert edition is not None and said(edition) == whole
    assert writer.continue_edition("shops", NIGHT) == edition, "a job that runs again shows nothing anew"
    assert Edition.objects.count() == before + 1


@pytest.mark.django_db
def test_without_what_was_kept_of_the_first_step_the_bytes_would_be_others(
    register: Register, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: reading anew gives what was written meanwhile."""
    whole = said(writer.publish())
    killed_at(2, monkeypatch)
    with pytest.raises(Killed):
        writer.continue_edition("shops", NIGHT)
    Shop.objects.filter(pk=register.shops[5].pk).update(name_ar="كتب بعد القراءة")
    monkeypatch.undo()
    (writer._folder("shops", NIGHT) / writer.PLAN).unlink()
    edition = writer.continue_edition("shops", NIGHT)
    assert edition is not None and said(edition)["shops.jsonl"] != whole["shops.jsonl"]


@pytest.mark.django_db
@pytest.mark.parametrize("given", [1, 4])
def test_a_job_killed_while_it_gives_files_to_the_store_gives_the_rest(
    given: int, register: Register, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, before = said(writer.publish()), Edition.objects.count()
    store, stored = writer._store, 0

    def give(*arguments: Any) -> None:
        nonlocal stored
        if stored == given:
            raise Killed
        stored += 1
        store(*arguments)

    monkeypatch.setattr(writer, "_store", give)
    with pytest.raises(Killed):
        writer.continue_edition("shops", NIGHT)
    monkeypatch.undo()
    assert Edition.objects.count() == before
    edition = writer.continue_edition("shops", NIGHT)
    assert edition is not None and said(edition) == whole


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [0, 3600])
def test_the_jobs_of_a_night_end_with_one_edition_however_many_they_are(
    seconds: float, register: Register, outbox: Callable[..., int], frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    frozen_clock.move(days=1)
    whole = writer.continue_edition
    monkeypatch.setattr(writer, "continue_edition", lambda key, night: whole(key, night, seconds=seconds))
    monkeypatch.setattr(tasks, "COMPARING", seconds)
    monkeypatch.setattr(feed, "SLICE", 10)
    Shop.objects.filter(pk=register.shops[24].pk).update(building="31")  # written past the services, in the last slice
    before = Edition.objects.count()
    tasks.find_unmarked_changes()
    ran = outbox("shops.compare_rest", "shops.open_data")
    assert (ran > 10) == (seconds == 0), ran
    assert Edition.objects.count() == before + len(OPEN_SETS) and not Job.objects.filter(state=JobState.DEAD).exists()
    rows = Client().get("/open-data/shops.jsonl")
    assert b'"building":"31"' in b"".join(rows.streaming_content)
    assert [change["type"] for change in Client().get("/api/v1/changes/").json()["results"]][-1] == "updated"


@pytest.mark.django_db
def test_the_first_comparison_takes_every_slice_as_told(db: Any, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "SLICE", 4)
    fill(10)
    feed.number_all()
    Published.objects.all().delete()
    last: int | None = 0
    while last is not None:
        compared = feed.compare_slice(last)
        assert compared.marked == 0
        last = compared.last
    assert Published.objects.count() == 10
    feed.compare_slice(0)
    assert Published.objects.count() == 10, "doing a slice twice does no harm"


@pytest.mark.django_db
def test_a_first_comparison_beside_another_one_ends_with_each_shop_once(db: Any, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(10)
    feed.number_all()
    read = table.rows

    def rows_with_another_comparison(*arguments: Any, **options: Any) -> Iterator[Any]:
        monkeypatch.setattr(table, "rows", read)
        feed.compare_slice()
        yield from read(*arguments, **options)

    monkeypatch.setattr(table, "rows", rows_with_another_comparison)
    assert feed.compare_slice() == feed.Comparison(None, 0)
    assert Published.objects.count() == 10


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_two_first_comparisons_at_once_wait_for_each_other(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(10)
    feed.number_all()
    Published.objects.all().delete()
    written, publish = threading.Barrier(2), feed._publish

    def publish_together(rows: Any) -> None:
        written.wait(10)  # neither has committed when the other begins to write
        publish(rows)

    monkeypatch.setattr(feed, "_publish", publish_together)
    assert at_once(feed.compare_slice, feed.compare_slice) == [feed.Comparison(None, 0)] * 2
    assert Published.objects.count() == 10


@pytest.mark.django_db
def test_a_job_from_before_there_were_sets_writes_the_shops(register: Register) -> None:
    tasks.open_data()
    assert Edition.objects.filter(dataset="shops").count() == 2


@pytest.mark.django_db
def test_two_processes_do_not_write_the_same_files(register: Register) -> None:
    stage = writer._folder("shops", NIGHT)
    stage.mkdir(parents=True)
    with writer._locked(stage), pytest.raises(EditionBusy):
        writer.continue_edition("shops", NIGHT)
    assert writer.continue_edition("shops", NIGHT) is not None


@pytest.mark.django_db
def test_what_is_left_of_a_night_that_was_given_up_is_cleared_away(
    register: Register, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_at(1, monkeypatch, "shops.open_data.stored")
    with pytest.raises(Killed):
        writer.continue_edition("shops", NIGHT)
    monkeypatch.undo()
    plan = writer._plan(writer._folder("shops", NIGHT))
    assert plan is not None and default_storage.exists(f"open-data/{plan['folder']}/shops.csv")
    later = time.time() + writer.ABANDONED_AFTER + 60
    monkeypatch.setattr(time, "time", lambda: later)
    assert writer.continue_edition("shops", "2026-11-29") is not None
    assert not writer._folder("shops", NIGHT).exists() and not default_storage.exists(f"open-data/{plan['folder']}/shops.csv")


@pytest.mark.django_db
def test_numbering_ends_when_its_time_is_over_and_goes_on(register: Register, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed, "BATCH", 5)
    feed.mark([shop.pk for shop in register.shops])
    feed.number_all(seconds=0)
    assert Pending.objects.count() == 20
    assert writer.continue_edition("shops", NIGHT, seconds=0) is None and Pending.objects.count() == 15, "one batch a call, and no file yet"
    while (edition := writer.continue_edition("shops", NIGHT, seconds=0)) is None:
        pass
    assert not Pending.objects.exists() and edition.cursor == feed.last_number()


# --- A slow disk, as only PostgreSQL minds it ---------------------------------------------------------------------------------------


def impatient() -> None:
    """A server that ends a connection which waits in a transaction for half a second."""
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '500ms'")


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
def test_no_transaction_waits_for_the_disk(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(4)
    feed.compare_slice()
    waited: list[bool] = []

    def slow(_number: int) -> None:
        waited.append(connection.in_atomic_block)
        time.sleep(0.6)

    monkeypatch.setattr(formats.os, "fsync", slow)
    impatient()
    try:
        assert writer.publish().rows == 4
    finally:
        connection.close()
    assert waited == [False] * 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
@pytest.mark.parametrize("where", ["between rows", "behind them"])
def test_a_transaction_that_waited_for_the_disk_lost_its_connection(where: str) -> None:
    """The control: with the wait inside, the server ends the connection, and the night has failed."""
    fill(4)

    def wait() -> None:
        with transaction.atomic():
            found = Shop.objects.values_list("pk").iterator(chunk_size=1)
            next(found)
            if where == "behind them":
                list(found)
            time.sleep(0.8)
            list(found)

    impatient()
    with pytest.raises((InterfaceError, OperationalError), match=r"clos|terminat"):
        wait()
    connection.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not on_postgres(), reason="SQLite has no snapshot of a transaction")
def test_what_is_written_while_the_rows_are_read_is_in_no_file(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = fill(4)
    feed.compare_slice()
    compact = formats.compact

    def meanwhile(value: Any) -> str:
        monkeypatch.setattr(formats, "compact", compact)
        elsewhere(made.shops[3].pk)
        return compact(value)

    monkeypatch.setattr(formats, "compact", meanwhile)
    monkeypatch.setattr(formats, "CHUNK", 1)
    edition = writer.publish()
    assert Shop.objects.get(pk=made.shops[3].pk).building == "77"
    content = stored(edition, "shops.jsonl")
    assert content.count(b"\n") == 4 and b'"building":"77"' not in content


def elsewhere(shop: int) -> None:
    """Another connection writes and commits."""

    def write() -> None:
        Shop.objects.filter(pk=shop).update(building="77")
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    thread.join()
