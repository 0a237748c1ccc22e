"""Events by hand: a clerk proposes with reason and reference, a keeper confirms, and only then the register changes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from shops.models import Shop
from shops.models.office import ByHand, EventProposal
from shops.register import events
from shops.register.roles import CLERK, KEEPER, require_group
from shops.register.services import FactChange, change_register

VERBS: dict[str, Callable[..., Shop]] = {
    ByHand.SUSPENDED: events.suspend,
    ByHand.RESUMED: events.resume,
    ByHand.CLOSED: events.close,
    ByHand.REOPENED: events.reopen,
}
# The fact that a changing event writes, and its columns.
FACTS = {ByHand.RENAMED: "trade_name", ByHand.MOVED: "address"}
COLUMNS: dict[str, tuple[str, ...]] = {
    ByHand.RENAMED: ("name_ar", "name_en"),
    ByHand.MOVED: ("area_id", "branch_id", "block", "street", "building", "plot", "floor", "unit", "paci_number"),
}
LEAST = 10  # letters of a reason


@transaction.atomic
def propose(
    *, shop: Shop, kind: str, on: dt.date, note_ar: str, reference: str, asked_by: Any, after: Mapping[str, Any] | None = None
) -> EventProposal:
    """Propose an event. It waits for a second person.

    Raises NotPermitted, Refused: unknown_kind, no_reason, no_reference, future, nothing_new, merged, asked_already.
    """
    require_group(asked_by, CLERK)
    if kind not in ByHand.values:
        raise Refused("unknown_kind", _("Please choose what happened to the shop."))
    if len(note_ar.strip()) < LEAST:
        raise Refused("no_reason", _("Please write the reason, in a sentence that others can check."))
    if not reference.strip():
        raise Refused("no_reference", _("Please write the number of the letter or decision on which this stands."))
    if on > clock.today():
        raise Refused("future", _("This day lies ahead. Please write the day on which it happened."))
    row = Shop.objects.select_for_update().get(pk=shop.pk)
    if row.merged_into_id is not None:
        raise Refused("merged", _("Another entry stands for this shop. Please write the event there."))
    given = {name: value for name, value in (after or {}).items() if name in COLUMNS.get(kind, ()) and getattr(row, name) != value}
    if kind in FACTS and not given:
        raise Refused("nothing_new", _("This is what the register says already. Please write what is new."))
    _fits(row, kind)
    if EventProposal.objects.filter(shop=row, allowed_at__isnull=True, refused_at__isnull=True).exists():
        raise Refused("asked_already", _("A proposal about this shop waits for a second person already."))
    act = EventProposal.objects.create(
        shop=row,
        kind=kind,
        on=on,
        after=given,
        note_ar=note_ar.strip()[:500],
        reference=reference.strip()[:60],
        asked_by=asked_by,
        asked_at=clock.now(),
    )
    data = {"proposal": act.key, "kind": kind, "on": on.isoformat()}
    record("shop.event_asked", subject=row.key, actor=Actor(CLERK, asked_by.key), data=data, text=f"{act.note_ar} ({act.reference})")
    return act


@transaction.atomic
def allow(*, proposal: EventProposal, allowed_by: Any) -> Shop:
    """The second person confirms, and the register changes. Raises NotPermitted (role, same person), Refused: done, or as the act."""
    require_group(allowed_by, KEEPER)
    act = _open(proposal)
    if act.asked_by_id == allowed_by.pk:
        raise NotPermitted("same_person", _("Whoever proposed it cannot confirm it. A second person does."))
    shop, actor = act.shop, Actor(KEEPER, allowed_by.key)
    EventProposal.objects.filter(pk=act.pk).update(allowed_by=allowed_by, allowed_at=clock.now())
    if shop.merged_into_id is not None:
        raise Refused("merged", _("Another entry stands for this shop. Please write the event there."))
    if act.kind in FACTS:
        before = {name: getattr(shop, name) for name in act.after}
        change = FactChange(FACTS[ByHand(act.kind)], act.after, before, act.after)
        return change_register(shop=shop, changes=[change], source=act.key, actor=actor)
    return VERBS[act.kind](shop=shop, source=act.key, actor=actor, on=act.on)


@transaction.atomic
def refuse(*, proposal: EventProposal, refused_by: Any) -> None:
    """Drop a proposal: by whoever made it, or by the second person. Raises NotPermitted, Refused: done."""
    act = _open(proposal)
    require_group(refused_by, *((CLERK, KEEPER) if act.asked_by_id == refused_by.pk else (KEEPER,)))
    EventProposal.objects.filter(pk=act.pk).update(refused_by=refused_by, refused_at=clock.now())
    record("shop.event_refused", subject=act.shop.key, actor=Actor(KEEPER, refused_by.key), data={"proposal": act.key, "kind": act.kind})


def _fits(shop: Shop, kind: str) -> None:
    """Refuse at once what the act itself would refuse at its end."""
    if kind == ByHand.REOPENED and shop.closed_on is None:
        raise Refused("not_closed", _("This shop is open."))
    if kind in VERBS and kind != ByHand.REOPENED and shop.closed_on is not None:
        raise Refused("closed_already", _("This shop is closed."))
    if kind == ByHand.SUSPENDED and shop.suspended_on is not None:
        raise Refused("suspended_already", _("This shop is suspended already."))
    if kind == ByHand.RESUMED and shop.suspended_on is None:
        raise Refused("not_suspended", _("This shop is not suspended."))


def _open(proposal: EventProposal) -> EventProposal:
    rows = EventProposal.objects.select_for_update(of=("self",)).select_related("shop", "asked_by")
    act = rows.get(pk=proposal.pk)
    if act.allowed_at is not None or act.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    return act
