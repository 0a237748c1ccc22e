"""Two rows that are one shop: a clerk proposes it, a keeper confirms it, and the same two undo it by another act.

The row that is merged stays with all that hangs on it; the other stands for both: it is found by the names and numbers of both, and the
page of the first leads to it. Nothing that is open may hang on the first, so that nobody's matter changes hands by it.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import NotPermitted, Refused
from shops.models import Correction, EventKind, LicenceState, Reply, Shop
from shops.models.office import MergeKind, ShopMerge
from shops.register.events import record_event
from shops.register.roles import CLERK, KEEPER, require_group
from shops.registry import OPEN_MATTERS, licences_of
from shops.search import index

LEAST = 10  # letters of a reason


def obstacles(shop: Shop) -> list[Any]:
    """Why a shop cannot be merged away now, as sentences: what is open must end first."""
    found: list[Any] = []
    asked = [rows.filter(shop=shop).values("case") for rows in (Correction.objects, Reply.objects)]
    if Case.objects.filter(Q(subject=shop.key) | Q(pk__in=asked[0]) | Q(pk__in=asked[1]), is_open=True).exists():
        found.append(_("A request about the shop to be merged is open. It is decided first."))
    licence = licences_of([shop.pk]).get(shop.pk)
    if licence and licence.state in (LicenceState.ACTIVE, LicenceState.SUSPENDED) and (licence.end is None or licence.end >= clock.today()):
        found.append(_("The shop to be merged holds a health licence that has not ended. Merge the other one into it instead."))
    for ask in OPEN_MATTERS.values():
        found += ask(shop)
    return found


@transaction.atomic
def propose(*, shop: Shop, into: Shop, note_ar: str, asked_by: Any) -> ShopMerge:
    """Propose that `shop` is the same as `into`, which stands for both. It waits for a second person.

    Raises NotPermitted, Refused: no_reason, same_shop, merged_already, stands_for_others, asked_already, open_matters.
    """
    require_group(asked_by, CLERK)
    _reason(note_ar)
    row, other = _locked(shop, into)
    _mergeable(row, other)
    return _asked(MergeKind.MERGE, row, other, note_ar, asked_by)


@transaction.atomic
def propose_split(*, shop: Shop, note_ar: str, asked_by: Any) -> ShopMerge:
    """Propose that a merged shop is one of its own after all. Raises NotPermitted, Refused: no_reason, not_merged, asked_already."""
    require_group(asked_by, CLERK)
    _reason(note_ar)
    row = Shop.objects.select_for_update(of=("self",)).select_related("merged_into").get(pk=shop.pk)
    if row.merged_into is None:
        raise Refused("not_merged", _("This shop stands for itself."))
    return _asked(MergeKind.SPLIT, row, row.merged_into, note_ar, asked_by)


@transaction.atomic
def allow(*, merge: ShopMerge, allowed_by: Any) -> ShopMerge:
    """The second person confirms; at once the other shop stands for both, or each for itself again.

    Raises NotPermitted (role, same person), Refused: done and what `propose` raises.
    """
    require_group(allowed_by, KEEPER)
    act = _open(merge)
    if act.asked_by_id == allowed_by.pk:
        raise NotPermitted("same_person", _("Whoever proposed it cannot confirm it. A second person does."))
    row, other = _locked(act.shop, act.into)
    merges = act.kind == MergeKind.MERGE
    if merges:
        _mergeable(row, other)
    elif row.merged_into_id != other.pk:
        raise Refused("not_merged", _("This shop stands for itself."))
    ShopMerge.objects.filter(pk=act.pk).update(allowed_by=allowed_by, allowed_at=clock.now())
    Shop.objects.filter(pk=row.pk).update(merged_into=other if merges else None)
    actor, kind = Actor(KEEPER, allowed_by.key), EventKind.MERGED if merges else EventKind.SPLIT
    for one, another in ((row, other), (other, row)):
        data = {"with": another.public_id, "names": [another.name_ar, another.name_en], "stays": one.pk == other.pk or not merges}
        record_event(one, kind, source=act.key, actor=actor, data=data)
    data = {"shop": row.key, "into": other.key, "asked_by": act.asked_by.key}
    record(f"shop.{kind.value}", subject=row.key, actor=actor, data=data | {"merge": act.key}, text=act.note_ar)
    index.refresh([row.pk, other.pk])
    return ShopMerge.objects.get(pk=act.pk)


@transaction.atomic
def refuse(*, merge: ShopMerge, refused_by: Any) -> None:
    """Drop a proposal: by whoever made it, or by the second person. Raises NotPermitted, Refused: done."""
    act = _open(merge)
    require_group(refused_by, *((CLERK, KEEPER) if act.asked_by_id == refused_by.pk else (KEEPER,)))
    ShopMerge.objects.filter(pk=act.pk).update(refused_by=refused_by, refused_at=clock.now())
    record("shop.merge_refused", subject=act.shop.key, actor=Actor(KEEPER, refused_by.key), data={"merge": act.key, "into": act.into.key})


def _asked(kind: MergeKind, row: Shop, other: Shop, note_ar: str, asked_by: Any) -> ShopMerge:
    if ShopMerge.objects.filter(shop=row, allowed_at__isnull=True, refused_at__isnull=True).exists():
        raise Refused("asked_already", _("A proposal about this shop waits for a second person already."))
    act = ShopMerge.objects.create(kind=kind, shop=row, into=other, note_ar=note_ar.strip()[:500], asked_by=asked_by, asked_at=clock.now())
    data = {"merge": act.key, "kind": kind.value, "into": other.key}
    record("shop.merge_asked", subject=row.key, actor=Actor(CLERK, asked_by.key), data=data, text=act.note_ar)
    return act


def _reason(note_ar: str) -> None:
    if len(note_ar.strip()) < LEAST:
        raise Refused("no_reason", _("Please write the reason, in a sentence that others can check."))


def _locked(shop: Shop, into: Shop) -> tuple[Shop, Shop]:
    """Both rows, locked in the order of their keys."""
    rows = {row.pk: row for row in Shop.objects.select_for_update().filter(pk__in=[shop.pk, into.pk]).order_by("pk")}
    return rows[shop.pk], rows[into.pk]


def _mergeable(row: Shop, other: Shop) -> None:
    if row.pk == other.pk:
        raise Refused("same_shop", _("These are the same entry. Please give the numbers of two."))
    if row.merged_into_id is not None or other.merged_into_id is not None:
        raise Refused("merged_already", _("One of the two was merged already. Please take the shop that stands for it."))
    if Shop.objects.filter(merged_into=row).exists():
        raise Refused("stands_for_others", _("The shop to be merged stands for others already. Merge the other one into it instead."))
    if found := obstacles(row):
        raise Refused("open_matters", found[0])


def _open(merge: ShopMerge) -> ShopMerge:
    act = ShopMerge.objects.select_for_update(of=("self",)).select_related("shop", "into", "asked_by").get(pk=merge.pk)
    if act.allowed_at is not None or act.refused_at is not None:
        raise Refused("done", _("This was decided already."))
    return act
