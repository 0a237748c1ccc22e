"""Events by hand: a clerk proposes with reason and reference, a keeper allows, then the register changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from shops.models import RegisterChange, Shop
from shops.models.office import ByHand, EventProposal
from shops.office.services.proposals import check_none_open, check_reason, lock_to_allow, mark_allowed, mark_refused
from shops.register import events
from shops.register.roles import CLERK, KEEPER
from shops.register.services import FactChange, change_register

SERVICES: dict[str, Callable[..., Shop]] = {
    ByHand.SUSPENDED: events.suspend,
    ByHand.RESUMED: events.resume,
    ByHand.CLOSED: events.close,
    ByHand.REOPENED: events.reopen,
}
# The facts that an event writes, and its columns.
FACTS = {ByHand.RENAMED: "trade_name", ByHand.MOVED: "address"}
COLUMNS: dict[str, tuple[str, ...]] = {
    ByHand.RENAMED: ("name_ar", "name_en"),
    ByHand.MOVED: ("area_id", "branch_id", "block", "street", "building", "plot", "floor", "unit", "paci_number"),
}


@transaction.atomic
def propose(
    *, shop: Shop, kind: str, on: dt.date, note_ar: str, reference: str, asked_by: User, after: Mapping[str, Any] | None = None
) -> EventProposal:
    """Propose an event, for a second person to allow.

    Raises NotPermitted, Refused: unknown_kind, no_reason, no_reference, future, too_early, nothing_new, merged, asked_already.
    """
    require_group(asked_by, CLERK)
    if kind not in ByHand.values:
        raise Refused("unknown_kind", _("Please choose what happened to the shop."))
    check_reason(note_ar)
    if not reference.strip():
        raise Refused("no_reference", _("Please write the number of the letter or decision on which this stands."))
    if on > clock.today():
        raise Refused("future", _("This day lies ahead. Please write the day on which it happened."))
    row = Shop.objects.select_for_update().get(pk=shop.pk)
    if row.merged_into_id is not None:
        raise Refused("merged", _("Another entry stands for this shop. Please write the event there."))
    changed = {name: value for name, value in (after or {}).items() if name in COLUMNS.get(kind, ()) and getattr(row, name) != value}
    if kind in FACTS and not changed:
        raise Refused("nothing_new", _("The register already says this. Please write what is new."))
    _check_state(row, kind, on)
    check_none_open(EventProposal, row.pk)
    act = EventProposal.objects.create(
        shop=row,
        kind=kind,
        on=on,
        after=changed,
        note_ar=note_ar.strip()[:500],
        reference=reference.strip()[:60],
        asked_by=asked_by,
        asked_at=clock.now(),
    )
    data = {"proposal": act.key, "kind": kind, "on": on.isoformat()}
    record("shop.event_asked", subject=row.key, actor=Actor(CLERK, asked_by.key), data=data, text=f"{act.note_ar} ({act.reference})")
    return act


@transaction.atomic
def allow(*, proposal: EventProposal, allowed_by: User) -> Shop:
    """Allow a proposal, write the register and tell the holder.

    Raises NotPermitted (role, same person), Refused: done, changed_meanwhile, or as the event's service.
    """
    act = lock_to_allow(proposal, allowed_by)
    shop, actor = act.shop, Actor(KEEPER, allowed_by.key)
    mark_allowed(act, allowed_by)
    if shop.merged_into_id is not None:
        raise Refused("merged", _("Another entry stands for this shop. Please write the event there."))
    if act.kind in FACTS:
        if RegisterChange.objects.filter(shop=shop, name=FACTS[ByHand(act.kind)], at__gt=act.asked_at).exists():
            sentence = _("The register has changed since this was proposed. Please refuse the proposal and write a new one.")
            raise Refused("changed_meanwhile", sentence)
        before = {name: getattr(shop, name) for name in act.after}
        change = FactChange(FACTS[ByHand(act.kind)], act.after, before, act.after)
        changed = change_register(shop=shop, changes=[change], source=act.key, actor=actor, on=act.on)
    else:
        changed = SERVICES[act.kind](shop=shop, source=act.key, actor=actor, on=act.on)
    enqueue("shops.tell_holders", key=act.key, shop_id=shop.pk, source=act.key)
    return changed


@transaction.atomic
def refuse(*, proposal: EventProposal, refused_by: User) -> None:
    """Refuse a proposal, as its clerk or as a keeper. Raises NotPermitted, Refused: done."""
    act = mark_refused(proposal, refused_by)
    record("shop.event_refused", subject=act.shop.key, actor=Actor(KEEPER, refused_by.key), data={"proposal": act.key, "kind": act.kind})


def _check_state(shop: Shop, kind: str, on: dt.date) -> None:
    """Refuse at once what the event's service would refuse."""
    if kind == ByHand.REOPENED and shop.closed_on is None:
        raise Refused("not_closed", _("This shop is open."))
    if kind in SERVICES and kind != ByHand.REOPENED and shop.closed_on is not None:
        raise Refused("closed_already", _("This shop is closed."))
    if kind == ByHand.SUSPENDED and shop.suspended_on is not None:
        raise Refused("suspended_already", _("This shop is suspended already."))
    if kind == ByHand.RESUMED and shop.suspended_on is None:
        raise Refused("not_suspended", _("This shop is not suspended."))
    if kind in (ByHand.REOPENED, ByHand.RESUMED):
        events.refuse_too_early(on, shop.closed_on or shop.suspended_on)
