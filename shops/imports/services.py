"""A sheet of the register: loaded by one person, read without effect, released by a second, taken in batches.

Nothing comes in twice: the same bytes are one file, a licence number is one shop, and each batch is a transaction of its own with its
record. Whatever ends a worker, the next one goes on at the next line.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation
from municipality.audit.services import record
from municipality.documents import store
from municipality.jobs.services import enqueue
from municipality.kernel import arabic, clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.copying import copy_rows
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.failpoints import failpoint
from municipality.places.models import Area, Governorate
from municipality.rulebook.models import Activity
from shops.imports import applying, checking
from shops.imports.columns import KEY, LAYOUT
from shops.models import Shop
from shops.models.imports import Outcome, RegisterFile, RegisterRow
from shops.register.roles import CLERK, KEEPER, demand

ME = system("shops")
CHECK_BATCH, TAKE_BATCH = 4000, 2000  # lines of one transaction
SECONDS = 60  # how long one job goes on before it promises the next; its limit is in shops/tasks.py
_ROW = ("file_id", "line", "number", "outcome", "effect", "problems")
_COUNTED = {Outcome.ADD: "to_add", Outcome.CHANGE: "to_change", Outcome.SAME: "unchanged", Outcome.WRONG: "refused"}


def load(*, content: bytes, name: str, loaded_by: Any) -> RegisterFile:
    """Keep a file as it was sent and promise its dry run.

    Raises NotPermitted, NotReadable (nothing is kept then), Refused("same_file") for bytes that were loaded before.
    """
    demand(loaded_by, CLERK)
    text, encoding = LAYOUT.decode(content)
    count = sum(1 for _line in LAYOUT.lines(text))
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        with transaction.atomic():
            file = RegisterFile.objects.create(
                name=(name or "register.csv")[-120:],
                sha256=sha256,
                encoding=encoding,
                content=store.put(content, "text/csv"),
                lines=count,
                loaded_by=loaded_by,
                loaded_at=clock.now(),
            )
            record("register.loaded", subject=file.key, actor=Actor(CLERK, loaded_by.key), data={"lines": count, "sha256": sha256})
            enqueue("shops.register_check", key=f"{file.key}:0", file_id=file.pk)
            failpoint("register.loaded")
    except IntegrityError as error:
        if RegisterFile.objects.filter(sha256=sha256, refused_at__isnull=True).exists():
            raise Refused("same_file", _("This file was loaded before. It stands in the list below, and nothing came in twice.")) from error
        raise
    return file


def check(*, file_id: int, size: int = CHECK_BATCH, seconds: float = SECONDS) -> bool:
    """Read lines of a file without effect, batch by batch, for some seconds. Returns whether more follow, promised as a job."""
    file = RegisterFile.objects.select_related("content").get(pk=file_id)
    if file.checked_at is not None or file.refused_at is not None:
        return False
    text, _encoding = LAYOUT.decode(store.read(file.content))
    source, at = LAYOUT.lines(text), 0
    places = places_by_name()
    until = time.monotonic() + seconds
    while True:
        with transaction.atomic():
            file = RegisterFile.objects.select_for_update().get(pk=file_id)
            if file.checked_at is not None or file.refused_at is not None:
                return False
            found = list(islice(source, file.read - at, file.read - at + size))
            at = file.read + len(found)
            _check(file, found, places)
            more = at < file.lines
            promised = more and time.monotonic() >= until
            failpoint("register.checked")
            if promised:
                enqueue("shops.register_check", key=f"{file.key}:{at}", file_id=file.pk)
            elif not more:
                _checked(file)
        failpoint("register.check_committed")
        if promised or not more:
            return promised


def _check(file: RegisterFile, found: list[tuple[int, dict[str, str], bool]], places: dict[str, Any]) -> None:
    """Compare some lines with the register and keep what they would do."""
    numbers = {checking.number_of(cells.get(KEY, "")) for _line, cells, _extra in found} - {""}
    registered = {checking.number_of(cells.get("commercial_registration_no", "")) for _line, cells, _extra in found} - {""}
    known = checking.Known(
        today=clock.today(),
        holders=frozenset(
            Organisation.objects.filter(commercial_register_no__in=registered).values_list("commercial_register_no", flat=True)
        ),
        **places,
    )
    stand = applying.present(numbers)
    seen = set(file.rows.filter(number__in=numbers).exclude(outcome=Outcome.WRONG).values_list("number", flat=True))
    counts = dict.fromkeys(_COUNTED.values(), 0)
    rows = []
    for number, cells, extra in found:
        line = checking.check(cells, known, stand.get(checking.number_of(cells.get(KEY, ""))), extra=extra)
        if line.number in seen:
            line.wrong(KEY, "twice_in_file")
            line.outcome = Outcome.WRONG
        elif not line.problems:
            seen.add(line.number)
        effect = line.effect if line.outcome != Outcome.WRONG else {}
        counts[_COUNTED[Outcome(line.outcome)]] += 1
        rows.append((file.pk, number, line.number, str(line.outcome), _json(effect), _json(line.problems)))
    copy_rows(connection, RegisterRow._meta.db_table, _ROW, rows)
    file.read += len(found)
    RegisterFile.objects.filter(pk=file.pk).update(read=file.read, **{name: F(name) + count for name, count in counts.items()})


def _checked(file: RegisterFile) -> None:
    """The end of the dry run."""
    missing = absent(file).count()
    RegisterFile.objects.filter(pk=file.pk).update(checked_at=clock.now(), absent=missing)
    file.refresh_from_db()
    record("register.checked", subject=file.key, actor=ME, data=tally(file))


def tally(file: RegisterFile) -> dict[str, int]:
    """What the dry run found."""
    return {
        "lines": file.lines,
        "add": file.to_add,
        "change": file.to_change,
        "same": file.unchanged,
        "wrong": file.refused,
        "absent": file.absent or 0,
    }


def absent(file: RegisterFile) -> QuerySet[Shop]:
    """Open shops of the register that the file does not name. Nothing happens to them; somebody should look."""
    named = RegisterRow.objects.filter(file=file, number=OuterRef("commercial_license_no"))
    return Shop.objects.filter(~Exists(named), closed_on__isnull=True, merged_into__isnull=True).order_by("pk")


def places_by_name() -> dict[str, Any]:
    """Activities, governorates and areas by their folded codes and names."""
    activities: dict[str, str] = {}
    for code, *names in Activity.objects.values_list("code", "name_ar", "name_en"):
        activities |= {arabic.fold(name): code for name in (code, *names)}
    governorates: dict[str, str] = {}
    for code, *names in Governorate.objects.values_list("code", "name_ar", "name_en"):
        governorates |= {arabic.fold(name): code for name in (code, *names)}
    areas: dict[str, list[tuple[int, str, str]]] = {}
    for area in Area.objects.select_related("governorate__branch").order_by("pk"):
        for name in {arabic.fold(area.name_ar), arabic.fold(area.name_en)}:
            areas.setdefault(name, []).append((area.pk, area.governorate_id, area.governorate.branch.pk))
    return {"activities": activities, "governorates": governorates, "areas": areas}


@transaction.atomic
def release(*, file: RegisterFile, released_by: Any) -> None:
    """The second person lets the lines in. Raises NotPermitted (role, same person), Refused: not_checked, done, nothing_good."""
    demand(released_by, KEEPER)
    row = RegisterFile.objects.select_for_update().get(pk=file.pk)
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    if row.checked_at is None:
        raise Refused("not_checked", _("The file is still being read. Please wait until the last line is reached."))
    if row.loaded_by_id == released_by.pk:
        raise NotPermitted("same_person", _("Whoever loaded the file cannot release it. A second person does."))
    if not row.to_add + row.to_change + row.unchanged:
        raise Refused("nothing_good", _("The file holds no line that could come in. Please correct the lines and load it again."))
    RegisterFile.objects.filter(pk=row.pk).update(released_by=released_by, released_at=clock.now())
    data = tally(row) | {"loaded_by": row.loaded_by.key}
    record("register.released", subject=row.key, actor=Actor(KEEPER, released_by.key), data=data)
    enqueue("shops.register_take", key=f"{row.key}:0", file_id=row.pk)


@transaction.atomic
def refuse(*, file: RegisterFile, refused_by: Any) -> None:
    """Put a file aside before its release: by whoever loaded it, or by the second person. What was read of it is forgotten."""
    row = RegisterFile.objects.select_for_update().get(pk=file.pk)
    demand(refused_by, *((CLERK, KEEPER) if row.loaded_by_id == refused_by.pk else (KEEPER,)))
    if row.released_at is not None or row.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    RegisterFile.objects.filter(pk=row.pk).update(refused_by=refused_by, refused_at=clock.now())
    RegisterRow.objects.filter(file=row)._raw_delete(row._state.db)  # by one statement; nothing hangs on lines
    record("register.refused", subject=row.key, actor=Actor(KEEPER, refused_by.key), data={"loaded_by": row.loaded_by.key})


@transaction.atomic
def stop(*, file: RegisterFile, stopped_by: Any) -> None:
    """Stop the taking after the batch that is running. Raises Refused: not_running."""
    demand(stopped_by, CLERK, KEEPER)
    row = RegisterFile.objects.select_for_update().get(pk=file.pk)
    if row.released_at is None or row.done_at is not None or row.stopped_at is not None:
        raise Refused("not_running", _("Nothing is being taken in from this file now."))
    RegisterFile.objects.filter(pk=row.pk).update(stopped_at=clock.now())
    record("register.stopped", subject=row.key, actor=Actor(KEEPER, stopped_by.key), data={"line": row.taken_line})


@transaction.atomic
def go_on(*, file: RegisterFile, by: Any) -> None:
    """Go on behind the last line that was taken. Raises NotPermitted, Refused: not_stopped."""
    demand(by, KEEPER)
    row = RegisterFile.objects.select_for_update().get(pk=file.pk)
    if row.stopped_at is None or row.done_at is not None:
        raise Refused("not_stopped", _("This file is not stopped."))
    RegisterFile.objects.filter(pk=row.pk).update(stopped_at=None)
    act = record("register.resumed", subject=row.key, actor=Actor(KEEPER, by.key), data={"line": row.taken_line})
    enqueue("shops.register_take", key=f"{row.key}:{row.taken_line}:{act.pk}", file_id=row.pk)


def take(*, file_id: int, size: int = TAKE_BATCH, seconds: float = SECONDS) -> bool:
    """Carry released lines over, batch by batch, for some seconds. Returns whether more follow, promised as a job."""
    until = time.monotonic() + seconds
    for more, promised in _batches(file_id, size, until):
        failpoint("register.taken_committed")
        if promised or not more:
            return promised
    return False


def _batches(file_id: int, size: int, until: float) -> Iterator[tuple[bool, bool]]:
    """Take batch after batch, each in its own transaction: whether more follow, and whether a job was promised for it."""
    while True:
        with transaction.atomic():
            file = RegisterFile.objects.select_for_update(of=("self",)).select_related("released_by").get(pk=file_id)
            if file.released_at is None or file.done_at is not None or file.stopped_at is not None:
                return
            more = _take(file, size)
            promised = more and time.monotonic() >= until
            if promised:
                enqueue("shops.register_take", key=f"{file.key}:{file.taken_line}", file_id=file.pk)
            failpoint("register.taken")
        yield more, promised


def _take(file: RegisterFile, size: int) -> bool:
    """One batch: the register, its events, its index, how far the file is, and one row of the record."""
    lines = RegisterRow.objects.filter(file=file, line__gt=file.taken_line).exclude(outcome=Outcome.WRONG)
    rows = list(lines.order_by("line")[:size])
    done = applying.apply(rows, source=file.key, actor=ME) if rows else applying.Applied()
    if done.left:
        RegisterRow.objects.filter(pk__in=done.left).update(outcome=Outcome.LEFT, problems=[["", "changed_since"]])
    more = len(rows) == size
    first, file.taken_line = (rows[0].line, rows[-1].line) if rows else (0, file.taken_line)
    RegisterFile.objects.filter(pk=file.pk).update(
        taken_line=file.taken_line,
        added=F("added") + done.added,
        changed=F("changed") + done.changed,
        confirmed=F("confirmed") + done.confirmed,
        left_out=F("left_out") + len(done.left),
        done_at=None if more else clock.now(),
    )
    if rows:
        counts = {"added": done.added, "changed": done.changed, "same": done.confirmed, "left_out": len(done.left)}
        by = file.released_by.key if file.released_by else ""
        data = {"first_line": first, "last_line": file.taken_line, **counts, "released_by": by}
        record("register.taken", subject=file.key, actor=ME, data=data)
    return more


def _json(value: Any) -> str:
    return applying.json.dumps(value, ensure_ascii=False)
