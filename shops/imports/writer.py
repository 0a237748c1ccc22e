"""From released lines to the register, set by set: shops, what they were called before, events, changes and the index of the search.

All of it in the caller's transaction, with as many statements for two thousand lines as for one. What one act of `register.events` and
`register.services` writes of one shop, this writes of many.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.utils.dateparse import parse_date

from municipality.accounts.models import Organisation
from municipality.imports.models import ImportFile, Outcome
from municipality.imports.registry import Applied
from municipality.kernel import clock, ids
from municipality.kernel.actors import Actor, system
from municipality.kernel.bulk_copy import copy_rows
from municipality.kernel.failpoints import failpoint
from shops.models import EventKind, RegisterChange, Sensitivity, Shop, ShopActivity, ShopEvent, TradeName
from shops.models.imports import RegisterRow
from shops.register.events import ADDRESS_COLUMNS
from shops.search import index

DAYS = ("commercial_license_end", "opened_on", "closed_on", "suspended_on")
POINT = ("latitude", "longitude")
STATE = ("closed_on", "suspended_on")
# Columns of a shop that a sheet may say.
COLUMNS = (
    *("name_ar", "name_en", "activity_id", "area_id", "branch_id", "block", "street", "building", "plot", "floor", "unit"),
    *("paci_number", "area_m2", "commercial_license_end", "commercial_registration_no", *POINT, "opened_on", *STATE),
)
NULLABLE = frozenset(("area_m2", *POINT, "opened_on", *STATE))
# Facts as the trace names them, each with its columns.
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
# What the search does not read.
UNSEARCHED = frozenset(
    ("area_m2", "commercial_license_end", "opened_on", "branch_id", "block", "street", "building", "plot", "floor", "unit", "state_on")
)
_NEW = (
    "public_id", *COLUMNS, "organisation_id", "manager_name_ar", "manager_name_en", "manager_civil_id_digest", "manager_civil_id_cipher",
    "manager_civil_id_masked", "commercial_license_no", "facts_source", "facts_at",
)  # fmt: skip


def present(numbers: Iterable[str], *, lock: bool = False) -> dict[str, dict[str, Any]]:
    """The present rows of shops by licence number, as JSON keeps them, with `pk`, `public_id`, whether they were merged
    away, and the `exact` point, of which a sheet says six decimals."""
    rows = Shop.objects.filter(commercial_license_no__in=set(numbers)).order_by("pk")
    if lock:
        rows = rows.select_for_update()
    found = {}
    for number, pk, public_id, merged, *values in rows.values_list("commercial_license_no", "pk", "public_id", "merged_into_id", *COLUMNS):
        facts = dict(zip(COLUMNS, values, strict=True))
        for name in DAYS:
            facts[name] = facts[name] and facts[name].isoformat()
        exact = {name: facts[name] for name in POINT}
        for name in POINT:
            facts[name] = facts[name] if facts[name] is None else round(facts[name], 6)
        found[number] = {"pk": pk, "public_id": public_id, "merged": merged is not None, "exact": exact, **facts}
    return found


def apply(file: ImportFile, rows: Sequence[RegisterRow]) -> Applied:
    """Carry released lines over. A shop that is no longer what the dry run showed is left as it is."""
    done, source, actor = Applied(), file.key, system("shops")
    stand = present([row.number for row in rows], lock=True)
    new = [row for row in rows if row.outcome == Outcome.ADD and row.number not in stand]
    changes: list[tuple[dict[str, Any], dict[str, list[Any]]]] = []
    confirmed: list[int] = []
    fresh = {row.pk for row in new}
    for row in rows:
        shop = stand.get(row.number)
        if row.pk in fresh:
            continue
        if shop is None or shop["merged"] or row.outcome == Outcome.ADD or not _still(shop, row.effect):
            done.left.append(row.pk)
            continue
        confirmed.append(shop["pk"])
        if row.outcome == Outcome.CHANGE:
            changes.append((shop, row.effect))
    added = _add(new, source=source, actor=actor)
    searched = _change(changes, source=source, actor=actor)
    Shop.objects.filter(pk__in=confirmed).update(facts_source=source, facts_at=clock.now())
    failpoint("register.written")
    index.refresh([*added, *searched])
    failpoint("register.indexed")
    done.added, done.changed, done.confirmed = len(added), len(changes), len(confirmed) - len(changes)
    return done


def _still(shop: Mapping[str, Any], differs: Mapping[str, Sequence[Any]]) -> bool:
    """Whether every value that a line replaces is the one that the dry run saw."""
    return all(shop[name] == before for name, (before, _after) in differs.items() if name != "state_on")


def _add(rows: Sequence[RegisterRow], *, source: str, actor: Actor) -> list[int]:
    """Write new shops with their holders and events. Returns their keys."""
    if not rows:
        return []
    holders, now, today = _holders(rows), _now(), clock.today().isoformat()

    def values(row: RegisterRow) -> tuple[Any, ...]:
        given = [row.effect.get(name, None if name in NULLABLE else "") for name in COLUMNS]
        holder = holders[row.effect["commercial_registration_no"]]
        return (ids.public_id(), *given, holder, "", "", "", "", "", row.number, source, now)

    copy_rows(connection, "shops_shop", _NEW, (values(row) for row in rows))
    keys = dict(Shop.objects.filter(commercial_license_no__in=[row.number for row in rows]).values_list("commercial_license_no", "pk"))
    events: list[tuple[Any, ...]] = []
    for row in rows:
        told = []
        if opened := row.effect.get("opened_on"):
            told.append((EventKind.OPENED, opened))
        for name, kind in (("closed_on", EventKind.CLOSED), ("suspended_on", EventKind.SUSPENDED)):
            if on := row.effect.get(name):
                told.append((kind, on))
        events += [_event(keys[row.number], kind, on, {}, source, actor, now) for kind, on in told or [(EventKind.ENTERED, today)]]
    _write_events(events)
    return [keys[row.number] for row in rows]


def _holders(rows: Sequence[RegisterRow]) -> dict[str, int]:
    """The organisations of new shops by registration number, each made where it is new."""
    wanted = {row.effect["commercial_registration_no"]: row.effect for row in rows}
    known = dict(Organisation.objects.filter(commercial_register_no__in=wanted).values_list("commercial_register_no", "pk"))
    # In one order, so that two writers never wait for each other.
    new = [number for number in sorted(wanted) if number not in known]
    if new:
        Organisation.objects.bulk_create(
            [
                Organisation(
                    commercial_register_no=number,
                    name_ar=wanted[number].get("holder_ar", number),
                    name_en=wanted[number].get("holder_en", ""),
                )
                for number in new
            ],
            ignore_conflicts=True,
        )
        known |= dict(Organisation.objects.filter(commercial_register_no__in=new).values_list("commercial_register_no", "pk"))
    return known


def _change(changes: Sequence[tuple[dict[str, Any], Mapping[str, Sequence[Any]]]], *, source: str, actor: Actor) -> list[int]:
    """Change known shops, with what they leave behind. Returns the keys of those whose entry in the search changes."""
    if not changes:
        return []
    now, today = _now(), clock.today()
    names = _last_days(TradeName, [shop["pk"] for shop, differs in changes if {"name_ar", "name_en"} & differs.keys()])
    activities = _last_days(ShopActivity, [shop["pk"] for shop, differs in changes if "activity_id" in differs])
    events: list[tuple[Any, ...]] = []
    former: list[tuple[Any, ...]] = []
    carried: list[tuple[Any, ...]] = []
    traces: list[tuple[Any, ...]] = []
    for shop, differs in changes:
        pk = shop["pk"]
        after = {name: pair[1] for name, pair in differs.items()}
        told: list[tuple[EventKind, Any, dict[str, Any]]] = []
        if {"name_ar", "name_en"} & differs.keys():
            before = [shop["name_ar"], shop["name_en"]]
            former.append((pk, *before, *_days(shop, names.get(pk), today), source))
            named = {"before": before, "after": [after.get("name_ar", before[0]), after.get("name_en", before[1])]}
            told.append((EventKind.RENAMED, today.isoformat(), named))
        if "activity_id" in differs:
            carried.append((pk, shop["activity_id"], *_days(shop, activities.get(pk), today), source))
            told.append((EventKind.ACTIVITY_CHANGED, today.isoformat(), {"before": shop["activity_id"], "after": after["activity_id"]}))
        if set(ADDRESS_COLUMNS) & differs.keys():
            place = {name: shop[name] for name in ADDRESS_COLUMNS}
            moved = {"before": place, "after": {name: after.get(name, place[name]) for name in ADDRESS_COLUMNS}}
            told.append((EventKind.MOVED, today.isoformat(), moved))
        if set(STATE) & differs.keys():
            told.append((_state_event(shop, after), after["state_on"], {}))
        events += [_event(pk, kind, on, data, source, actor, now) for kind, on, data in told]
        for fact, columns in FACTS.items():
            if touched := [name for name in columns if name in differs]:
                pair = ({name: differs[name][side] for name in touched} for side in (0, 1))
                before_json, after_json = (json.dumps(one, ensure_ascii=False) for one in pair)
                traces.append((pk, fact, before_json, after_json, Sensitivity.OPEN.value, source, actor.key, now))
    copy_rows(connection, TradeName._meta.db_table, ("shop_id", "name_ar", "name_en", "first_day", "last_day", "source"), former)
    copy_rows(connection, ShopActivity._meta.db_table, ("shop_id", "activity_id", "first_day", "last_day", "source"), carried)
    listed = ("shop_id", "name", "before", "after", "sensitivity", "source", "actor_key", "at")
    copy_rows(connection, RegisterChange._meta.db_table, listed, traces)
    _write_events(events)
    _write_shops(changes)
    return [shop["pk"] for shop, differs in changes if not differs.keys() <= UNSEARCHED]


def _write_shops(changes: Sequence[tuple[dict[str, Any], Mapping[str, Sequence[Any]]]]) -> None:
    """The new values of many shops by one statement: only the columns that any of them changes."""
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


def _last_days(model: Any, keys: Sequence[int]) -> dict[int, dt.date]:
    """The last day of the newest earlier name or activity of each shop."""
    rows = model.objects.filter(shop__in=keys).order_by("last_day", "pk") if keys else []
    return {row.shop_id: row.last_day for row in rows}


def _days(shop: Mapping[str, Any], last: dt.date | None, today: dt.date) -> tuple[str | None, str]:
    """First and last day of what stands on a shop until now, as `shops.register.events` counts them."""
    first = last + dt.timedelta(days=1) if last else parse_date(shop["opened_on"] or "")
    yesterday = today - dt.timedelta(days=1)
    return first.isoformat() if first else None, (max(first, yesterday) if first else yesterday).isoformat()


def _now() -> Any:
    """This instant as the database keeps it."""
    return connection.ops.adapt_datetimefield_value(clock.now())


def _event(shop: int, kind: EventKind, on: Any, data: Mapping[str, Any], source: str, actor: Actor, at: Any) -> tuple[Any, ...]:
    return (shop, kind.value, on, json.dumps(data, ensure_ascii=False), source, actor.key, at)


def _write_events(rows: Sequence[tuple[Any, ...]]) -> None:
    copy_rows(connection, ShopEvent._meta.db_table, ("shop_id", "kind", '"on"', "data", "source", "actor_key", "at"), rows)
