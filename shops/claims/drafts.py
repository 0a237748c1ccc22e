"""The drafts of claims."""

from __future__ import annotations

from municipality.drafts.models import Draft
from municipality.drafts.registry import DraftKind
from municipality.kernel import subjects
from shops.models import Shop


def _title(draft: Draft) -> tuple[str, str]:
    shop = Shop.objects.get(public_id=subjects.parse(draft.subject).id)
    return f"المطالبة بمحل {shop.name_ar}", f"Claim of a shop, {shop.name_en or shop.name_ar}"


CLAIM_DRAFT = DraftKind(title=_title, path=lambda draft: f"/claims/{draft.public_id}/")
