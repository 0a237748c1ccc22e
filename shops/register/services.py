"""Changing the register by a decision. What happens to a shop as a whole is in `shops.register.events`."""

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
from shops.register.events import note, retire
from shops.register.signals import shops_changed

# What a decision may change, with the columns it may write. Owner and commercial licence come from their own registers.
COLUMNS: dict[str, frozenset[str]] = {
    "trade_name": frozenset({"name_ar", "name_en"}),
    "activity": frozenset({"activity_id"}),
    "area_m2": frozenset({"area_m2"}),
    "manager": frozenset(
        {"manager_name_ar", "manager_name_en", "manager_civil_id_digest", "manager_civil_id_cipher", "manager_civil_id_masked"}
    ),
    "address": frozenset({"area_id", "branch_id", "block", "street", "building", "plot", "floor", "unit", "paci_number"}),
}

# What the commercial register is the source of, beside what it may correct of the above once that is accepted.
REGISTERED: dict[str, frozenset[str]] = {
    **{name: COLUMNS[name] for name in ("trade_name", "activity", "address")},
    "commercial_licence": frozenset({"commercial_license_end"}),
    "commercial_registration": frozenset({"commercial_registration_no"}),
}


@dataclass(frozen=True)
class FactChange:
    """One fact: the columns it writes, and what the trace shows of it before and after (no civil number in clear)."""

    name: str
    columns: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    sensitivity: str = Sensitivity.OPEN


def refresh_search(shops: Iterable[int]) -> None:
    """Write what the search says of some shops (by primary key) again, in the caller's transaction: their licence changed."""
    shops_changed.send(Shop, keys=list(shops))


@transaction.atomic
def transfer(*, shop: Shop, to: User | Organisation, source: str, actor: Actor) -> Shop:
    """The shop passes to another person or organisation, with its trace, once for a source. Nothing where it is theirs already."""
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
    note(row, EventKind.TRANSFERRED, source=source, actor=actor)
    record("shop.transferred", subject=row.key, actor=actor, data={"by": source, "from": before, "to": after})
    return row


def _holder_key(owner: User | None, organisation: Organisation | None) -> str:
    return owner.key if owner is not None else f"organisation:{organisation.public_id}" if organisation is not None else ""


@transaction.atomic
def change_register(*, shop: Shop, changes: Sequence[FactChange], source: str, actor: Actor) -> Shop:
    """Write decided changes into the register, each with its trace, once for a source (`case:…`). Returns the shop as it is now.

    Raises ValueError for a fact or column that no decision changes.
    """
    return _write(shop, changes, COLUMNS, {}, source=source, actor=actor)


@transaction.atomic
def take_over(*, shop: Shop, changes: Sequence[FactChange], register: str, as_of: dt.datetime, source: str, actor: Actor) -> Shop:
    """Write what another register says, like `change_register`; the facts are then that register's, as of an instant.

    Raises ValueError for a fact or column that no register is the source of.
    """
    return _write(shop, changes, REGISTERED, {"facts_source": register, "facts_at": as_of}, source=source, actor=actor)


def _write(
    shop: Shop, changes: Sequence[FactChange], allowed: Mapping[str, frozenset[str]], more: Mapping[str, Any], *, source: str, actor: Actor
) -> Shop:
    row = Shop.objects.select_for_update().get(pk=shop.pk)
    columns: dict[str, Any] = {}
    for change in changes:
        if not change.columns.keys() <= allowed.get(change.name, frozenset()):
            raise ValueError(f"nobody may change {change.name} so: {sorted(change.columns)}")
        columns |= change.columns
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
    retire(row, columns, source=source, actor=actor)
    for column, value in {**columns, **more}.items():
        setattr(row, column, value)
    row.save(update_fields=[*columns, *more])
    shops_changed.send(Shop, keys=[row.pk])
    record("shop.changed", subject=row.key, actor=actor, data={"by": source, "facts": sorted(change.name for change in changes)})
    return row
