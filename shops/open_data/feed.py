"""The feed of changes: noted with the change, numbered by a sequencer, read behind a cursor.

A sequence of the database gives numbers before commits, so that a reader who has seen 7 may never see 6. Here a change leaves a row in
`Pending` inside its own transaction; one sequencer reads what is committed, gives the next numbers and takes the rows away, all in one
transaction. A second sequencer meets the first one's numbers and rolls back. So a number is visible only after all before it.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.db import IntegrityError, connection, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.bulk_copy import copy_rows
from municipality.kernel.errors import Refused
from shops.models import SearchEntry, Shop, ShopEvent
from shops.models.open_data import ADDED, LICENCE_CHANGED, UPDATED, Change, Edition, Pending, Published
from shops.open_data import table

SALT = "shops.changes"
BATCH = 1000
SLICE = 50_000  # shops that are compared in one transaction


class BadCursor(Refused):
    status = 400

    def __init__(self) -> None:
        super().__init__("bad_cursor", _("This is no cursor of ours. Take the one of an answer or of a file."))


def mark(shops: Iterable[int]) -> None:
    """Note in the caller's transaction that something of these shops (by primary key) may have changed."""
    Pending.objects.bulk_create([Pending(shop_id=key) for key in shops], batch_size=BATCH)


def number_all(seconds: float = math.inf) -> int:
    """Number everything that is committed, or as much of it as takes so long; something in any case.

    Returns how many changes were numbered; another sequencer's are not counted.
    """
    numbered, until = 0, time.monotonic() + seconds
    while Pending.objects.exists():
        try:
            numbered += number_some()
        except IntegrityError:  # another sequencer was here; its numbers stand
            break
        if time.monotonic() > until:
            break
    return numbered


@transaction.atomic
def number_some(limit: int = BATCH) -> int:
    """Give the next numbers to what waits, oldest first. Raises IntegrityError where another sequencer does the same."""
    waiting = list(Pending.objects.select_related("event").order_by("pk")[:limit])
    if not waiting:
        return 0
    events: dict[int, list[ShopEvent]] = {}
    for one in waiting:
        events.setdefault(one.shop_id, [])
        if one.event is not None:
            events[one.shop_id].append(one.event)
    last = last_number()
    found = dict(table.rows(clock.today(), list(events)))
    merged = Shop.objects.filter(merged_into__isnull=False).select_related("area").in_bulk([shop for shop in events if shop not in found])
    told = Published.objects.in_bulk(list(events))
    is_published = _is_published()
    changes: list[Change] = []
    now, today = clock.now(), clock.today()
    for shop, happened in events.items():
        if shop in merged:  # another entry stands for it: its row leaves the files
            gone = merged[shop]
            for event in happened:
                number = last + len(changes) + 1
                said = {"kind": event.kind, "on": event.on, "at": event.at, "data": event.data}
                changes.append(Change(number=number, shop=gone, row=_left(gone), area_id=gone.area_id, block=gone.block, **said))
        if shop not in found:  # not in the index yet: it is marked again when it comes there
            continue
        row = found[shop]
        area, block = table.area_and_block(row)
        whole = dict(zip(table.NAMES, row, strict=True))
        for kind, on, at, data in _kinds(row, told.get(shop), happened, is_published=is_published, today=today, now=now):
            number = last + len(changes) + 1
            changes.append(Change(number=number, shop_id=shop, kind=kind, on=on, at=at, data=data, row=whole, area_id=area, block=block))
    Change.objects.bulk_create(changes, batch_size=BATCH)
    prints = [Published(shop_id=shop, digest=d, licence=licence) for shop in found for d, licence in [table.print_of(found[shop])]]
    Published.objects.bulk_create(
        prints, update_conflicts=True, unique_fields=["shop"], update_fields=["digest", "licence"], batch_size=BATCH
    )
    Published.objects.filter(pk__in=merged).delete()
    Pending.objects.filter(pk__in=[one.pk for one in waiting]).delete()
    return len(changes)


def _kinds(
    row: table.Row, told: Published | None, events: Sequence[ShopEvent], *, is_published: bool, today: dt.date, now: dt.datetime
) -> list[tuple[str, dt.date, dt.datetime, dict[str, Any]]]:
    """Type, day, instant and data of each change of one shop."""
    found: list[tuple[str, dt.date, dt.datetime, dict[str, Any]]] = [(e.kind, e.on, e.at, e.data) for e in events]
    digest, licence = table.print_of(row)
    if told is None:
        if not events and is_published:
            found.append((ADDED, today, now, {}))
        return found
    if told.licence != licence:
        found.append((LICENCE_CHANGED, today, now, {"before": told.licence, "after": licence}))
    if told.digest != digest and not events:
        found.append((UPDATED, today, now, {}))
    return found


def _left(shop: Shop) -> dict[str, Any]:
    """Of a shop that another entry stands for: what a line about it says, and that its row is gone."""
    names = {f"{name}_{code}": getattr(of, f"name_{code}") for name, of in (("name", shop), ("area", shop.area)) for code in ("ar", "en")}
    return {"id": shop.public_id, **names, "block": shop.block, "gone": True}


def last_number() -> int:
    """The highest number given; 0 before the first."""
    return Change.objects.aggregate(last=Max("number"))["last"] or 0


def _is_published() -> bool:
    return Edition.objects.filter(dataset="shops").exists()


@dataclass(frozen=True)
class Compared:
    """How far a comparison came: the key of the last shop, None at the end; and how many were marked."""

    last: int | None
    marked: int


def find_unmarked() -> int:
    """Compare all shops with what was told of them and mark those that differ. Returns how many."""
    compared = find_some()
    marked = compared.marked
    while compared.last is not None:
        compared = find_some(compared.last)
        marked += compared.marked
    return marked


@transaction.atomic
def find_some(after: int = 0) -> Compared:
    """Compare the next SLICE of shops, behind a key, with what was told of them.

    Those that differ, written past the services or because a day has come, are marked. Before the first edition nothing was told yet:
    then the present state is taken as told. Doing it twice does no harm.
    """
    today = clock.today()
    last = SearchEntry.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[SLICE - 1 : SLICE].first()
    keys = {"pk__gt": after} | ({} if last is None else {"pk__lte": last})
    if _is_published():
        return Compared(last, _mark_differing(today, keys))
    Published.objects.filter(**keys).delete()
    prints = ((key, *table.print_of(row)) for key, row in table.rows(today, keys=keys))
    copy_rows(connection, Published._meta.db_table, ("shop_id", "digest", "licence"), prints)
    return Compared(last, 0)


def _mark_differing(today: dt.date, keys: dict[str, int]) -> int:
    told = Published.objects.filter(**keys).order_by("pk").values_list("pk", "digest", "licence").iterator(chunk_size=2000)
    known = next(told, None)
    differing = []
    for key, row in table.rows(today, keys=keys):
        while known is not None and known[0] < key:
            known = next(told, None)
        if known is None or known[0] != key or known[1:] != table.print_of(row):
            differing.append(key)
    mark(differing)
    return len(differing)


# --- Reading ---------------------------------------------------------------------------------------------------------------------


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)  # without the time: the same place is the same text, so that an answer has one entity tag


def token_of(number: int) -> str:
    """A place in the feed as clients carry it."""
    return _signer().sign_object(number)


def place_of(token: str) -> int:
    """The number of a cursor; 0 for none. Raises BadCursor for one that is not ours."""
    if not token:
        return 0
    with suppress(signing.BadSignature, ValueError, TypeError):
        number = _signer().unsign_object(token)
        if isinstance(number, int):
            return number
    raise BadCursor


def after(number: int, size: int) -> list[Change]:
    """The next changes behind a number, oldest first."""
    return list(Change.objects.filter(number__gt=number).order_by("number")[:size])
