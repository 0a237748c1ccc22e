"""Queries of the register."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from math import cos, radians, sqrt
from typing import Any

from django.db.models import ExpressionWrapper, F, FloatField, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.accounts.queries import may_sign, signatories_of, signatures, signatures_of, was_signatory
from municipality.accounts.requests import Visitor
from municipality.delegation import queries as delegation
from municipality.delegation.queries import Grant
from municipality.delegation.registry import Held, Ownership
from municipality.kernel import clock, subjects
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.subjects import SubjectKey
from municipality.places.models import Area
from municipality.review import registry
from municipality.rulebook.models import Activity
from shops.models import Claim, RegisterChange, Shop
from shops.register import name_lists


def held_by(person: User, on: dt.date | None = None, *, or_merged: bool = False) -> QuerySet[Shop]:
    """The shops that a person owns or signs for on a day (default: today), without delegations; `or_merged`: also entries merged away."""
    own = Shop.objects.filter(owner=person)
    if may_sign(person):  # a union of two indexed queries; OR would scan all shops
        signed = Shop.objects.filter(organisation__in=signatures(person, on).values("organisation"))
        own = Shop.objects.filter(pk__in=own.values("pk").union(signed.values("pk")))
    return own if or_merged else own.filter(merged_into__isnull=True)


MAX_LISTED = 200  # organisations with more use pages by area


def listed_shops(user: User) -> list[Shop]:
    """The first MAX_LISTED shops of `visible_to`, and one more if there are more, with area, activity and organisation."""
    shops = list(visible_to(user).select_related("organisation").order_by("pk")[: MAX_LISTED + 1])
    name_lists.attach_names(shops)
    return shops


def visible_to(user: Visitor, service: str = "") -> QuerySet[Shop]:
    """The shops that a user owns or signs for today, or is granted; with `service`, only grants for that service count.

    Staff see the shops of the person whom they assist. A grant reaches no further than its giver's own shops.
    """
    if not user.is_authenticated:
        return Shop.objects.none()
    grants = delegation.grants(user, service)
    if not grants:
        return Shop.objects.none() if user.is_staff else held_by(user)
    lists = [] if user.is_staff else [held_by(user).values("pk")]
    lists += [shops_of_grant(grant).values("pk") for grant in grants]
    return Shop.objects.filter(pk__in=lists[0].union(*lists[1:]) if len(lists) > 1 else lists[0])


def shops_of_grant(grant: Grant) -> QuerySet[Shop]:
    """The shops of a grant: those of its giver that it names."""
    shops = held_by(grant.giver)
    if grant.is_whole_organisation:
        return shops.filter(organisation=grant.organisation_id)
    return shops.filter(public_id=grant.subject.partition(":")[2]) if grant.subject else shops


def owners(shop: Shop) -> list[User]:
    """Its owner, or all who sign for its organisation today."""
    if shop.owner is not None:
        return [shop.owner]
    return list(signatories_of(shop.organisation))


def is_of_holder(shop: Shop, person: User, organisation_id: int | None = None) -> bool:
    """Whether a person is its owner, or signs for its organisation or did: what they asked for it outlasts their signature.

    What was asked for an organisation is of the holder as long as the shop is that organisation's.
    """
    if organisation_id is not None:
        return shop.organisation_id == organisation_id
    return shop.owner_id == person.pk if shop.owner_id is not None else was_signatory(person, shop.organisation_id)


def ownership(shop: Shop, user: User) -> Ownership:
    """A shop belongs to its owner, or to all who sign for its organisation today."""
    owners = [shop.owner_id] if shop.owner_id is not None else [person.pk for person in signatories_of(shop.organisation)]
    return Ownership(user.pk in owners, owners, [shop.key])


def passed_at(shop: Shop, before: dt.datetime) -> dt.datetime | None:
    """When a shop last passed to another holder before an instant; None where it did not.

    A claim that was granted does not count: it says who held the shop all along.
    """
    rows = RegisterChange.objects.filter(shop=shop, name="owner", at__lte=before).order_by("-at", "-pk")
    changes = list(rows.values_list("at", "source"))
    claims = {f"case:{one}" for one in Claim.objects.filter(shop=shop).values_list("case__public_id", flat=True)} if changes else set()
    return next((at for at, source in changes if ":".join(source.split(":")[:2]) not in claims), None)


NAMED = ("activity", "area", "branch", "owner", "organisation")


def with_names(shops: QuerySet[Shop]) -> QuerySet[Shop]:
    """With the rows that a page displays of each shop."""
    return shops.select_related(*NAMED)


def attach_names(shops: Iterable[Shop]) -> None:
    """Set the area and activity of each shop from the cache, where a join costs more."""
    name_lists.attach_names(shops)


def cached_names() -> tuple[dict[int, Area], dict[str, Activity]]:
    """Areas by primary key and activities by code, from the same cache; a row that is not there yet has to be read."""
    return name_lists.cached_lists()


def public_shop(public_id: str, *joined: str) -> Shop | None:
    """Any shop by its public id, for the public; without its holder. For a merged one the shop that it was merged into.

    `joined` names the relations to read with it, in place of those that its page displays.
    """
    related = joined or ("activity", "area__governorate", "hours")
    rows = Shop.objects.select_related(*related, *(f"merged_into__{name}" for name in related))
    row = rows.filter(public_id=public_id).first()
    return row.merged_into or row if row is not None else None


def open_shops() -> QuerySet[Shop]:
    """Shops that are neither closed nor merged into another, for the public; without their holders."""
    return Shop.objects.filter(Q(closed_on__isnull=True) | Q(closed_on__gt=clock.today()), merged_into__isnull=True)


_METRES = 111_195  # of one degree of latitude


def near(latitude: float, longitude: float, *, metres: int, limit: int, among: QuerySet[Shop] | None = None) -> list[tuple[Shop, int]]:
    """The shops around a point (WGS 84), nearest first, with their distance in metres; those `among` some, or all that are
    neither merged nor closed.

    A bounding box for the index, then the distance on a plane: at this size it differs from that on the globe by centimetres.
    """
    north = metres / _METRES
    east_metres = _METRES * cos(radians(latitude))
    east = metres / east_metres
    rows = (open_shops() if among is None else among).filter(
        latitude__range=(latitude - north, latitude + north),
        longitude__range=(longitude - east, longitude + east),
    )
    to_north = (F("latitude") - Value(latitude)) * Value(float(_METRES))
    to_east = (F("longitude") - Value(longitude)) * Value(east_metres)
    rows = rows.annotate(square=ExpressionWrapper(to_north * to_north + to_east * to_east, output_field=FloatField()))
    found = rows.filter(square__lte=float(metres) ** 2).select_related("activity", "area").order_by("square", "pk")[:limit]
    return [(shop, round(sqrt(shop.square))) for shop in found]


def refuse_merged(shop: Shop) -> None:
    """Raises Refused("merged") for a shop that was merged into another one; call it on a locked row."""
    if shop.merged_into_id is not None:
        raise Refused("merged", _("This entry was found to be the same shop as another one. Look the shop up by its number again."))


def require_holder(shop: Shop, person: User) -> None:
    """Raises NotPermitted("other_holder") where a person does not hold the shop any more; call it on a locked row."""
    if person not in owners(shop):
        raise NotPermitted("other_holder", _("This shop has another holder by now. Nothing was sent."))


def by_licence(numbers: Iterable[str], *joined: str) -> dict[str, Shop]:
    """The shop of each commercial licence number; for a merged one the shop that it was merged into."""
    shops = Shop.objects.select_related(*joined) if joined else Shop.objects.all()
    by_number = {row.commercial_license_no: row for row in shops.filter(commercial_license_no__in=set(numbers))}
    merged_into = {row.merged_into_id for row in by_number.values() if row.merged_into_id is not None}
    if merged_into:
        targets = shops.in_bulk(merged_into)
        by_number = {number: targets[row.merged_into_id] if row.merged_into_id else row for number, row in by_number.items()}
    return by_number


def key_by_licence(number: str) -> str:
    """The key of the shop with a commercial licence number; empty for none."""
    row = by_licence([number]).get(number)
    return row.key if row is not None else ""


# --- Registered with municipality.delegation -------------------------------------------------------------------------------


def held(pairs: Collection[tuple[int, str]]) -> dict[tuple[int, str], Held]:
    """How people hold shops: those (primary key, public id) of `pairs` who own them, or sign for their organisations today."""
    asked = {public_id for _person, public_id in pairs}
    rows = {row.public_id: row for row in Shop.objects.filter(public_id__in=asked, merged_into=None).select_related("organisation")}
    organisations = {row.organisation_id for row in rows.values() if row.organisation_id is not None}
    valid = signatures_of({person for person, _public_id in pairs}).filter(organisation__in=organisations)
    signed = set(valid.values_list("person", "organisation")) if organisations else set()
    shops = ((person, rows[public_id]) for person, public_id in pairs if public_id in rows)
    return {
        (person, shop.public_id): Held(shop.organisation)
        for person, shop in shops
        if shop.owner_id == person or (person, shop.organisation_id) in signed
    }


def holdings(person: User) -> dict[str, tuple[str, str]]:
    """The names of the shops that a person owns or signs for, by key; at most 200."""
    return {shop.key: (shop.name_ar, shop.name_en) for shop in held_by(person).order_by("pk")[:200]}


def of_organisations(organisations: Sequence[int]) -> QuerySet[Any]:
    """The subject keys of all shops of some organisations, as a query."""
    return _keys(Shop.objects.filter(organisation__in=organisations))


def _keys(rows: QuerySet[Shop]) -> QuerySet[Any]:
    return rows.annotate(subject_key=Concat(Value(str(SubjectKey("shop", "x"))[:-1]), F("public_id"))).values_list("subject_key", flat=True)


def place_of(subject: str) -> QuerySet[Any]:
    """The place of a shop by its subject key, as `municipality.review.registry.OnPlot` asks for it."""
    return Shop.objects.filter(public_id=subjects.parse(subject).id)


def on_plot(place: QuerySet[Any]) -> list[QuerySet[Any]]:
    """Queries of the subject keys of the shops on the plot of a place, in its building where no plot is registered, or at its address."""
    at_address = Q(paci_number__in=place.values("paci_number"))
    return [_keys(Shop.objects.filter(there)) for there in (registry.of_plot_or_building(place), at_address)]


def names(keys: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Arabic and English name of each shop among the keys."""
    ids = [key.partition(":")[2] for key in keys if key.startswith("shop:")]
    return {row.key: (row.name_ar, row.name_en) for row in Shop.objects.filter(public_id__in=ids)} if ids else {}
