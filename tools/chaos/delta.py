"""A delta of the commercial register in a process of its own, which dies where it is told to: run with `python -m`.

`prepare ROWS FILE` writes a register and what the commercial register says of it; `begin` begins a delta, as the clock does at
night; `page` carries out one due job of it and `work` all of them, after the leases of the dead have run out; `content` prints what
both registers say by now, without keys and instants. `torn-page` is the red control: the cursor is kept before the rows of its page.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

KIND = "shops.commercial_page"


def run(arguments: list[str]) -> int:
    import django

    django.setup()
    step, *rest = arguments
    steps: dict[str, Callable[..., None]] = {
        "prepare": prepare,
        "begin": begin,
        "page": page,
        "torn-page": torn_page,
        "work": work,
        "content": content,
    }
    steps[step](*rest)
    return 0


def prepare(rows: str, file: str) -> None:
    """Each tenth licence renewed there, each twentieth renamed, moved or cancelled, each hundredth not to be read; thirty are new."""
    from sandbox.demo.benchmarks import load_register
    from sandbox.demo.shops.commercial_register import write_for_simulator
    from sandbox.demo.shops.large_register import register
    from shops.search import index

    load_register(register(int(rows), "chaos", start=5_000_000))
    index.index_missing()
    path = Path(file)
    write_for_simulator(path)
    told = json.loads(path.read_text(encoding="utf8"))
    for number, licence in enumerate(told):
        if number % 10 == 3:
            licence["valid_until"] = "2031-05-31"
        if number % 20 == 5:
            licence["name_ar"] += " الجديد"
        if number % 20 == 6:
            licence["address"] |= {"block": "9", "street": "77"}
        if number % 20 == 7:
            licence |= {"status": "cancelled", "cancelled_on": "2026-10-01"}
        if number % 100 == 9:
            licence["valid_until"] = "31/02/2027"
    told += [told[0] | {"licence": f"{980_000 + n}/2026", "name_ar": f"صالون الأفق {n}"} for n in range(30)]
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf8")


def begin() -> None:
    from shops.commercial_register.services import delta

    delta.begin_nightly()


def _due() -> list[int]:
    from municipality.jobs.models import Job, JobState
    from municipality.kernel import clock

    Job.objects.filter(kind=KIND, state=JobState.RUNNING).update(lease_until=clock.now())  # nobody renewed it
    rows = Job.objects.filter(kind=KIND).exclude(state__in=[JobState.DONE, JobState.DEAD])
    return list(rows.order_by("pk").values_list("pk", flat=True))


def page() -> None:
    from municipality.jobs import services

    for pk in _due()[:1]:
        assert services.run(pk)


def work() -> None:
    from municipality.jobs import services

    while due := _due():
        for pk in due:
            assert services.run(pk)


def torn_page() -> None:
    from django.db import connection, transaction

    from municipality.kernel.failpoints import failpoint
    from shops.commercial_register.services import delta

    inner = delta._write

    def torn(run: Any, page: Any, entries: Any) -> None:
        inner(run, page, [])
        connection.connection.commit()
        failpoint("commercial.page_torn")
        with transaction.atomic():
            delta.updates.apply(feed=run.feed, entries=entries, run=run)

    delta._write = torn
    page()


def content() -> None:
    from municipality.audit.models import AuditEvent
    from municipality.jobs.models import Job
    from shops.models import RegisterChange, Shop, ShopEvent
    from shops.models.commercial_register import (
        CommercialDifference,
        CommercialDifferenceEvent,
        CommercialFeed,
        CommercialLicence,
        CommercialNotice,
        CommercialRun,
    )
    from tools.chaos.registering import _print

    run = CommercialRun.objects.get()
    changes = RegisterChange.objects.filter(source__startswith="moci:")
    counts = ("pages", "fresh", "known", "late", "applied", "raised", "settled", "missing", "is_full", "is_doubted")
    said: dict[str, Any] = {
        name: _print(rows)
        for name, rows in {
            "notices": CommercialNotice.objects.values_list("licence_no", "version", "standing"),
            "licences": CommercialLicence.objects.values_list("licence_no", "version", "status", "seen_in__why"),
            "differences": CommercialDifference.objects.values_list("licence_no", "kind", "state", "ours", "theirs"),
            "events": CommercialDifferenceEvent.objects.values_list("subject__licence_no", "move"),
            "changes": changes.values_list("shop__commercial_license_no", "name", "after"),
            "shops": Shop.objects.values_list("commercial_license_no", "name_ar", "commercial_license_end", "facts_source"),
            "shop events": ShopEvent.objects.values_list("shop__commercial_license_no", "kind"),
            "jobs": Job.objects.filter(kind=KIND).values_list("args__page", "state"),
            "record": AuditEvent.objects.filter(action="commercial.delta_ended").values_list("data__pages", "data__fresh", "data__raised"),
        }.items()
    }
    said["run"] = {name: getattr(run, name) for name in counts} | {"ended": run.ended_at is not None}
    said["cursor"] = CommercialFeed.objects.get().cursor
    print(json.dumps(said, sort_keys=True))


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
