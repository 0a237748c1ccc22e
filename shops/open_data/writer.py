"""The files of a night, set by set, in steps that each fit into a job, and shown all at once.

First the rows go to JSON Lines in one transaction; every other file is made from that one, so that all say the same whatever is written
meanwhile. A step that is done stays done: a job that ends, or is killed, is gone on with by the next.
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
from shops.models.open_data import Edition, Pending
from shops.open_data import feed, formats
from shops.registry import OPEN_SETS, OpenSet

KEPT = 3  # editions of a set whose files stay in the store
FOLDER = "open-data"
SECONDS = 40  # no further step is begun after them
LEFT = 2 * 24 * 3600  # seconds; after that what is left of a night is nobody's
PLAN = "plan.json"
Plan = dict[str, Any]  # of an edition: as_of, cursor, rows, folder, and what is said of each file that is whole
Tell = Callable[[str, float], None]


def _hush(name: str, seconds: float) -> None:
    """Nobody asked how long a step took."""


class EditionBusy(Exception):
    """Another process writes the same files of the same night."""


def publish(key: str = "shops", tell: Tell = _hush) -> Edition:
    """Write the files of a set as of now and show them. Any failure leaves the edition before it as it is, and no file of this one."""
    night = f"by-hand-{secrets.token_hex(6)}"
    try:
        while (edition := go_on(key, night, tell=tell)) is None:
            pass
    finally:
        _drop(_stage(key, night))
    return edition


def go_on(key: str, night: str, *, seconds: float = SECONDS, tell: Tell = _hush) -> Edition | None:
    """Go on with the files of a set for a night. Returns the edition that is shown, or None where a further call is needed.

    After `seconds` no further step is begun; one is done in any case. `tell` hears each step with the seconds it took. Raises Busy.
    """
    one, stage, until = OPEN_SETS[key], _stage(key, night), time.monotonic() + seconds
    stage.mkdir(parents=True, exist_ok=True)
    with _alone(stage):
        plan, is_begun = _plan(stage), False
        if plan is None:
            _forget_left(stage)
            if one.has_changes:
                feed.number_all(seconds=seconds)
                if Pending.objects.exists() and time.monotonic() > until:
                    return None
            plan, is_begun = _timed(partial(_read, one, stage), f"{key}.jsonl", tell), True
        if (shown := Edition.objects.filter(folder=plan["folder"]).first()) is not None:
            return shown
        for name, step in _steps(one, stage, plan):
            if name in plan["files"]:
                continue
            if is_begun and time.monotonic() > until:
                return None
            plan["files"][name], is_begun = _timed(partial(step, stage / name), name, tell), True
            _keep(stage, plan)
            failpoint("shops.open_data.step")
        edition = _shown(one, stage, plan)
    _forget_old(key)
    return edition


def _timed(step: Callable[[], Any], name: str, tell: Tell) -> Any:
    began = time.monotonic()
    made = step()
    tell(name, time.monotonic() - began)
    return made


def _stage(key: str, night: str) -> Path:
    """Where the files of a night are made. What works on them, wherever it runs, shares this folder."""
    return Path(settings.VAR_DIR) / "open-data.part" / f"{key}.{night}"


@contextmanager
def _alone(stage: Path) -> Iterator[None]:
    """Let no other process work there meanwhile. The lock ends with its process, however that ends."""
    with (stage / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as held:
            raise EditionBusy(stage.name) from held
        yield


def _plan(stage: Path) -> Plan | None:
    try:
        plan: Plan = json.loads((stage / PLAN).read_text(encoding="utf8"))
    except FileNotFoundError:
        return None
    return plan


def _keep(stage: Path, plan: Plan) -> None:
    part = stage / f".{PLAN}"
    part.write_text(json.dumps(plan), encoding="utf8")
    part.replace(stage / PLAN)


@contextmanager
def _one_moment() -> Iterator[None]:
    """All that is read inside is the state of one moment. SQLite gives that to one statement, without holding up who writes.

    The limits of a page, 15 seconds a statement and 30 between two, are not those of a disk that takes in a million rows: there the
    limit of the job holds.
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


def _read(one: OpenSet, stage: Path) -> Plan:
    """The first step: the rows of one moment. What waits for its number is numbered first, or a reader of the feed would lack it."""
    name = f"{one.key}.jsonl"
    for is_last in (False, False, False, False, True):
        with formats.writing(stage / name) as made:
            with _one_moment():
                if one.has_changes and Pending.objects.exists() and not is_last:
                    count = None
                else:
                    now, cursor = clock.now(), feed.last_number() if one.has_changes else None
                    count = formats.write_lines(made.out, one.names, one.rows(clock.today()))
            if count is None:
                feed.number_all()
                continue
            folder = f"{one.key}-{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
            plan = {"as_of": now.isoformat(), "cursor": cursor, "rows": count, "folder": folder, "files": {name: made.finish()}}
            _keep(stage, plan)
            failpoint("shops.open_data.step")
            return plan
    raise AssertionError("the last try reads in any case")


def _steps(one: OpenSet, stage: Path, plan: Plan) -> Iterator[tuple[str, Callable[[Path], dict[str, Any]]]]:
    """Name of each further file, and what writes it."""
    lines = stage / f"{one.key}.jsonl"
    cursor = {"cursor": feed.token_of(plan["cursor"])} if one.has_changes else {}
    head = {"as_of": plan["as_of"], **cursor, "licence": settings.OPEN_DATA_LICENCE_URL}
    yield f"{one.key}.csv", partial(formats.write_csv, lines, names=one.names)
    if "geojson" in one.formats:
        yield f"{one.key}.geojson", partial(formats.write_geojson, lines, head=head)
    for form in one.formats:
        yield f"{one.key}.{form}.gz", partial(formats.write_packed, stage / f"{one.key}.{form}")


class _Moved(File):  # type: ignore[type-arg]
    """A finished file that the store may take as it is, without copying it."""

    def temporary_file_path(self) -> str:
        return str(self.name)


def _shown(one: OpenSet, stage: Path, plan: Plan) -> Edition:
    names = [f"{one.key}.{form}{twin}" for form in one.formats for twin in ("", ".gz")]
    made: dict[str, Any] = {"dataset": one.key, "as_of": dt.datetime.fromisoformat(plan["as_of"]), "cursor": plan["cursor"]}
    made |= {"rows": plan["rows"], "folder": plan["folder"], "files": [plan["files"][name] for name in names]}
    edition = Edition(**made, made_at=clock.now())
    for said in edition.files:
        _store(stage / said["name"], path_of(edition, said["name"]), said["bytes"])
    failpoint("shops.open_data.stored")
    edition.save(force_insert=True)
    return edition


def _store(made: Path, wanted: str, size: int) -> None:
    """Give a file to the store. One that a killed process has given already is there; a part of one is given again."""
    if not made.exists():
        if default_storage.exists(wanted) and default_storage.size(wanted) == size:
            return
        raise FileNotFoundError(made)
    default_storage.delete(wanted)
    with made.open("rb") as source:
        if default_storage.save(wanted, _Moved(source, name=str(made))) != wanted:
            raise FileExistsError(wanted)


def path_of(edition: Edition, name: str) -> str:
    """Where a file of an edition lies in the store."""
    return f"{FOLDER}/{edition.folder}/{name}"


def _forget_old(key: str) -> None:
    """Take files out of the store that nobody is led to any more; whoever reads one reads on."""
    for edition in Edition.objects.filter(dataset=key).order_by("-pk")[KEPT : KEPT + 5]:
        for said in edition.files:
            default_storage.delete(path_of(edition, said["name"]))


def _forget_left(mine: Path) -> None:
    """What is left of nights that are over."""
    before = time.time() - LEFT
    for stage in (Path(settings.VAR_DIR) / "open-data.part").iterdir():
        with suppress(FileNotFoundError):  # another process clears it away
            if stage != mine and stage.is_dir() and stage.stat().st_mtime < before:
                _drop(stage)


def _drop(stage: Path) -> None:
    """Take a folder away, with what of its edition lies in the store and was never shown."""
    plan = _plan(stage)
    if plan is not None and not Edition.objects.filter(folder=plan["folder"]).exists():
        for name in plan["files"]:
            default_storage.delete(f"{FOLDER}/{plan['folder']}/{name}")
    shutil.rmtree(stage, ignore_errors=True)
