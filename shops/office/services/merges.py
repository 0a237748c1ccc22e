"""Merging two shops: a clerk proposes, a keeper allows; a split reverses it in the same way.

The merged shop keeps its rows. The other one is found by the names and numbers of both, and the page of the merged one redirects to
it. Shops with open matters are not merged.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.audit.services import record
from municipality.cases.models import Block, Case
from municipality.delegation.services.delegations import end_offers
from municipality.jobs.services import enqueue, enqueue_all
from municipality.kernel import clock
from municipality.kernel.actors import Actor
from municipality.kernel.errors import Refused
from municipality.notifications.texts import Bilingual
from shops.models import Correction, EventKind, LicenceState, Reply, Shop
from shops.models.office import OPEN, EventProposal, MergeKind, ShopMerge
from shops.office.services.proposals import check_none_open, check_reason, lock_to_allow, mark_allowed, mark_refused
from shops.register.events import record_event
from shops.register.roles import CLERK, KEEPER
from shops.registry import OPEN_MATTERS, licences_of
from shops.search import index

MERGED = Bilingual("دُمج المحل في محل آخر في السجل", "the shop was merged into another one in the register")


def obstacles(shop: Shop) -> list[Any]:
    """Why a shop cannot be merged now, as texts about its open matters."""
    texts: list[Any] = []
    case_pks = [rows.filter(shop=shop).values("case") for rows in (Correction.objects, Reply.objects)]
    if Case.objects.filter(Q(subject=shop.key) | Q(pk__in=case_pks[0]) | Q(pk__in=case_pks[1]), is_open=True).exists():
        texts.append(_("A request about the shop to be merged is open. It is decided first."))
    licence = licences_of([shop.pk]).get(shop.pk)
    if licence and licence.state in (LicenceState.ACTIVE, LicenceState.SUSPENDED) and (licence.end is None or licence.end >= clock.today()):
        texts.append(_("The shop to be merged holds a health licence that has not ended. Merge the other one into it instead."))
    if Block.objects.filter(subject=shop.key, lifted_at__isnull=True).exists():
        texts.append(_("Services of the shop to be merged are blocked. The reason is settled first."))
    if EventProposal.objects.filter(OPEN, shop=shop).exists():
        texts.append(_("An event of the shop to be merged is proposed. It is confirmed or refused first."))
    for open_matters in OPEN_MATTERS.values():
        texts += open_matters(shop)
    return texts


@transaction.atomic
def propose(*, shop: Shop, into: Shop, note_ar: str, asked_by: User) -> ShopMerge:
    """Propose to merge `shop` into `into`, for a second person to allow.

    Raises NotPermitted, Refused: no_reason, same_shop, merged_already, stands_for_others, asked_already, open_matters.
    """
    require_group(asked_by, CLERK)
    check_reason(note_ar)
    row, other = _locked(shop, into)
    _check_mergeable(row, other)
    return _propose(MergeKind.MERGE, row, other, note_ar, asked_by)


@transaction.atomic
def propose_split(*, shop: Shop, note_ar: str, asked_by: User) -> ShopMerge:
    """Propose to split a merged shop off again. Raises NotPermitted, Refused: no_reason, not_merged, asked_already."""
    require_group(asked_by, CLERK)
    check_reason(note_ar)
    row = Shop.objects.select_for_update(of=("self",)).select_related("merged_into").get(pk=shop.pk)
    if row.merged_into is None:
        raise Refused("not_merged", _("This shop stands for itself."))
    return _propose(MergeKind.SPLIT, row, row.merged_into, note_ar, asked_by)


@transaction.atomic
def allow(*, merge: ShopMerge, allowed_by: User) -> ShopMerge:
    """Allow a merge or split, write the register and tell the holders; delegations offered for a merged shop and not accepted end.

    Raises NotPermitted (role, same person), Refused: done, or as `propose`.
    """
    act = lock_to_allow(merge, allowed_by)
    row, other = _locked(act.shop, act.into)
    is_merge = act.kind == MergeKind.MERGE
    if is_merge:
        _check_mergeable(row, other)
    elif row.merged_into_id != other.pk:
        raise Refused("not_merged", _("This shop stands for itself."))
    mark_allowed(act, allowed_by)
    Shop.objects.filter(pk=row.pk).update(merged_into=other if is_merge else None)
    actor, kind = Actor(KEEPER, allowed_by.key), EventKind.MERGED if is_merge else EventKind.SPLIT
    for subject, counterpart in ((row, other), (other, row)):
        data = {
            "with": counterpart.public_id,
            "names": [counterpart.name_ar, counterpart.name_en],
            "stays": subject.pk == other.pk or not is_merge,
        }
        record_event(subject, kind, source=act.key, actor=actor, data=data)
    data = {"shop": row.key, "into": other.key, "asked_by": act.asked_by.key}
    record(f"shop.{kind.value}", subject=row.key, actor=actor, data=data | {"merge": act.key}, text=act.note_ar)
    if is_merge:
        end_offers(subject=row.key, how=MERGED)
    enqueue_all("shops.tell_holders", {f"{act.key}:{pk}": {"shop_id": pk, "source": act.key} for pk in (row.pk, other.pk)})
    if not is_merge:  # not at once: a delta of the commercial register locks its feed before the shops
        enqueue("shops.commercial_compare", key=act.key, number=row.commercial_license_no)
    index.refresh([row.pk, other.pk])
    return ShopMerge.objects.get(pk=act.pk)


@transaction.atomic
def refuse(*, merge: ShopMerge, refused_by: User) -> None:
    """Refuse a proposal, as its clerk or as a keeper. Raises NotPermitted, Refused: done."""
    act = mark_refused(merge, refused_by)
    record("shop.merge_refused", subject=act.shop.key, actor=Actor(KEEPER, refused_by.key), data={"merge": act.key, "into": act.into.key})


def _propose(kind: MergeKind, row: Shop, other: Shop, note_ar: str, asked_by: User) -> ShopMerge:
    check_none_open(ShopMerge, row.pk)
    act = ShopMerge.objects.create(kind=kind, shop=row, into=other, note_ar=note_ar.strip()[:500], asked_by=asked_by, asked_at=clock.now())
    data = {"merge": act.key, "kind": kind.value, "into": other.key}
    record("shop.merge_asked", subject=row.key, actor=Actor(CLERK, asked_by.key), data=data, text=act.note_ar)
    return act


def _locked(shop: Shop, into: Shop) -> tuple[Shop, Shop]:
    """Both shops, locked in the order of their keys."""
    rows = {row.pk: row for row in Shop.objects.select_for_update().filter(pk__in=[shop.pk, into.pk]).order_by("pk")}
    return rows[shop.pk], rows[into.pk]


def _check_mergeable(row: Shop, other: Shop) -> None:
    if row.pk == other.pk:
        raise Refused("same_shop", _("These are the same entry. Please give the numbers of two."))
    if row.merged_into_id is not None or other.merged_into_id is not None:
        raise Refused("merged_already", _("One of the two was merged already. Please take the shop that stands for it."))
    if Shop.objects.filter(merged_into=row).exists():
        raise Refused("stands_for_others", _("The shop to be merged stands for others already. Merge the other one into it instead."))
    if texts := obstacles(row):
        raise Refused("open_matters", texts[0])
