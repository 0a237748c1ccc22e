"""An import: a file loaded by one person, read without effect, released by a second, taken in batches.

Nothing comes in twice: the same bytes are one file, a number is one line, and each batch is a transaction of its own with its record.
Whatever ends a worker, the next one goes on at the next line.
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
from municipality.audit.services import record
from municipality.documents import store
from municipality.imports.models import ImportFile, Outcome
from municipality.imports.registry import KINDS, Applied, Checked, Kind
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.bulk_copy import copy_rows
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.failpoints import failpoint

SECONDS = 60  # how long one job goes on before it promises the next; its limit is in tasks.py
_COUNTED = {Outcome.ADD: "to_add", Outcome.CHANGE: "to_change", Outcome.SAME: "unchanged", Outcome.WRONG: "refused"}


def _demand(user: User, *groups: str) -> None:
    if not (user.is_active and user.is_staff and user.groups.filter(name__in=groups).exists()):
        raise NotPermitted("not_your_role", _("Your role does not do this."))


def load(kind: str, *, content: bytes, name: str, loaded_by: Any) -> ImportFile:
    """Keep a file and promise its dry run.

    Raises NotPermitted, NotReadable (nothing is kept then), Refused("same_file") for bytes that were loaded before.
    """
    of = KINDS[kind]
    _demand(loaded_by, of.uploader)
    encoding, count = of.reader.inspect(content)
    sha256 = hashlib.sha256(content).hexdigest()
    kept = civil_ids.encrypt(content.decode("latin-1"), kind).encode() if of.is_secret else content
    try:
        with transaction.atomic():
            file = ImportFile.objects.create(
                kind=kind,
                name=(name or f"{kind}.csv")[-120:],
                sha256=sha256,
                encoding=encoding,
                content=store.put(kept, "application/octet-stream" if of.is_secret else of.reader.media),
                branch=loaded_by.branch,
                lines=count,
                loaded_by=loaded_by,
                loaded_at=clock.now(),
            )
            _record(file, "loaded", Actor(of.uploader, loaded_by.key), {"lines": count, "sha256": sha256})
            enqueue("imports.check", key=f"{file.key}:0", file_id=file.pk)
            failpoint("import.loaded")
    except IntegrityError as error:
        if ImportFile.objects.filter(kind=kind, sha256=sha256, refused_at__isnull=True).exists():
            raise Refused("same_file", _("This file was loaded before. It stands in the list below, and nothing came in twice.")) from error
        raise
    return file


def _record(file: ImportFile, step: str, actor: Actor, data: dict[str, Any]) -> Any:
    return record(f"{file.kind}.{step}", subject=file.key, actor=actor, data=data)


def _app(kind: Kind) -> Actor:
    """The app of a kind, which acts where no person does."""
    return system(kind.rows._meta.app_label)


def _content(file: ImportFile) -> bytes:
    """The bytes as they were sent."""
    kept = store.read(file.content)
    return civil_ids.decrypt(kept.decode(), file.kind).encode("latin-1") if KINDS[file.kind].is_secret else kept


def check(*, file_id: int, size: int = 0, seconds: float = SECONDS) -> bool:
    """Read lines of a file without effect, batch by batch, for some seconds. Returns whether more follow, promised as a job."""
    file = ImportFile.objects.select_related("content").get(pk=file_id)
    if file.checked_at is not None or file.refused_at is not None:
        return False
    kind, at = KINDS[file.kind], file.read
    source = kind.reader.rows(_content(file), at)
    until = time.monotonic() + seconds
    while True:
        with transaction.atomic():
            file = ImportFile.objects.select_for_update(of=("self",)).select_related("branch").get(pk=file_id)
            if file.checked_at is not None or file.refused_at is not None:
                return False
            found = list(islice(source, file.read - at, file.read - at + (size or kind.check_batch)))
            at = file.read + len(found)
            _keep(file, kind, list(kind.check(file, found)))
            more = at < file.lines
            promised = more and time.monotonic() >= until
            failpoint("import.checked")
            if promised:
                enqueue("imports.check", key=f"{file.key}:{at}", file_id=file.pk)
            elif not more:
                ImportFile.objects.filter(pk=file.pk).update(checked_at=clock.now(), figures=kind.figures(file))
                file.refresh_from_db()
                _record(file, "checked", _app(kind), tally(file))
        failpoint("import.check_committed")
        if promised or not more:
            return promised


def _keep(file: ImportFile, kind: Kind, lines: list[Checked]) -> None:
    """Write lines of the dry run and their counts. The second of two with one number is wrong, in whichever batch the first one was."""
    numbers = {line.number for line in lines}
    seen = set(rows(file).filter(number__in=numbers).exclude(outcome=Outcome.WRONG).values_list("number", flat=True)) - {""}
    counts = dict.fromkeys(_COUNTED.values(), 0)
    for line in lines:
        if line.number in seen:
            line.problems.append([kind.key, "twice_in_file"])
        elif not line.problems:
            seen.add(line.number)
        if line.problems:
            line.outcome, line.values = Outcome.WRONG, {}
        counts[_COUNTED[line.outcome]] += 1
    fields = [field for field in kind.rows._meta.concrete_fields if not field.primary_key]
    copy_rows(connection, kind.rows._meta.db_table, [str(field.column) for field in fields], _cells(file, kind, lines, fields))
    ImportFile.objects.filter(pk=file.pk).update(read=file.read + len(lines), **{name: F(name) + count for name, count in counts.items()})


def _cells(file: ImportFile, kind: Kind, lines: Iterable[Checked], fields: list[Any]) -> Iterator[list[Any]]:
    for line in lines:
        given = {"line": line.line, "number": line.number, "outcome": line.outcome.value, "problems": line.problems}
        row = kind.rows(file=file, **given, **line.values)
        yield [
            json.dumps(getattr(row, field.attname), ensure_ascii=False)
            if isinstance(field, models.JSONField)
            else field.get_db_prep_save(getattr(row, field.attname), connection)
            for field in fields
        ]


def rows(file: ImportFile) -> QuerySet[Any]:
    """The lines of a file as its kind keeps them."""
    return KINDS[file.kind].rows._default_manager.filter(file=file)


def waiting(kind: str) -> QuerySet[ImportFile]:
    """Files of a kind that wait for the second person."""
    return ImportFile.objects.filter(kind=kind, checked_at__isnull=False, released_at__isnull=True, refused_at__isnull=True)


def tally(file: ImportFile) -> dict[str, int]:
    """What the dry run found: lines by outcome, and the figures of the kind."""
    return {"lines": file.lines, **{str(outcome): getattr(file, name) for outcome, name in _COUNTED.items()}, **file.figures}


def good(file: ImportFile) -> int:
    """How many lines come in by the release."""
    return sum(getattr(file, name) for outcome, name in _COUNTED.items() if outcome in KINDS[file.kind].applies)


def _locked(file: ImportFile) -> tuple[ImportFile, Kind]:
    return ImportFile.objects.select_for_update(of=("self",)).select_related("loaded_by").get(pk=file.pk), KINDS[file.kind]


@transaction.atomic
def release(*, file: ImportFile, released_by: Any) -> None:
    """The second person lets the good lines in. Raises NotPermitted (role, same person), Refused: not_checked, done, nothing_good."""
    row, kind = _locked(file)
    _demand(released_by, kind.releaser)
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    if row.checked_at is None:
        raise Refused("not_checked", _("The file is still being read. Please wait until the last line is reached."))
    if row.loaded_by_id == released_by.pk:
        raise NotPermitted("same_person", _("Whoever loaded the file cannot release it. A second person does."))
    if not good(row):
        raise Refused("nothing_good", _("The file holds no line that could come in. Please correct the lines and load it again."))
    ImportFile.objects.filter(pk=row.pk).update(released_by=released_by, released_at=clock.now())
    _record(row, "released", Actor(kind.releaser, released_by.key), tally(row) | {"loaded_by": row.loaded_by.key})
    enqueue("imports.take", key=f"{row.key}:0", file_id=row.pk)


@transaction.atomic
def refuse(*, file: ImportFile, refused_by: Any) -> None:
    """Put a file aside before its release: by whoever loaded it, or by the second person. What was read of it is forgotten."""
    row, kind = _locked(file)
    _demand(refused_by, kind.releaser, *((kind.uploader,) if row.loaded_by_id == refused_by.pk else ()))
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    ImportFile.objects.filter(pk=row.pk).update(refused_by=refused_by, refused_at=clock.now())
    rows(row)._raw_delete(row._state.db)  # by one statement; nothing hangs on lines
    _record(row, "refused", Actor(kind.releaser, refused_by.key), {"loaded_by": row.loaded_by.key})


@transaction.atomic
def stop(*, file: ImportFile, stopped_by: Any) -> None:
    """Stop the taking after the batch that is running. Raises NotPermitted, Refused: not_running."""
    row, kind = _locked(file)
    _demand(stopped_by, kind.uploader, kind.releaser)
    if not kind.stops or row.released_at is None or row.done_at is not None or row.stopped_at is not None:
        raise Refused("not_running", _("Nothing is being taken in from this file now."))
    ImportFile.objects.filter(pk=row.pk).update(stopped_at=clock.now())
    _record(row, "stopped", Actor(kind.releaser, stopped_by.key), {"line": row.taken_line})


@transaction.atomic
def go_on(*, file: ImportFile, by: Any) -> None:
    """Go on behind the last line that was taken. Raises NotPermitted, Refused: not_stopped."""
    row, kind = _locked(file)
    _demand(by, kind.releaser)
    if row.stopped_at is None or row.done_at is not None:
        raise Refused("not_stopped", _("This file is not stopped."))
    ImportFile.objects.filter(pk=row.pk).update(stopped_at=None)
    act = _record(row, "resumed", Actor(kind.releaser, by.key), {"line": row.taken_line})
    enqueue("imports.take", key=f"{row.key}:{row.taken_line}:{act.pk}", file_id=row.pk)


def take(*, file_id: int, size: int = 0, seconds: float = SECONDS) -> bool:
    """Apply released lines, batch by batch, for some seconds. Returns whether more follow, promised as a job."""
    until = time.monotonic() + seconds
    for more, promised in _batches(file_id, size, until):
        failpoint("import.taken_committed")
        if promised or not more:
            return promised
    return False


def _batches(file_id: int, size: int, until: float) -> Iterator[tuple[bool, bool]]:
    """Take batch after batch, each in its own transaction: whether more follow, and whether a job was promised for it."""
    while True:
        with transaction.atomic():
            file = ImportFile.objects.select_for_update(of=("self",)).select_related("loaded_by", "released_by").get(pk=file_id)
            if file.released_at is None or file.done_at is not None or file.stopped_at is not None:
                return
            more = _take(file, KINDS[file.kind], size)
            promised = more and time.monotonic() >= until
            if promised:
                enqueue("imports.take", key=f"{file.key}:{file.taken_line}", file_id=file.pk)
            failpoint("import.taken")
        yield more, promised


def _take(file: ImportFile, kind: Kind, size: int) -> bool:
    """One batch: what the kind writes, how far the file is, and one row of the record."""
    size = size or kind.apply_batch
    lines = list(rows(file).filter(line__gt=file.taken_line, outcome__in=kind.applies).order_by("line")[:size])
    done = kind.apply(file, lines) if lines else Applied()
    if done.left:
        rows(file).filter(pk__in=done.left).update(outcome=Outcome.LEFT, problems=[["", "changed_since"]])
    more = len(lines) == size
    first, file.taken_line = (lines[0].line, lines[-1].line) if lines else (0, file.taken_line)
    ImportFile.objects.filter(pk=file.pk).update(
        taken_line=file.taken_line,
        added=F("added") + done.added,
        changed=F("changed") + done.changed,
        confirmed=F("confirmed") + done.confirmed,
        left_out=F("left_out") + len(done.left),
        done_at=None if more else clock.now(),
    )
    if lines:
        counts = {"added": done.added, "changed": done.changed, "same": done.confirmed, "left_out": len(done.left), **done.facts}
        by = file.released_by.key if file.released_by else ""
        _record(file, "taken", _app(kind), {"first_line": first, "last_line": file.taken_line, **counts, "released_by": by})
    return more
