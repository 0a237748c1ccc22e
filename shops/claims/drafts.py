"""The drafts of claims."""

from __future__ import annotations

from municipality.drafts.registry import DraftKind
from shops.register.draft_names import shop_names

CLAIM_DRAFT = DraftKind(("المطالبة بمحل", "Claim of a shop"), shop_names, lambda draft: f"/claims/{draft.public_id}/")
