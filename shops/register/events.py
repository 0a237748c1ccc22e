"""Events of a shop (opened, suspended, resumed, closed, reopened), and the history that a changed fact leaves.

Each service writes the register, an event, an audit event and, by the signal `shops_changed`, the search index in one transaction.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from shops.models import EventKind, Pending, Shop, ShopActivity, ShopEvent, TradeName
from shops.register.signals import shops_changed

ADDRESS_COLUMNS = ("area_id", "block", "street", "building", "plot", "floor", "unit", "paci_number")


def leaves_its_point(changed: Collection[str]) -> bool:
    """Whether a shop is elsewhere once these columns of its address have changed, so that its point is wrong.

    A street or building written in another way on the same plot leaves the point where it is; with another PACI number it moves.
    """
    moved = set(ADDRESS_COLUMNS).difference({"floor", "unit"}).intersection(changed)
    return bool(moved & {"area_id", "block", "plot"}) or {"paci_number"} < moved


def record_event(
    shop: Shop, kind: EventKind, *, source: str, actor: Actor, on: dt.date | None = None, data: Mapping[str, Any] | None = None
) -> ShopEvent:
    """Create one event in the caller's transaction. `data` is public; `source` is a subject key or the name of a register."""
    event = ShopEvent.objects.create(
        shop=shop, kind=kind, on=on or clock.today(), data=dict(data or {}), source=source, actor_key=actor.key, at=clock.now()
    )
    Pending.objects.create(shop_id=event.shop_id, event=event)  # numbered later for the feed of changes
    return event


def record_history(shop: Shop, columns: Mapping[str, Any], *, source: str, actor: Actor, on: dt.date | None = None) -> None:
    """Record the name, activity and address that `columns` replace on a day (default: today), with an event each.

    Call before the shop is saved.
    """
    differs = {name for name, value in columns.items() if getattr(shop, name) != value}
    if differs & {"name_ar", "name_en"}:
        first, last = _days(shop, TradeName.objects.filter(shop=shop).order_by("-last_day", "-pk").first(), on)
        TradeName.objects.create(shop=shop, name_ar=shop.name_ar, name_en=shop.name_en, first_day=first, last_day=last, source=source)
        after = [columns.get("name_ar", shop.name_ar), columns.get("name_en", shop.name_en)]
        data: dict[str, Any] = {"before": [shop.name_ar, shop.name_en], "after": after}
        record_event(shop, EventKind.RENAMED, source=source, actor=actor, on=on, data=data)
    if "activity_id" in differs:
        first, last = _days(shop, ShopActivity.objects.filter(shop=shop).order_by("-last_day", "-pk").first(), on)
        ShopActivity.objects.create(shop=shop, activity_id=shop.activity_id, first_day=first, last_day=last, source=source)
        data = {"before": shop.activity_id, "after": columns["activity_id"]}
        record_event(shop, EventKind.ACTIVITY_CHANGED, source=source, actor=actor, on=on, data=data)
    if differs & set(ADDRESS_COLUMNS):
        before = {name: getattr(shop, name) for name in ADDRESS_COLUMNS}
        data = {"before": before, "after": {name: columns.get(name, value) for name, value in before.items()}}
        record_event(shop, EventKind.MOVED, source=source, actor=actor, on=on, data=data)


def _days(shop: Shop, before: TradeName | ShopActivity | None, on: dt.date | None) -> tuple[dt.date | None, dt.date]:
    """First and last day of the current value, which followed `before` and is replaced on a day (default: today)."""
    first = before.last_day + dt.timedelta(days=1) if before else shop.opened_on
    last = (on or clock.today()) - dt.timedelta(days=1)
    return first, max(first, last) if first else last


@transaction.atomic
def open_shop(*, shop: Shop, source: str, actor: Actor) -> Shop:
    """Save a new shop. It opens on its `opened_on`, or today."""
    shop.opened_on = shop.opened_on or clock.today()
    shop.save(force_insert=True)
    return _finish(shop, EventKind.OPENED, on=shop.opened_on, source=source, actor=actor)


@transaction.atomic
def suspend(*, shop: Shop, source: str, actor: Actor, on: dt.date | None = None) -> Shop:
    """Suspend a shop. Raises Refused if it is closed or suspended already."""
    row = _locked(shop)
    if row.suspended_on is not None:
        raise Refused("suspended_already", _("This shop is suspended already."))
    row.suspended_on = on or clock.today()
    row.save(update_fields=["suspended_on"])
    return _finish(row, EventKind.SUSPENDED, on=row.suspended_on, source=source, actor=actor)


def refuse_too_early(on: dt.date | None, since: dt.date | None) -> None:
    """Raise Refused("too_early") for a given day of opening again that lies before the closing or suspension.

    A closing that lies ahead can be taken back on any day.
    """
    if on is not None and since is not None and on < since <= clock.today():
        raise Refused("too_early", _("The shop was closed or suspended only after this day. Please compare the day."))


@transaction.atomic
def resume(*, shop: Shop, source: str, actor: Actor, on: dt.date | None = None) -> Shop:
    """End the suspension. Raises Refused if the shop is closed or not suspended, or was suspended after the day."""
    row = _locked(shop)
    if row.suspended_on is None:
        raise Refused("not_suspended", _("This shop is not suspended."))
    refuse_too_early(on, row.suspended_on)
    row.suspended_on = None
    row.save(update_fields=["suspended_on"])
    return _finish(row, EventKind.RESUMED, on=on or clock.today(), source=source, actor=actor)


@transaction.atomic
def close(*, shop: Shop, source: str, actor: Actor, on: dt.date | None = None) -> Shop:
    """Close a shop for good. Raises Refused if it is closed already."""
    row = _locked(shop)
    row.closed_on, row.suspended_on = on or clock.today(), None
    row.save(update_fields=["closed_on", "suspended_on"])
    return _finish(row, EventKind.CLOSED, on=row.closed_on, source=source, actor=actor)


@transaction.atomic
def reopen(*, shop: Shop, source: str, actor: Actor, on: dt.date | None = None) -> Shop:
    """Reopen a closed shop under the same public id. Raises Refused if it is open, or was closed after the day."""
    row = _locked(shop, closed=True)
    refuse_too_early(on, row.closed_on)
    row.closed_on = None
    row.save(update_fields=["closed_on"])
    return _finish(row, EventKind.REOPENED, on=on or clock.today(), source=source, actor=actor)


def _locked(shop: Shop, *, closed: bool = False) -> Shop:
    row = Shop.objects.select_for_update().get(pk=shop.pk)
    if closed and row.closed_on is None:
        raise Refused("not_closed", _("This shop is open."))
    if not closed and row.closed_on is not None:
        raise Refused("closed_already", _("This shop is closed."))
    return row


def _finish(shop: Shop, kind: EventKind, *, on: dt.date, source: str, actor: Actor) -> Shop:
    record_event(shop, kind, source=source, actor=actor, on=on)
    record(f"shop.{kind.value}", subject=shop.key, actor=actor, data={"by": source, "on": on.isoformat()})
    shops_changed.send(Shop, keys=[shop.pk])
    return shop
