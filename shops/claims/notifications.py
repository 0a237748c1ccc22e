"""Messages about claims of shops; the words are in templates/shops/messages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar

from municipality.notifications.registry import MessageKind

_DAY = dt.date(2027, 11, 24)


class _AboutClaim(MessageKind):
    samples: ClassVar[Mapping[str, Any]] = {"due_on": _DAY, "until": _DAY}

    def path(self, context: Mapping[str, Any]) -> str:
        return f"/cases/{context['case'].public_id}/"


class ClaimSent(_AboutClaim):
    """To the claimant: an officer studies it."""

    kind = "shops.claim_sent"


class ClaimGranted(_AboutClaim):
    """To the claimant: nobody disputed a claim that the register matched."""

    kind = "shops.claim_granted"


class ClaimRefusalReady(_AboutClaim):
    """To the claimant: the sealed refusal with its reason and the way to object can be downloaded."""

    kind = "shops.claim_refusal_ready"


class ShopClaimed(_AboutClaim):
    """To the present holder: somebody claims the shop, and how to dispute it."""

    kind = "shops.shop_claimed"

    def path(self, context: Mapping[str, Any]) -> str:
        return f"/claims/{context['case'].public_id}/dispute/"


class ClaimDisputed(_AboutClaim):
    """To both: the claim is frozen and an officer decides."""

    kind = "shops.claim_disputed"

    def path(self, context: Mapping[str, Any]) -> str:
        return "/my-shops/"


class ClaimDecided(_AboutClaim):
    """To the holder: how it ended."""

    kind = "shops.claim_decided"

    def path(self, context: Mapping[str, Any]) -> str:
        return "/my-shops/"
