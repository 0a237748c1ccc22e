"""The common part of merges and events by hand: a clerk proposes, a keeper allows; the clerk or a keeper may refuse."""

from __future__ import annotations

from typing import TypeVar

from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import require_group
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from shops.models.office import OPEN, EventProposal, ShopMerge
from shops.register.roles import CLERK, KEEPER

MIN_REASON = 10  # characters
P = TypeVar("P", EventProposal, ShopMerge)


def check_reason(note_ar: str) -> None:
    """Raises Refused("no_reason") for a reason that is too short."""
    if len(note_ar.strip()) < MIN_REASON:
        raise Refused("no_reason", _("Please write the reason, in a sentence that others can check."))


def check_none_open(model: type[EventProposal] | type[ShopMerge], shop_pk: int) -> None:
    """Raises Refused("asked_already") if a proposal of this kind about the shop is open."""
    if model._default_manager.filter(OPEN, shop=shop_pk).exists():
        raise Refused("asked_already", _("A proposal about this shop waits for a second person already."))


def lock_to_allow(proposal: P, by: User) -> P:
    """The open proposal, locked. Raises NotPermitted (role, same person), Refused("done")."""
    require_group(by, KEEPER)
    row = _lock(proposal)
    if row.asked_by_id == by.pk:
        raise NotPermitted("same_person", _("The person who proposed it cannot confirm it. A second person must."))
    return row


def mark_allowed(proposal: P, by: User) -> None:
    type(proposal)._default_manager.filter(pk=proposal.pk).update(allowed_by=by, allowed_at=clock.now())


def mark_refused(proposal: P, by: User) -> P:
    """Refuse an open proposal. Raises NotPermitted, Refused("done")."""
    row = _lock(proposal)
    require_group(by, *((CLERK, KEEPER) if row.asked_by_id == by.pk else (KEEPER,)))
    type(proposal)._default_manager.filter(pk=row.pk).update(refused_by=by, refused_at=clock.now())
    return row


def _lock(proposal: P) -> P:
    row = type(proposal)._default_manager.select_for_update(of=("self",)).select_related("shop", "asked_by").get(pk=proposal.pk)
    if row.allowed_at is not None or row.refused_at is not None:
        raise Refused("done", _("This has already been decided."))
    return row
