"""Writing released rows to the register in bulk: shops, former names, events, changes and the search index.

In the caller's transaction, with the same number of statements for any number of rows. Writes what `register.events` and
`register.services` write for a single shop, but for the point of one that moves: it is that of the sheet, or none (`validation`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils.dateparse import parse_date

from municipality.accounts.models import Organisation
from municipality.imports.models import ImportFile, LineOutcome
from municipality.imports.registry import Applied
from municipality.jobs.services import enqueue_all
from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor, system
from municipality.kernel.bulk_copy import copy_rows
from municipality.kernel.failpoints import failpoint
from shops.models import EventKind, RegisterChange, Sensitivity, Shop, ShopActivity, ShopEvent, TradeName
from shops.models.imports import RegisterRow
from shops.register.events import ADDRESS_COLUMNS
from shops.register.signals import shops_changed
from shops.search import index

DAYS = ("commercial_license_end", "opened_on", "closed_on", "suspended_on")
POINT = ("latitude", "longitude")
STATE = ("closed_on", "suspended_on")
# The columns of Shop that a sheet can change.
COLUMNS = (
    *("name_ar", "name_en", "activity_id", "area_id", "branch_id", "block", "street", "building", "plot", "floor", "unit"),
    *("paci_number", "area_m2", "commercial_license_end", "commercial_registration_no", *POINT, "opened_on", *STATE),
)
NULLABLE = frozenset(("area_m2", *POINT, "opened_on", *STATE))
# The facts in RegisterChange, with their columns.
FACTS = {
    "trade_name": ("name_ar", "name_en"),
    "activity": ("activity_id",),
    "address": ("area_id", "branch_id", *ADDRESS_COLUMNS[1:]),
    "area_m2": ("area_m2",),
    "commercial_licence": ("commercial_license_end",),
    "registration": ("commercial_registration_no",),
    "point": POINT,
    "opened_on": ("opened_on",),
    "state": STATE,
}
# Columns that neither the search index nor what hangs on a shop, such as its boards, follows.
UNFOLLOWED = frozenset(("area_m2", "commercial_license_end", "opened_on", "branch_id", "state_on"))
STATE_EVENTS = (EventKind.SUSPENDED, EventKind.RESUMED, EventKind.CLOSED, EventKind.REOPENED)
_NEW = (
    "public_id", *COLUMNS, "organisation_id", "manager_name_ar", "manager_name_en", "manager_civil_id_digest", "manager_civil_id_cipher",
    "manager_civil_id_masked", "commercial_license_no", "facts_source", "facts_at",
)  # fmt: skip


def present(numbers: Iterable[str], *, lock: bool = False) -> dict[str, dict[str, Any]]:
    """The current shops by licence number, as JSON values, with `pk`, `public_id`, whether they are `merged`, and the `exact`
    coordinates, which sheets round to six decimals.
    """
    rows = Shop.objects.filter(commercial_license_no__in=set(numbers)).order_by("pk")
    if lock:
        rows = rows.select_for_update()
    shops = {}
    for number, pk, public_id, merged, *values in rows.values_list("commercial_license_no", "pk", "public_id", "merged_into_id", *COLUMNS):
        facts = dict(zip(COLUMNS, values, strict=True))
        for name in DAYS:
            facts[name] = facts[name] and facts[name].isoformat()
        exact = {name: facts[name] for name in POINT}
        for name in POINT:
            facts[name] = facts[name] if facts[name] is None else round(facts[name], 6)
        shops[number] = {"pk": pk, "public_id": public_id, "merged": merged is not None, "exact": exact, **facts}
    return shops


def apply(file: ImportFile, rows: Sequence[RegisterRow]) -> Applied:
    """Write released rows. A shop that changed since the file was loaded is left unchanged, and is not confirmed."""
    result, source, actor = Applied(), file.key, system("shops")
    current = present([row.number for row in rows], lock=True)
    new = [row for row in rows if row.outcome == LineOutcome.ADD and row.number not in current]
    changes: list[tuple[dict[str, Any], dict[str, list[Any]]]] = []
    confirmed: list[int] = []
    new_pks = {row.pk for row in new}
    changed_since = _changed_since(file, [shop["pk"] for shop in current.values()])
    for row in rows:
        shop = current.get(row.number)
        if row.pk in new_pks:
            continue
        if shop is None or shop["merged"] or row.outcome == LineOutcome.ADD or shop["pk"] in changed_since:
            result.left_out.append(row.pk)
            continue
        if not _is_unchanged(shop, row.effect):
            result.left_out.append(row.pk)
            continue
        confirmed.append(shop["pk"])
        if row.outcome == LineOutcome.CHANGE:
            changes.append((shop, row.effect))
    added = _add(new, source=source, actor=actor)
    followed = _change(changes, source=source, actor=actor)
    Shop.objects.filter(pk__in=confirmed).update(facts_source=source, facts_at=clock.now())
    failpoint("register.written")
    index.refresh(added)
    if followed:
        shops_changed.send(Shop, keys=followed)
    failpoint("register.indexed")
    result.added, result.changed, result.confirmed = len(added), len(changes), len(confirmed) - len(changes)
    return result


def _changed_since(file: ImportFile, shops: Sequence[int]) -> set[int]:
    """The shops (by primary key) of which something else than `file` changed a fact or the state after it was loaded.

    Holder and manager are in no sheet.
    """
    later = Q(shop__in=shops, at__gt=file.loaded_at) & ~Q(source=file.key)
    facts = RegisterChange.objects.filter(later).exclude(name__in=("owner", "manager"))
    states = ShopEvent.objects.filter(later, kind__in=STATE_EVENTS)
    return {*facts.values_list("shop", flat=True), *states.values_list("shop", flat=True)}


def _is_unchanged(shop: Mapping[str, Any], differs: Mapping[str, Sequence[Any]]) -> bool:
    """Whether all values that a row replaces are those of the dry run."""
    return all(shop[name] == before for name, (before, _after) in differs.items() if name != "state_on")


def _add(rows: Sequence[RegisterRow], *, source: str, actor: Actor) -> list[int]:
    """Create new shops with their holders and events. Returns their keys."""
    if not rows:
        return []
    holders, now, today = _organisations(rows), _now(), clock.today().isoformat()

    def values(row: RegisterRow) -> tuple[Any, ...]:
        given = [row.effect.get(name, None if name in NULLABLE else "") for name in COLUMNS]
        holder = holders[row.effect["commercial_registration_no"]]
        return (ids.public_id(), *given, holder, "", "", "", "", "", row.number, source, now)

    copy_rows(connection, "shops_shop", _NEW, (values(row) for row in rows))
    keys = dict(Shop.objects.filter(commercial_license_no__in=[row.number for row in rows]).values_list("commercial_license_no", "pk"))
    events: list[tuple[Any, ...]] = []
    for row in rows:
        row_events = []
        if opened := row.effect.get("opened_on"):
            row_events.append((EventKind.OPENED, opened))
        for name, kind in (("closed_on", EventKind.CLOSED), ("suspended_on", EventKind.SUSPENDED)):
            if on := row.effect.get(name):
                row_events.append((kind, on))
        events += [_event(keys[row.number], kind, on, {}, source, actor, now) for kind, on in row_events or [(EventKind.ENTERED, today)]]
    _write_events(events)
    return [keys[row.number] for row in rows]


def _organisations(rows: Sequence[RegisterRow]) -> dict[str, int]:
    """The organisations of new shops by registration number, created if missing."""
    effects = {row.effect["commercial_registration_no"]: row.effect for row in rows}
    pks = dict(Organisation.objects.filter(commercial_register_no__in=effects).values_list("commercial_register_no", "pk"))
    # In one order, so that concurrent writers do not deadlock.
    new = [number for number in sorted(effects) if number not in pks]
    if new:
        Organisation.objects.bulk_create(
            [
                Organisation(
                    commercial_register_no=number,
                    name_ar=effects[number].get("holder_ar", number),
                    name_en=effects[number].get("holder_en", ""),
                )
                for number in new
            ],
            ignore_conflicts=True,
        )
        pks |= dict(Organisation.objects.filter(commercial_register_no__in=new).values_list("commercial_register_no", "pk"))
    return pks


def _change(changes: Sequence[tuple[dict[str, Any], Mapping[str, Sequence[Any]]]], *, source: str, actor: Actor) -> list[int]:
    """Change shops and record their history. Returns the keys of those that the search index and others follow."""
    if not changes:
        return []
    now, today = _now(), clock.today()
    names = _last_days(TradeName, [shop["pk"] for shop, differs in changes if {"name_ar", "name_en"} & differs.keys()])
    activities = _last_days(ShopActivity, [shop["pk"] for shop, differs in changes if "activity_id" in differs])
    events: list[tuple[Any, ...]] = []
    name_rows: list[tuple[Any, ...]] = []
    activity_rows: list[tuple[Any, ...]] = []
    change_rows: list[tuple[Any, ...]] = []
    for shop, differs in changes:
        pk = shop["pk"]
        after = {name: pair[1] for name, pair in differs.items()}
        shop_events: list[tuple[EventKind, Any, dict[str, Any]]] = []
        if {"name_ar", "name_en"} & differs.keys():
            before = [shop["name_ar"], shop["name_en"]]
            name_rows.append((pk, *before, *_days(shop, names.get(pk), today), source))
            data = {"before": before, "after": [after.get("name_ar", before[0]), after.get("name_en", before[1])]}
            shop_events.append((EventKind.RENAMED, today.isoformat(), data))
        if "activity_id" in differs:
            activity_rows.append((pk, shop["activity_id"], *_days(shop, activities.get(pk), today), source))
            shop_events.append(
                (EventKind.ACTIVITY_CHANGED, today.isoformat(), {"before": shop["activity_id"], "after": after["activity_id"]})
            )
        if set(ADDRESS_COLUMNS) & differs.keys():
            address = {name: shop[name] for name in ADDRESS_COLUMNS}
            moved = {"before": address, "after": {name: after.get(name, address[name]) for name in ADDRESS_COLUMNS}}
            shop_events.append((EventKind.MOVED, today.isoformat(), moved))
        if set(STATE) & differs.keys():
            shop_events.append((_state_event(shop, after), after["state_on"], {}))
        events += [_event(pk, kind, on, data, source, actor, now) for kind, on, data in shop_events]
        for fact, columns in FACTS.items():
            if touched := [name for name in columns if name in differs]:
                pair = ({name: differs[name][side] for name in touched} for side in (0, 1))
                before_json, after_json = (json.dumps(values, ensure_ascii=False) for values in pair)
                change_rows.append((pk, fact, before_json, after_json, Sensitivity.OPEN.value, source, actor.key, now))
    copy_rows(connection, TradeName._meta.db_table, ("shop_id", "name_ar", "name_en", "first_day", "last_day", "source"), name_rows)
    copy_rows(connection, ShopActivity._meta.db_table, ("shop_id", "activity_id", "first_day", "last_day", "source"), activity_rows)
    columns_of_change = ("shop_id", "name", "before", "after", "sensitivity", "source", "actor_key", "at")
    copy_rows(connection, RegisterChange._meta.db_table, columns_of_change, change_rows)
    _write_events(events)
    _write_shops(changes)
    ended = [shop["pk"] for shop, differs in changes if set(STATE) & differs.keys()]
    enqueue_all("shops.tell_holders", {f"{source}:{pk}": {"shop_id": pk, "source": source} for pk in ended})
    return [shop["pk"] for shop, differs in changes if not differs.keys() <= UNFOLLOWED]


def _write_shops(changes: Sequence[tuple[dict[str, Any], Mapping[str, Sequence[Any]]]]) -> None:
    """Update many shops by one statement, with only the columns that change in any of them."""
    touched = [name for name in COLUMNS if any(name in differs for _shop, differs in changes)]
    assigned = ", ".join(f"{name} = n.{name}" for name in touched)
    rows = [
        [shop["pk"], *(differs[name][1] if name in differs else shop["exact"].get(name, shop[name]) for name in touched)]
        for shop, differs in changes
    ]
    kinds = {f.column: f for f in Shop._meta.concrete_fields}
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            typed = ", ".join(f"{name} {str(kinds[name].db_type(connection)).partition('(')[0]}" for name in ("id", *touched))
            objects = json.dumps([dict(zip(("id", *touched), row, strict=True)) for row in rows], ensure_ascii=False)
            cursor.execute(
                f"UPDATE shops_shop AS s SET {assigned} FROM jsonb_to_recordset(%s::jsonb) AS n({typed}) WHERE s.id = n.id",  # noqa: S608 - our columns
                [objects],
            )
        else:
            marks = ", ".join(f"{name} = %s" for name in touched)
            cursor.executemany(f"UPDATE shops_shop SET {marks} WHERE id = %s", [[*row[1:], row[0]] for row in rows])  # noqa: S608 - our columns


def _state_event(shop: Mapping[str, Any], after: Mapping[str, Any]) -> EventKind:
    if after.get("closed_on"):
        return EventKind.CLOSED
    if after.get("suspended_on"):
        return EventKind.SUSPENDED
    return EventKind.REOPENED if shop["closed_on"] else EventKind.RESUMED


def _last_days(model: type[TradeName] | type[ShopActivity], keys: Sequence[int]) -> dict[int, dt.date]:
    """The last day of the newest former name or activity of each shop."""
    rows: Any = model._default_manager.filter(shop__in=keys).order_by("last_day", "pk") if keys else []
    return {row.shop_id: row.last_day for row in rows}


def _days(shop: Mapping[str, Any], last: dt.date | None, today: dt.date) -> tuple[str | None, str]:
    """First and last day of the current value, as in `shops.register.events`."""
    first = last + dt.timedelta(days=1) if last else parse_date(shop["opened_on"] or "")
    yesterday = today - dt.timedelta(days=1)
    return first.isoformat() if first else None, (max(first, yesterday) if first else yesterday).isoformat()


def _now() -> Any:
    """The current time as a value of the database."""
    return connection.ops.adapt_datetimefield_value(clock.now())


def _event(shop: int, kind: EventKind, on: Any, data: Mapping[str, Any], source: str, actor: Actor, at: Any) -> tuple[Any, ...]:
    return (shop, kind.value, on, json.dumps(data, ensure_ascii=False), source, actor.key, at)


def _write_events(rows: Sequence[tuple[Any, ...]]) -> None:
    copy_rows(connection, ShopEvent._meta.db_table, ("shop_id", "kind", '"on"', "data", "source", "actor_key", "at"), rows)
