"""A worker's work on a sheet of the register in a process of its own, which dies where it is told to: run with `python -m`.

`prepare ROWS` writes half of a made-up register and loads the sheet of the whole of it, a year later; `upload` loads another sheet.
`check` and `take` do what the jobs do, `release` what the second person does; `twice STEP` promises a step's job two times more, after
the release. `content` prints what the register and its search say, without keys, ids and instants. `torn-take` is the red control:
it commits in the middle of a batch, as if a batch were no transaction.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from typing import Any

CHECKED, TAKEN = 500, 300  # lines of one batch, so that a small sheet has several


def run(arguments: list[str]) -> int:
    import django

    django.setup()
    step, *rest = arguments
    steps: dict[str, Callable[..., None]] = {
        "prepare": prepare,
        "check": check,
        "release": release,
        "take": take,
        "torn-take": torn_take,
        "content": content,
    }
    steps |= {"upload": upload, "twice": twice}
    steps[step](*rest)
    return 0


def prepare(rows: str) -> None:
    from django.contrib.auth.models import Group

    from municipality.accounts.models import User
    from municipality.imports import services
    from sandbox.demo.benchmarks import load_register
    from sandbox.demo.shops.large_register import register
    from shops.search import index
    from tests.shops.imports.sheets import large

    whole = list(register(int(rows), "chaos", start=5_000_000))
    load_register(whole[::2])
    index.index_missing()
    clerk = User.objects.get(groups=Group.objects.get(name="register_clerk"))
    services.load("register", content=large(whole, next_year=True), name="register.csv", loaded_by=clerk)


def _file() -> Any:
    from municipality.imports.models import ImportFile

    return ImportFile.objects.order_by("-pk")[0]


def upload() -> None:
    from django.contrib.auth.models import Group

    from municipality.accounts.models import User
    from municipality.imports import services
    from sandbox.demo.shops.large_register import register
    from tests.shops.imports.sheets import large

    clerk = User.objects.get(groups=Group.objects.get(name="register_clerk"))
    services.load("register", content=large(register(50, "another", start=7_000_000)), name="another.csv", loaded_by=clerk)


def twice(step: str) -> None:
    """The job of a step for two more workers, as when a sheet goes on while its first job still runs."""
    from django.db import transaction

    from municipality.jobs.services import enqueue

    if step == "take":
        release()
    with transaction.atomic():
        for number in range(2):
            enqueue(f"imports.{step}", key=f"{_file().key}:again:{number}", file_id=_file().pk)


def check(size: str = str(CHECKED)) -> None:
    """To the end, and release it."""
    from municipality.imports import services

    services.check(file_id=_file().pk, size=int(size), seconds=3600)
    release()


def release() -> None:
    from django.contrib.auth.models import Group

    from municipality.accounts.models import User
    from municipality.imports import services

    if _file().released_at is None:
        keeper = User.objects.get(groups=Group.objects.get(name="register_keeper"))
        services.release(file=_file(), released_by=keeper)


def take(size: str = str(TAKEN)) -> None:
    from municipality.imports import services

    services.apply_released(file_id=_file().pk, size=int(size), seconds=3600)


def torn_take(size: str = str(TAKEN)) -> None:
    from django.db import connection

    from shops.imports import writer

    inner: Callable[[str], None] = writer.failpoint

    def torn(name: str) -> None:
        if name == "register.written":
            connection.connection.commit()
        inner(name)

    writer.failpoint = torn  # type: ignore[assignment]
    take(size)


def content() -> None:
    """Print how many rows of each kind there are, with a hash of what they say."""
    file = _file()
    said = {name: _print(row for row in rows) for name, rows in _rows(file).items()}
    said["file"] = [file.read, file.to_add, file.to_change, file.unchanged, file.refused, file.figures["absent"], file.added, file.changed]
    said["file"] += [file.confirmed, file.left_out, file.taken_line, file.done_at is not None]
    print(json.dumps(said, sort_keys=True))


def _print(rows: Iterable[Any]) -> list[Any]:
    texts = sorted(json.dumps(row, default=str, ensure_ascii=False) for row in rows)
    return [len(texts), hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]]


def _rows(file: Any) -> dict[str, Iterable[Any]]:
    from municipality.accounts.models import Organisation
    from municipality.audit.models import AuditEvent
    from shops.imports.writer import COLUMNS
    from shops.models import (
        RegisterChange,
        RegisterRow,
        SearchEntry,
        SearchNumber,
        SearchWord,
        Shop,
        ShopActivity,
        ShopEvent,
        TradeName,
    )

    words = dict(SearchWord.objects.values_list("pk", "word"))
    source = {"source": file.key}

    def spelled(text: str) -> list[list[str]]:
        return [sorted(words[int(key)] for key in part.split()) for part in text.split("|")]

    entries = SearchEntry.objects.values_list("shop__commercial_license_no", "words", "name_ar", "name_en", "closed_on", "latitude")
    return {
        "shops": Shop.objects.values_list("commercial_license_no", "organisation__commercial_register_no", *COLUMNS),
        "of the file": Shop.objects.filter(facts_source=file.key).values_list("commercial_license_no"),
        "holders": Organisation.objects.values_list("commercial_register_no", "name_ar"),
        "events": ShopEvent.objects.filter(**source).values_list("shop__commercial_license_no", "kind", "on", "data"),
        "names": TradeName.objects.filter(**source).values_list("shop__commercial_license_no", "name_ar", "first_day", "last_day"),
        "activities": ShopActivity.objects.filter(**source).values_list("shop__commercial_license_no", "activity", "first_day", "last_day"),
        "changes": RegisterChange.objects.filter(**source).values_list("shop__commercial_license_no", "name", "before", "after"),
        "lines": RegisterRow.objects.filter(file=file).values_list("line", "number", "outcome", "effect", "problems"),
        "entries": ([one[0], spelled(one[1]), *one[2:]] for one in entries.iterator()),
        "numbers": SearchNumber.objects.values_list("number", "shop__commercial_license_no"),
        "record": AuditEvent.objects.filter(subject=file.key).values_list("action", "data__first_line", "data__last_line", "data__added"),
    }


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
