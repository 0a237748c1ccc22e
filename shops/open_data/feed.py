"""The feed of changes: marked with the change, numbered by a sequencer, read with a cursor.

Numbers of a database sequence become visible out of order: a reader who has seen 7 may miss 6. So a change leaves a row in
`Pending` in its transaction; one sequencer locks committed rows, numbers and deletes them, in one transaction. A second sequencer
waits for the rows and finds them gone; the unique numbers refuse what both would number. A number is visible only after all before it.
"""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from municipality.kernel import clock
from municipality.kernel.errors import Refused
from shops.models import SearchEntry, Shop, ShopEvent
from shops.models.open_data import ADDED, LICENCE_CHANGED, UPDATED, Change, Edition, Pending, Published
from shops.open_data import table

SALT = "shops.changes"
BATCH = 1000
SLICE = 50_000  # shops compared in one transaction


class BadFeedCursor(Refused):
    status = 400

    def __init__(self) -> None:
        super().__init__("bad_cursor", _("This is no cursor of ours. Take the one of an answer or of a file."))


def mark(shops: Iterable[int]) -> None:
    """Note in the caller's transaction that these shops (by primary key) may have changed."""
    Pending.objects.bulk_create([Pending(shop_id=key) for key in shops], batch_size=BATCH)


def number_all(seconds: float = math.inf) -> int:
    """Number all committed changes, for about `seconds`, at least one batch. Returns how many were numbered here."""
    numbered, until = 0, time.monotonic() + seconds
    while Pending.objects.exists():
        try:
            numbered += number_some()
        except IntegrityError:  # another sequencer numbered them
            break
        if time.monotonic() > until:
            break
    return numbered


@transaction.atomic
def number_some() -> int:
    """Number the oldest pending changes. Raises IntegrityError if another sequencer does the same."""
    waiting = list(Pending.objects.select_for_update(of=("self",)).select_related("event").order_by("pk")[:BATCH])
    if not waiting:
        return 0
    events: dict[int, list[ShopEvent]] = {}
    for pending in waiting:
        events.setdefault(pending.shop_id, [])
        if pending.event is not None:
            events[pending.shop_id].append(pending.event)
    last = last_number()
    rows = dict(table.rows(clock.today(), list(events)))
    merged = Shop.objects.filter(merged_into__isnull=False).select_related("area").in_bulk([shop for shop in events if shop not in rows])
    published = Published.objects.in_bulk(list(events))
    is_published = _is_published()
    changes: list[Change] = []
    now, today = clock.now(), clock.today()
    for shop, shop_events in events.items():
        if shop in merged:  # merged into another one: its row leaves the files
            gone = merged[shop]
            for event in shop_events:
                number = last + len(changes) + 1
                fields = {"kind": event.kind, "on": event.on, "at": event.at, "data": event.data}
                changes.append(Change(number=number, shop=gone, row=_gone_row(gone), area_id=gone.area_id, block=gone.block, **fields))
        if shop not in rows:  # not in the index yet: marked again when it is indexed
            continue
        row = rows[shop]
        area, block = table.area_and_block(row)
        public = dict(zip(table.NAMES, row, strict=True))
        for kind, on, at, data in _kinds(row, published.get(shop), shop_events, is_published=is_published, today=today, now=now):
            number = last + len(changes) + 1
            changes.append(Change(number=number, shop_id=shop, kind=kind, on=on, at=at, data=data, row=public, area_id=area, block=block))
    Change.objects.bulk_create(changes, batch_size=BATCH)
    _publish(rows)
    Published.objects.filter(pk__in=merged).delete()
    Pending.objects.filter(pk__in=[pending.pk for pending in waiting]).delete()
    return len(changes)


def _kinds(
    row: table.Row, published: Published | None, events: Sequence[ShopEvent], *, is_published: bool, today: dt.date, now: dt.datetime
) -> list[tuple[str, dt.date, dt.datetime, dict[str, Any]]]:
    """Type, day, instant and data of each change of one shop."""
    changes: list[tuple[str, dt.date, dt.datetime, dict[str, Any]]] = [(e.kind, e.on, e.at, e.data) for e in events]
    digest, licence = table.fingerprint(row)
    if published is None:
        if not events and is_published:
            changes.append((ADDED, today, now, {}))
        return changes
    if published.licence != licence:
        changes.append((LICENCE_CHANGED, today, now, {"before": published.licence, "after": licence}))
    if published.digest != digest and not events:
        changes.append((UPDATED, today, now, {}))
    return changes


def _gone_row(shop: Shop) -> dict[str, Any]:
    """The published fields of a merged shop, and that its row is gone."""
    names = {f"{name}_{code}": getattr(row, f"name_{code}") for name, row in (("name", shop), ("area", shop.area)) for code in ("ar", "en")}
    return {"id": shop.public_id, **names, "block": shop.block, "gone": True}


def last_number() -> int:
    """The highest number; 0 before the first."""
    return Change.objects.aggregate(last=Max("number"))["last"] or 0


def _is_published() -> bool:
    return Edition.objects.filter(dataset="shops").exists()


@dataclass(frozen=True)
class Comparison:
    """The result of a comparison: the key of the last shop, None at the end; and how many were marked."""

    last: int | None
    marked: int


@transaction.atomic
def compare_slice(after: int = 0) -> Comparison:
    """Compare the next SLICE of shops, after a key, with their published state, and mark those that differ.

    They differ if they were written without the services, or because a day has come. Before the first edition the current state
    counts as published. Idempotent.
    """
    today = clock.today()
    last = SearchEntry.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[SLICE - 1 : SLICE].first()
    keys = {"pk__gt": after} | ({} if last is None else {"pk__lte": last})
    if _is_published():
        return Comparison(last, _mark_differing(today, keys))
    Published.objects.filter(**keys).delete()
    rows = table.rows(today, keys=keys)
    while batch := dict(islice(rows, BATCH)):
        _publish(batch)
    return Comparison(last, 0)


def _publish(rows: Mapping[int, table.Row]) -> None:
    """Store these rows as published. A second process that writes the same shops waits for the first and then updates them."""
    states = [Published(shop_id=shop, digest=d, licence=licence) for shop, row in rows.items() for d, licence in [table.fingerprint(row)]]
    Published.objects.bulk_create(
        states, update_conflicts=True, unique_fields=["shop"], update_fields=["digest", "licence"], batch_size=BATCH
    )


def _mark_differing(today: dt.date, keys: dict[str, int]) -> int:
    published = Published.objects.filter(**keys).order_by("pk").values_list("pk", "digest", "licence").iterator(chunk_size=2000)
    known = next(published, None)
    differing = []
    for key, row in table.rows(today, keys=keys):
        while known is not None and known[0] < key:
            known = next(published, None)
        if known is None or known[0] != key or known[1:] != table.fingerprint(row):
            differing.append(key)
    mark(differing)
    return len(differing)


# --- Reading ---------------------------------------------------------------------------------------------------------------------


def _signer() -> signing.Signer:
    return signing.Signer(salt=SALT)  # without a timestamp, so that the same position has the same token and entity tag


def token_of(number: int) -> str:
    """The cursor of a position in the feed."""
    return _signer().sign_object(number)


def number_of(token: str) -> int:
    """The number of a cursor; 0 for "". Raises BadCursor."""
    if not token:
        return 0
    with suppress(signing.BadSignature, ValueError, TypeError):
        number = _signer().unsign_object(token)
        if isinstance(number, int):
            return number
    raise BadFeedCursor


def after(number: int, size: int) -> list[Change]:
    """The next changes after a number, oldest first."""
    return list(Change.objects.filter(number__gt=number).order_by("number")[:size])
