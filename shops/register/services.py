"""Writing decided changes to the register. Events of a shop are in `shops.register.events`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from municipality.accounts.models import Organisation, User
from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from shops.models import EventKind, RegisterChange, Sensitivity, Shop
from shops.register.events import ADDRESS_COLUMNS, leaves_its_point, open_shop, record_event, record_history
from shops.register.signals import holder_changed, shops_changed
from zoning.answer import places

# The facts that a decision may change, with their columns. Owner and commercial licence come from their own registers.
COLUMNS: dict[str, frozenset[str]] = {
    "trade_name": frozenset({"name_ar", "name_en"}),
    "activity": frozenset({"activity_id"}),
    "area_m2": frozenset({"area_m2"}),
    "manager": frozenset(
        {"manager_name_ar", "manager_name_en", "manager_civil_id_digest", "manager_civil_id_cipher", "manager_civil_id_masked"}
    ),
    "address": frozenset({"area_id", "branch_id", "block", "street", "building", "plot", "floor", "unit", "paci_number"}),
}

# The facts that the commercial register may change, with their columns.
REGISTERED: dict[str, frozenset[str]] = {
    **{name: COLUMNS[name] for name in ("trade_name", "activity", "address")},
    "commercial_licence": frozenset({"commercial_license_end"}),
    "commercial_registration": frozenset({"commercial_registration_no"}),
}


@dataclass(frozen=True)
class FactChange:
    """One fact: the columns it writes, and its public values before and after (no civil number in clear)."""

    name: str
    columns: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    sensitivity: str = Sensitivity.OPEN


@transaction.atomic
def enter(*, holder: User | Organisation, facts: Mapping[str, Any], source: str, actor: Actor) -> Shop:
    """Enter a new shop that opens today, with the columns `facts`; `source` is the subject key of the case that licenses it.

    Raises IntegrityError where a shop with its commercial licence is in the register already.
    """
    owner, organisation = (holder, None) if isinstance(holder, User) else (None, holder)
    shop = Shop(**facts, owner=owner, organisation=organisation, facts_source=source, facts_at=clock.now())
    return open_shop(shop=shop, source=source, actor=actor)


def refresh_search(shops: Iterable[int]) -> None:
    """Write the search entries of some shops (by primary key) again, in the caller's transaction, after their licence changed."""
    shops_changed.send(Shop, keys=list(shops))


@transaction.atomic
def transfer(*, shop: Shop, to: User | Organisation, source: str, actor: Actor) -> Shop:
    """Transfer a shop to another person or organisation, with a RegisterChange and an event. Does nothing if they hold it already."""
    row = Shop.objects.select_for_update(of=("self",)).select_related("owner", "organisation").get(pk=shop.pk)
    owner, organisation = (to, None) if isinstance(to, User) else (None, to)
    if (row.owner_id, row.organisation_id) == (owner and owner.pk, organisation and organisation.pk):
        return row
    before, after = _holder_key(row.owner, row.organisation), _holder_key(owner, organisation)
    row.owner, row.organisation = owner, organisation
    row.save(update_fields=["owner", "organisation"])
    RegisterChange.objects.create(
        shop=row,
        name="owner",
        before={"holder": before},
        after={"holder": after},
        sensitivity=Sensitivity.PERSONAL,
        source=source,
        actor_key=actor.key,
        at=clock.now(),
    )
    record_event(row, EventKind.TRANSFERRED, source=source, actor=actor)
    record("shop.transferred", subject=row.key, actor=actor, data={"by": source, "from": before, "to": after})
    holder_changed.send(Shop, shop=row, source=source)
    return row


def _holder_key(owner: User | None, organisation: Organisation | None) -> str:
    return owner.key if owner is not None else f"organisation:{organisation.public_id}" if organisation is not None else ""


@transaction.atomic
def change_register(*, shop: Shop, changes: Sequence[FactChange], source: str, actor: Actor, on: dt.date | None = None) -> Shop:
    """Write decided changes to the register, with a RegisterChange each. `source` is unique, such as `case:…`. Returns the shop.

    `on` is the day on which it happened (default: today).
    Raises ValueError for a fact or column that no decision changes.
    """
    return _write(shop, changes, COLUMNS, {}, source=source, actor=actor, on=on)


@transaction.atomic
def take_over(*, shop: Shop, changes: Sequence[FactChange], register: str, as_of: dt.datetime, source: str, actor: Actor) -> Shop:
    """Write what another register says, like `change_register`; the facts are then that register's, as of `as_of`.

    Raises ValueError for a fact or column that no register is the source of.
    """
    return _write(shop, changes, REGISTERED, {"facts_source": register, "facts_at": as_of}, source=source, actor=actor)


def _write(
    shop: Shop,
    changes: Sequence[FactChange],
    allowed: Mapping[str, frozenset[str]],
    metadata: Mapping[str, Any],
    *,
    source: str,
    actor: Actor,
    on: dt.date | None = None,
) -> Shop:
    row = Shop.objects.select_for_update().get(pk=shop.pk)
    columns: dict[str, Any] = {}
    for change in changes:
        if not change.columns.keys() <= allowed.get(change.name, frozenset()):
            raise ValueError(f"{change.name} may not change {sorted(change.columns)}")
        columns |= change.columns
    if leaves_its_point([name for name in ADDRESS_COLUMNS if columns.get(name, getattr(row, name)) != getattr(row, name)]):
        columns |= _point({name: columns.get(name, getattr(row, name)) for name in ADDRESS_COLUMNS})
    now = clock.now()
    RegisterChange.objects.bulk_create(
        RegisterChange(
            shop=row,
            name=change.name,
            before=dict(change.before),
            after=dict(change.after),
            sensitivity=change.sensitivity,
            source=source,
            actor_key=actor.key,
            at=now,
        )
        for change in changes
    )
    record_history(row, columns, source=source, actor=actor, on=on)
    for column, value in {**columns, **metadata}.items():
        setattr(row, column, value)
    row.save(update_fields=[*columns, *metadata])
    shops_changed.send(Shop, keys=[row.pk])
    record("shop.changed", subject=row.key, actor=actor, data={"by": source, "facts": sorted(change.name for change in changes)})
    return row


def _point(address: Mapping[str, Any]) -> dict[str, float | None]:
    """The point of a shop that has moved: inside the plot of its new address; none where that is not known, for the old one is wrong."""
    latitude, longitude = places.point_at(
        paci_number=address["paci_number"],
        area=address["area_id"],
        block=address["block"],
        plot_number=address["plot"],
        day=clock.today(),
    )
    return {"latitude": latitude, "longitude": longitude}
