"""Conflicts of interest of staff with a shop: whose keys count, and the recorded refusal of an act."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.delegation.organisations import key_of as organisation_key
from municipality.kernel.errors import NotPermitted
from municipality.review.models import ConflictOfInterest
from shops.models import Shop
from shops.register.queries import owners

P = ParamSpec("P")
R = TypeVar("R")


def parties_of(shop: Shop) -> list[str]:
    """The keys with which staff who act on a shop must have no conflict of interest: shop, owners, organisation, manager."""
    keys = [shop.key, *(person.key for person in owners(shop))]
    if shop.manager_civil_id_digest:
        keys += [person.key for person in User.objects.filter(civil_id_digest=shop.manager_civil_id_digest)]
    return [*keys, organisation_key(shop.organisation)] if shop.organisation is not None else keys


def is_tied(user: User, shop: Shop | None) -> bool:
    """Whether a user has a conflict of interest with a shop now."""
    return shop is not None and _conflict(user, lambda: parties_of(shop)) is not None


def _conflict(user: User, keys: Callable[[], Sequence[str]]) -> ConflictOfInterest | None:
    declared = list(ConflictOfInterest.objects.filter(officer=user, ended_at__isnull=True))
    parties = set(keys()) if declared else set()
    return next((one for one in declared if one.party_key in parties), None)


def refuse_tied(user: User, subject: str, keys: Callable[[], Sequence[str]]) -> None:
    """Record and refuse an act on a subject by a user with a conflict of interest with one of the keys. Raises NotPermitted("tied").

    Call it outside the transaction that the refusal rolls back.
    """
    conflict = _conflict(user, keys)
    if conflict is None:
        return
    with transaction.atomic():
        data = {"kind": conflict.kind, "party": conflict.party_key}
        record("shop.tied_attempt", subject=subject, actor=actor_of(user), data=data)
    raise NotPermitted("tied", _("You declared a conflict of interest here, so a colleague has to do this. This attempt was recorded."))


def unless_tied(
    user: str, thing: str, parties: Callable[[Any], tuple[str, Callable[[], Sequence[str]]]]
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator of a service, above its transaction: `refuse_tied` by the names of its arguments for the staff and for what it is about.

    `parties` returns, for the latter, the subject of the record and its keys.
    """

    def decorate(service: Callable[P, R]) -> Callable[P, R]:
        @wraps(service)
        def refusing(*args: P.args, **kwargs: P.kwargs) -> R:
            refuse_tied(kwargs[user], *parties(kwargs[thing]))  # type: ignore[arg-type]
            return service(*args, **kwargs)

        return refusing

    return decorate
