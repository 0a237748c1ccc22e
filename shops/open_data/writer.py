"""Writing the files of a dataset each night, in steps that fit into a job, and publishing them at once.

The first step writes the rows to JSON Lines in one transaction; all other files are made from it. Finished steps are saved: the
next job continues after an interrupted one.
"""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import connection, transaction

from municipality.kernel import clock
from municipality.kernel.failpoints import failpoint
from municipality.kernel.open_data import OPEN_SETS, OpenSet
from shops.models.open_data import Edition, Pending
from shops.open_data import feed, formats

KEPT_EDITIONS = 3  # editions of a dataset whose files stay in the storage
FOLDER = "open-data"
SECONDS = 40  # after which no further step starts
ABANDONED_AFTER = 2 * 24 * 3600  # seconds after which the folder of an unfinished night is deleted
PLAN = "plan.json"
Plan = dict[str, Any]  # of an edition: as_of, cursor, rows, folder, and the description of each finished file
Report = Callable[[str, float], None]


def _ignore(name: str, seconds: float) -> None:
    """The default of `report`."""


class EditionBusy(Exception):
    """Another process writes the files of the same night."""


def publish(key: str = "shops", report: Report = _ignore) -> Edition:
    """Write and publish the files of a dataset now. A failure leaves the previous edition and no file of this one."""
    night = f"by-hand-{secrets.token_hex(6)}"
    try:
        while (edition := continue_edition(key, night, report=report)) is None:
            pass
    finally:
        _delete_folder(_folder(key, night))
    return edition


def continue_edition(key: str, night: str, *, seconds: float = SECONDS, report: Report = _ignore) -> Edition | None:
    """Continue the files of a dataset for a night. Returns the published edition, or None if another call is needed.

    After `seconds` no further step starts, but one always runs. `report` is called with the name and seconds of each step. Raises
    EditionBusy.
    """
    dataset, folder_path, until = OPEN_SETS[key], _folder(key, night), time.monotonic() + seconds
    folder_path.mkdir(parents=True, exist_ok=True)
    with _locked(folder_path):
        plan, is_begun = _plan(folder_path), False
        if plan is None:
            _delete_abandoned(folder_path)
            if dataset.has_changes:
                feed.number_all(seconds=seconds)
                if Pending.objects.exists() and time.monotonic() > until:
                    return None
            plan, is_begun = _timed(partial(_write_rows, dataset, folder_path), f"{key}.jsonl", report), True
        if (published := Edition.objects.filter(folder=plan["folder"]).first()) is not None:
            return published
        for name, step in _steps(dataset, folder_path, plan):
            if name in plan["files"]:
                continue
            if is_begun and time.monotonic() > until:
                return None
            plan["files"][name], is_begun = _timed(partial(step, folder_path / name), name, report), True
            _save_plan(folder_path, plan)
            failpoint("shops.open_data.step")
        edition = _publish(dataset, folder_path, plan)
    _delete_old(key)
    return edition


def _timed(step: Callable[[], Any], name: str, report: Report) -> Any:
    start = time.monotonic()
    result = step()
    report(name, time.monotonic() - start)
    return result


def _folder(key: str, night: str) -> Path:
    """The working folder of a night, shared by all workers."""
    return Path(settings.VAR_DIR) / "open-data.part" / f"{key}.{night}"


@contextmanager
def _locked(folder_path: Path) -> Iterator[None]:
    """Lock the folder against other processes. The lock ends with its process."""
    with (folder_path / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise EditionBusy(folder_path.name) from error
        yield


def _plan(folder_path: Path) -> Plan | None:
    try:
        plan: Plan = json.loads((folder_path / PLAN).read_text(encoding="utf8"))
    except FileNotFoundError:
        return None
    return plan


def _save_plan(folder_path: Path, plan: Plan) -> None:
    part = folder_path / f".{PLAN}"
    part.write_text(json.dumps(plan), encoding="utf8")
    part.replace(folder_path / PLAN)


@contextmanager
def _snapshot() -> Iterator[None]:
    """A consistent snapshot for all queries inside. On SQLite a single statement is consistent anyway.

    The statement timeouts of pages do not apply; the job's time limit does.
    """
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = '100s'")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '100s'")
        yield


def _write_rows(dataset: OpenSet, folder_path: Path) -> Plan:
    """The first step: the rows of one snapshot, after all pending changes are numbered, so that the cursor misses none."""
    name = f"{dataset.key}.jsonl"
    for is_last in (False, False, False, False, True):
        with formats.writing(folder_path / name) as made:
            with _snapshot():
                if dataset.has_changes and Pending.objects.exists() and not is_last:
                    count = None
                else:
                    now, cursor = clock.now(), feed.last_number() if dataset.has_changes else None
                    count = formats.write_lines(made.out, dataset.names, dataset.rows(clock.today()))
            if count is None:
                feed.number_all()
                continue
            folder = f"{dataset.key}-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
            plan = {"as_of": now.isoformat(), "cursor": cursor, "rows": count, "folder": folder, "files": {name: made.finish()}}
            _save_plan(folder_path, plan)
            failpoint("shops.open_data.step")
            return plan
    raise AssertionError("the last try reads in any case")


def _steps(dataset: OpenSet, folder_path: Path, plan: Plan) -> Iterator[tuple[str, Callable[[Path], dict[str, Any]]]]:
    """Name and writer of each further file."""
    lines = folder_path / f"{dataset.key}.jsonl"
    cursor = {"cursor": feed.token_of(plan["cursor"])} if dataset.has_changes else {}
    head = {"as_of": plan["as_of"], **cursor, "licence": settings.OPEN_DATA_LICENCE_URL}
    yield f"{dataset.key}.csv", partial(formats.write_csv, lines, names=dataset.names)
    if "geojson" in dataset.formats:
        yield f"{dataset.key}.geojson", partial(formats.write_geojson, lines, head=head)
    for form in dataset.formats:
        yield f"{dataset.key}.{form}.gz", partial(formats.write_gzip, folder_path / f"{dataset.key}.{form}")


class _MovableFile(File):  # type: ignore[type-arg]
    """A finished file that the storage may move instead of copying."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _publish(dataset: OpenSet, folder_path: Path, plan: Plan) -> Edition:
    names = [f"{dataset.key}.{form}{twin}" for form in dataset.formats for twin in ("", ".gz")]
    fields: dict[str, Any] = {"dataset": dataset.key, "as_of": dt.datetime.fromisoformat(plan["as_of"]), "cursor": plan["cursor"]}
    fields |= {"rows": plan["rows"], "folder": plan["folder"], "files": [plan["files"][name] for name in names]}
    edition = Edition(**fields, made_at=clock.now())
    for file in edition.files:
        _store(folder_path / file["name"], path_of(edition, file["name"]), file["bytes"])
    failpoint("shops.open_data.stored")
    edition.save(force_insert=True)
    return edition


def _store(source_path: Path, name: str, size: int) -> None:
    """Move a file to the storage. After a killed process it may be there already; an incomplete one is replaced."""
    if not source_path.exists():
        if default_storage.exists(name) and default_storage.size(name) == size:
            return
        raise FileNotFoundError(source_path)
    default_storage.delete(name)
    with source_path.open("rb") as source:
        if default_storage.save(name, _MovableFile(source, name=str(source_path))) != name:
            raise FileExistsError(name)


def path_of(edition: Edition, name: str) -> str:
    """The path of a file of an edition in the storage."""
    return f"{FOLDER}/{edition.folder}/{name}"


def _delete_old(key: str) -> None:
    """Delete files of old editions from the storage; open downloads continue."""
    for edition in Edition.objects.filter(dataset=key).order_by("-pk")[KEPT_EDITIONS : KEPT_EDITIONS + 5]:
        for file in edition.files:
            default_storage.delete(path_of(edition, file["name"]))


def _delete_abandoned(mine: Path) -> None:
    """Delete the folders of past nights."""
    before = time.time() - ABANDONED_AFTER
    for folder_path in (Path(settings.VAR_DIR) / "open-data.part").iterdir():
        with suppress(FileNotFoundError):  # deleted concurrently
            if folder_path != mine and folder_path.is_dir() and folder_path.stat().st_mtime < before:
                _delete_folder(folder_path)


def _delete_folder(folder_path: Path) -> None:
    """Delete a working folder, with the stored files of its edition if it was not published."""
    plan = _plan(folder_path)
    if plan is not None and not Edition.objects.filter(folder=plan["folder"]).exists():
        for name in plan["files"]:
            default_storage.delete(f"{FOLDER}/{plan['folder']}/{name}")
    shutil.rmtree(folder_path, ignore_errors=True)
