"""The names of the shops that drafts are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from municipality.drafts.models import Draft
from municipality.kernel import subjects
from shops.models import Shop


def shop_names(drafts: Sequence[Draft]) -> Mapping[int, tuple[str, str]]:
    """The Arabic and the English name of the shop of each draft, by the primary key of the draft; one statement."""
    ids = {draft.pk: subjects.parse(draft.subject).id for draft in drafts}
    rows = Shop.objects.filter(public_id__in=set(ids.values())).values_list("public_id", "name_ar", "name_en")
    names = {public_id: (name_ar, name_en or name_ar) for public_id, name_ar, name_en in rows}
    return {key: names[public_id] for key, public_id in ids.items()}
