"""Questions to the register."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import signatories_of, signatures
from municipality.accounts.requests import Visitor
from municipality.delegation import queries as delegation
from municipality.delegation.queries import Grant
from municipality.delegation.registry import Held, Ownership
from municipality.kernel.errors import Refused
from municipality.kernel.subjects import SubjectKey
from shops.models import Shop
from shops.register import name_lists


def held_by(person: User, on: dt.date | None = None) -> QuerySet[Shop]:
    """The shops a person owns or signs for today (or on another day), by their own right."""
    signed = signatures(person, on).values("organisation")
    # Two lists by index, joined: with OR the database would walk through every shop there is.
    own = Shop.objects.filter(owner=person).values("pk")
    held = Shop.objects.filter(pk__in=own.union(Shop.objects.filter(organisation__in=signed).values("pk")))
    return held.filter(merged_into__isnull=True)


LISTED = 200  # an organisation with more pages through them by area, with the register


def listed(user: User) -> list[Shop]:
    """The first LISTED shops of `visible_to`, and one more if there are more, with area, activity and organisation, for a list."""
    found = list(visible_to(user).select_related("organisation").order_by("pk")[: LISTED + 1])
    name_lists.name(found)
    return found


def visible_to(user: Visitor, service: str = "") -> QuerySet[Shop]:
    """The shops a person owns or signs for today, and those in which they act for another; with `service`, those in that service.

    Staff see the shops of the person whom they assist. A right to act reaches no further than the right of whoever gave it.
    """
    if not user.is_authenticated:
        return Shop.objects.none()
    grants = delegation.grants(user, service)
    if not grants:
        return Shop.objects.none() if user.is_staff else held_by(user)
    lists = [] if user.is_staff else [held_by(user).values("pk")]
    lists += [within(grant).values("pk") for grant in grants]
    return Shop.objects.filter(pk__in=lists[0].union(*lists[1:]) if len(lists) > 1 else lists[0])


def within(grant: Grant) -> QuerySet[Shop]:
    """The shops that a right to act reaches: those of its giver's own that it names."""
    shops = held_by(grant.giver)
    if grant.is_whole_organisation:
        return shops.filter(organisation=grant.organisation_id)
    return shops.filter(public_id=grant.subject.partition(":")[2]) if grant.subject else shops


def owners(shop: Shop) -> list[User]:
    """Whoever holds a shop by their own right today: its owner, or all who sign for its organisation."""
    if shop.owner is not None:
        return [shop.owner]
    return list(signatories_of(shop.organisation))


def ownership(shop: Shop, user: User) -> Ownership:
    """A shop is its owner's, or everybody's who signs for its organisation today."""
    owners = [shop.owner_id] if shop.owner_id is not None else [person.pk for person in signatories_of(shop.organisation)]
    return Ownership(user.pk in owners, owners, [shop.key])


NAMED = ("activity", "area", "branch", "owner", "organisation")


def with_names(shops: QuerySet[Shop]) -> QuerySet[Shop]:
    """Joined with what a page shows of each shop."""
    return shops.select_related(*NAMED)


def give_names(shops: Iterable[Shop]) -> None:
    """Give each shop its area and its activity from the cached lists, where a join would cost more than it reads."""
    name_lists.name(shops)


def published(public_id: str) -> Shop | None:
    """Any shop by its public id, for everybody; without its holder. For a merged one the shop that stands for it."""
    shown = ("activity", "area__governorate", "hours")
    rows = Shop.objects.select_related(*shown, *(f"merged_into__{name}" for name in shown))
    row = rows.filter(public_id=public_id).first()
    return row.merged_into or row if row is not None else None


def demand_standing(shop: Shop) -> None:
    """Raises Refused("merged") for an entry that another one stands for; ask it of a row that is locked."""
    if shop.merged_into_id is not None:
        raise Refused("merged", _("This entry was found to be the same shop as another one. Look the shop up by its number again."))


def by_licence(numbers: Iterable[str], *joined: str) -> dict[str, Shop]:
    """The shop behind each commercial licence number: for the number of a merged one the shop that stands for it."""
    shops = Shop.objects.select_related(*joined) if joined else Shop.objects.all()
    found = {row.commercial_license_no: row for row in shops.filter(commercial_license_no__in=set(numbers))}
    standing = {row.merged_into_id for row in found.values() if row.merged_into_id is not None}
    if standing:
        others = shops.in_bulk(standing)
        found = {number: others[row.merged_into_id] if row.merged_into_id else row for number, row in found.items()}
    return found


# --- What the platform asks about shops ------------------------------------------------------------------------------------


def held(person: User, public_id: str) -> Held | None:
    """Whether a person holds a shop by their own right, and for which organisation."""
    shop = held_by(person).filter(public_id=public_id).select_related("organisation").first()
    return Held(shop.organisation) if shop is not None else None


def holdings(person: User) -> dict[str, tuple[str, str]]:
    """The names of the shops that a person holds by their own right, by key; at most 200."""
    return {shop.key: (shop.name_ar, shop.name_en) for shop in held_by(person).order_by("pk")[:200]}


def of_organisations(organisations: Sequence[int]) -> QuerySet[Any]:
    """The subject keys of all shops of some organisations, as a query."""
    rows = Shop.objects.filter(organisation__in=organisations)
    return rows.annotate(subject_key=Concat(Value(str(SubjectKey("shop", "x"))[:-1]), F("public_id"))).values_list("subject_key", flat=True)


def names(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Arabic and English name of each shop among the keys."""
    ids = [key.partition(":")[2] for key in keys if key.startswith("shop:")]
    return {row.key: (row.name_ar, row.name_en) for row in Shop.objects.filter(public_id__in=ids)} if ids else {}
