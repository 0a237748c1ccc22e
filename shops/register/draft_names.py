"""The names of the shops that drafts are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db.models import Q, QuerySet

from municipality.accounts.queries import organisations_signed_by
from municipality.drafts.models import Draft
from municipality.kernel import subjects
from shops.models import Shop


def held_shop_names(drafts: Sequence[Draft]) -> Mapping[int, tuple[str, str]]:
    """As `shop_names`, without the drafts about shops that their person does not hold any more; one statement for each person."""
    people = {draft.person for draft in drafts}
    named: dict[int, tuple[str, str]] = {}
    for person in people:
        held = Q(owner=person) | Q(organisation__in=organisations_signed_by(person))
        named |= _names([draft for draft in drafts if draft.person == person], Shop.objects.filter(held, merged_into=None))
    return named


def shop_names(drafts: Sequence[Draft]) -> Mapping[int, tuple[str, str]]:
    """The Arabic and the English name of the shop of each draft, by the primary key of the draft; one statement."""
    return _names(drafts, Shop.objects.all())


def _names(drafts: Sequence[Draft], shops: QuerySet[Shop]) -> dict[int, tuple[str, str]]:
    ids = {draft.pk: subjects.parse(draft.subject).id for draft in drafts}
    rows = shops.filter(public_id__in=set(ids.values())).values_list("public_id", "name_ar", "name_en")
    names = {public_id: (name_ar, name_en or name_ar) for public_id, name_ar, name_en in rows}
    return {key: names[public_id] for key, public_id in ids.items() if public_id in names}
