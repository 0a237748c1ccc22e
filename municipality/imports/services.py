"""Load, check (dry run), release, refuse and apply files of an import.

The same bytes are loaded once while what they brought stands, and a number is applied once. Each batch is a transaction with its audit
event, so that another worker continues after a crash at the next line.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.db import IntegrityError, connection, models, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.models import AuditEvent
from municipality.audit.services import record
from municipality.documents import store
from municipality.imports.models import ImportFile, LineOutcome
from municipality.imports.registry import IMPORT_KINDS, Applied, Checked, ImportKind
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.bulk_copy import copy_rows
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.failpoints import failpoint

SECONDS = 60  # after which a job enqueues the next one; the time limit of a job is in tasks.py
_COUNTED = {LineOutcome.ADD: "to_add", LineOutcome.CHANGE: "to_change", LineOutcome.SAME: "unchanged", LineOutcome.WRONG: "refused"}


def load(kind: str, *, content: bytes, name: str, loaded_by: User) -> ImportFile:
    """Store a file and enqueue its dry run.

    Raises NotPermitted, NotReadable (nothing is stored then), Refused("same_file") for bytes of a file that stands.
    """
    spec = IMPORT_KINDS[kind]
    require_group(loaded_by, spec.uploader)
    encoding, count = spec.reader.inspect(content)
    sha256 = hashlib.sha256(content).hexdigest()
    stored = civil_ids.encrypt(content.decode("latin-1"), kind).encode() if spec.is_secret else content
    try:
        with transaction.atomic():
            file = ImportFile.objects.create(
                kind=kind,
                name=(name or f"{kind}.csv")[-120:],
                sha256=sha256,
                encoding=encoding,
                content=store.put(stored, "application/octet-stream" if spec.is_secret else spec.reader.media),
                branch=loaded_by.branch,
                lines=count,
                loaded_by=loaded_by,
                loaded_at=clock.now(),
            )
            _record(file, "loaded", Actor(spec.uploader, loaded_by.key), {"lines": count, "sha256": sha256})
            enqueue("imports.check", key=f"{file.key}:0", file_id=file.pk)
            failpoint("import.loaded")
    except IntegrityError as error:
        if ImportFile.objects.filter(ImportFile.standing(), kind=kind, sha256=sha256).exists():
            raise Refused(
                "same_file", _("This file was loaded before. It is in the list below, and nothing was taken in twice.")
            ) from error
        raise
    return file


def _record(file: ImportFile, step: str, actor: Actor, data: dict[str, Any]) -> AuditEvent:
    return record(f"{file.kind}.{step}", subject=file.key, actor=actor, data=data)


def _app(kind: ImportKind) -> Actor:
    """The system actor of the app that registered a kind."""
    return system(kind.rows._meta.app_label)


def _content(file: ImportFile) -> bytes:
    """The bytes as they were sent."""
    stored = store.read(file.content)
    return civil_ids.decrypt(stored.decode(), file.kind).encode("latin-1") if IMPORT_KINDS[file.kind].is_secret else stored


def check(*, file_id: int, size: int = 0, seconds: float = SECONDS) -> bool:
    """Dry run: check lines of a file, batch by batch, for `seconds`. Returns whether a job for the rest was enqueued."""
    file = ImportFile.objects.select_related("content").get(pk=file_id)
    if file.checked_at is not None or file.refused_at is not None:
        return False
    kind, position = IMPORT_KINDS[file.kind], file.read
    source = kind.reader.rows(_content(file), position)
    deadline = time.monotonic() + seconds
    while True:
        with transaction.atomic():
            file = ImportFile.objects.select_for_update(of=("self",)).select_related("branch").get(pk=file_id)
            if file.checked_at is not None or file.refused_at is not None:
                return False
            batch = list(islice(source, file.read - position, file.read - position + (size or kind.check_batch)))
            position = file.read + len(batch)
            _save_lines(file, kind, list(kind.check(file, batch)))
            has_more = position < file.lines
            is_enqueued = has_more and time.monotonic() >= deadline
            failpoint("import.checked")
            if is_enqueued:
                enqueue("imports.check", key=f"{file.key}:{position}", file_id=file.pk)
            elif not has_more:
                ImportFile.objects.filter(pk=file.pk).update(checked_at=clock.now(), figures=kind.figures(file))
                file.refresh_from_db()
                _record(file, "checked", _app(kind), tally(file))
        failpoint("import.check_committed")
        if is_enqueued or not has_more:
            return is_enqueued


def _save_lines(file: ImportFile, kind: ImportKind, lines: list[Checked]) -> None:
    """Save checked lines and their counts. The second line with a number is wrong, also where the first was in another batch."""
    numbers = {line.number for line in lines}
    saved_numbers = set(rows(file).filter(number__in=numbers).exclude(outcome=LineOutcome.WRONG).values_list("number", flat=True)) - {""}
    counts = dict.fromkeys(_COUNTED.values(), 0)
    for line in lines:
        if line.number in saved_numbers:
            line.problems.append([kind.key, "twice_in_file"])
        elif not line.problems:
            saved_numbers.add(line.number)
        if line.problems:
            line.outcome, line.values = LineOutcome.WRONG, {}
        counts[_COUNTED[line.outcome]] += 1
    fields = [field for field in kind.rows._meta.concrete_fields if not field.primary_key]
    copy_rows(connection, kind.rows._meta.db_table, [str(field.column) for field in fields], _cells(file, kind, lines, fields))
    ImportFile.objects.filter(pk=file.pk).update(read=file.read + len(lines), **{name: F(name) + count for name, count in counts.items()})


def _cells(file: ImportFile, kind: ImportKind, lines: Iterable[Checked], fields: list[Any]) -> Iterator[list[Any]]:
    for line in lines:
        columns = {"line": line.line, "number": line.number, "outcome": line.outcome.value, "problems": line.problems}
        row = kind.rows(file=file, **columns, **line.values)
        yield [_cell(field, getattr(row, field.attname)) for field in fields]


def _cell(field: Any, value: Any) -> Any:
    """A value of a field as `copy_rows` takes it."""
    if isinstance(field, models.JSONField):
        return json.dumps(value, ensure_ascii=False)
    return value if isinstance(field, models.BinaryField) else field.get_db_prep_save(value, connection)


def rows(file: ImportFile) -> QuerySet[Any]:
    """The lines of a file, of the model of its kind."""
    return IMPORT_KINDS[file.kind].rows._default_manager.filter(file=file)


def waiting(kind: str) -> QuerySet[ImportFile]:
    """Files of a kind that wait for their release."""
    return ImportFile.objects.filter(kind=kind, checked_at__isnull=False, released_at__isnull=True, refused_at__isnull=True)


def tally(file: ImportFile) -> dict[str, int]:
    """The counts of the dry run: lines by outcome, and the figures of the kind."""
    return {"lines": file.lines, **{str(outcome): getattr(file, name) for outcome, name in _COUNTED.items()}, **file.figures}


def count_applicable(file: ImportFile) -> int:
    """How many lines a release would apply."""
    return sum(getattr(file, name) for outcome, name in _COUNTED.items() if outcome in IMPORT_KINDS[file.kind].applies)


def _locked(file: ImportFile) -> tuple[ImportFile, ImportKind]:
    return ImportFile.objects.select_for_update(of=("self",)).select_related("loaded_by").get(pk=file.pk), IMPORT_KINDS[file.kind]


@transaction.atomic
def release(*, file: ImportFile, released_by: User) -> None:
    """Have the lines without errors applied. Raises NotPermitted (role, same person), Refused: not_checked, done, nothing_good."""
    row, kind = _locked(file)
    require_group(released_by, kind.releaser)
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This has already been decided."))
    if row.checked_at is None:
        raise Refused("not_checked", _("The file is still being read. Please wait until the last line is reached."))
    if row.loaded_by_id == released_by.pk:
        raise NotPermitted("same_person", _("The person who loaded the file cannot release it. A second person must."))
    if not count_applicable(row):
        raise Refused("nothing_good", _("The file holds no line that could come in. Please correct the lines and load it again."))
    ImportFile.objects.filter(pk=row.pk).update(released_by=released_by, released_at=clock.now())
    _record(row, "released", Actor(kind.releaser, released_by.key), tally(row) | {"loaded_by": row.loaded_by.key})
    enqueue("imports.take", key=f"{row.key}:0", file_id=row.pk)


@transaction.atomic
def refuse(*, file: ImportFile, refused_by: User) -> None:
    """Refuse a file before its release, by its uploader or a releaser, and delete its lines. Raises NotPermitted, Refused: done."""
    row, kind = _locked(file)
    require_group(refused_by, kind.releaser, *((kind.uploader,) if row.loaded_by_id == refused_by.pk else ()))
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This has already been decided."))
    ImportFile.objects.filter(pk=row.pk).update(refused_by=refused_by, refused_at=clock.now())
    rows(row)._raw_delete(row._state.db)  # by one statement: nothing refers to lines
    _record(row, "refused", Actor(kind.releaser, refused_by.key), {"loaded_by": row.loaded_by.key})


@transaction.atomic
def stop(*, file: ImportFile, stopped_by: User) -> None:
    """Stop applying after the present batch. Raises NotPermitted, Refused: not_running."""
    row, kind = _locked(file)
    require_group(stopped_by, kind.uploader, kind.releaser)
    if not kind.stops or row.released_at is None or row.done_at is not None or row.stopped_at is not None:
        raise Refused("not_running", _("Nothing is being taken in from this file now."))
    ImportFile.objects.filter(pk=row.pk).update(stopped_at=clock.now())
    _record(row, "stopped", Actor(kind.releaser, stopped_by.key), {"line": row.taken_line})


@transaction.atomic
def resume(*, file: ImportFile, by: User) -> None:
    """Continue after the last line that was applied. Raises NotPermitted, Refused: not_stopped."""
    row, kind = _locked(file)
    require_group(by, kind.releaser)
    if row.stopped_at is None or row.done_at is not None:
        raise Refused("not_stopped", _("This file is not stopped."))
    ImportFile.objects.filter(pk=row.pk).update(stopped_at=None)
    event = _record(row, "resumed", Actor(kind.releaser, by.key), {"line": row.taken_line})
    enqueue("imports.take", key=f"{row.key}:{row.taken_line}:{event.pk}", file_id=row.pk)


def apply_released(*, file_id: int, size: int = 0, seconds: float = SECONDS) -> bool:
    """Apply released lines, batch by batch, for `seconds`. Returns whether a job for the rest was enqueued."""
    deadline = time.monotonic() + seconds
    for has_more, is_enqueued in _batches(file_id, size, deadline):
        failpoint("import.taken_committed")
        if is_enqueued or not has_more:
            return is_enqueued
    return False


def _batches(file_id: int, size: int, deadline: float) -> Iterator[tuple[bool, bool]]:
    """Apply batch after batch, each in a transaction: whether more lines follow, and whether a job for them was enqueued."""
    while True:
        with transaction.atomic():
            file = ImportFile.objects.select_for_update(of=("self",)).select_related("loaded_by", "released_by").get(pk=file_id)
            if file.released_at is None or file.done_at is not None or file.stopped_at is not None:
                return
            has_more = _apply_batch(file, IMPORT_KINDS[file.kind], size)
            is_enqueued = has_more and time.monotonic() >= deadline
            if is_enqueued:
                enqueue("imports.take", key=f"{file.key}:{file.taken_line}", file_id=file.pk)
            failpoint("import.taken")
        yield has_more, is_enqueued


def _apply_batch(file: ImportFile, kind: ImportKind, size: int) -> bool:
    """Apply one batch and record it. Returns whether more lines follow."""
    size = size or kind.apply_batch
    lines = list(rows(file).filter(line__gt=file.taken_line, outcome__in=kind.applies).order_by("line")[:size])
    batch = kind.apply(file, lines) if lines else Applied()
    if batch.left_out:
        rows(file).filter(pk__in=batch.left_out).update(outcome=LineOutcome.LEFT, problems=[["", "changed_since"]])
    has_more = len(lines) == size
    first, file.taken_line = (lines[0].line, lines[-1].line) if lines else (0, file.taken_line)
    ImportFile.objects.filter(pk=file.pk).update(
        taken_line=file.taken_line,
        added=F("added") + batch.added,
        changed=F("changed") + batch.changed,
        confirmed=F("confirmed") + batch.confirmed,
        left_out=F("left_out") + len(batch.left_out),
        done_at=None if has_more else clock.now(),
    )
    if lines:
        counts = {"added": batch.added, "changed": batch.changed, "same": batch.confirmed, "left_out": len(batch.left_out), **batch.facts}
        released_by = file.released_by.key if file.released_by else ""
        _record(file, "taken", _app(kind), {"first_line": first, "last_line": file.taken_line, **counts, "released_by": released_by})
    return has_more
