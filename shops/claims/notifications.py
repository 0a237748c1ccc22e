"""Messages about claims of shops; their texts are in templates/shops/messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from municipality.notifications.legal import LAPSED
from municipality.notifications.registry import SAMPLE_DAY, MessageKind


class _AboutClaim(MessageKind):
    samples: ClassVar[Mapping[str, Any]] = {"due_on": SAMPLE_DAY, "until": SAMPLE_DAY}
    page = "/cases/{case.public_id}/"


class ClaimSent(_AboutClaim):
    """To the claimant: an officer reviews the claim."""

    kind = "shops.claim_sent"


class ClaimGranted(_AboutClaim):
    """To the claimant: a matched claim was not disputed in time."""

    kind = "shops.claim_granted"


class ClaimApproved(_AboutClaim):
    """To the claimant: two people approved the claim. `note` is the officer's and may be empty."""

    kind = "shops.claim_approved"


class ClaimLapsed(_AboutClaim):
    """To the claimant: closed, because the corrections were not answered in time."""

    kind = "shops.claim_lapsed"
    legal = LAPSED


class ClaimRefusalReady(_AboutClaim):
    """To the claimant: the sealed refusal can be downloaded."""

    kind = "shops.claim_refusal_ready"


class ShopClaimed(_AboutClaim):
    """To the current holder: the shop is claimed, and until when to dispute that."""

    kind = "shops.shop_claimed"
    legal = _("claims to your shop")
    page = "/claims/{case.public_id}/dispute/"


class ClaimCorrected(_AboutClaim):
    """To the holder, who has not disputed: the claimant sent corrections. `until` is their last day to answer, unless it has passed."""

    kind = "shops.claim_corrected"
    legal = _("claims to your shop")
    page = "/claims/{case.public_id}/dispute/"


class ClaimDisputed(_AboutClaim):
    """To both: the claim is disputed and an officer decides."""

    kind = "shops.claim_disputed"
    page = "/my-shops/"


class ClaimDecided(_AboutClaim):
    """To the holder: the decision."""

    kind = "shops.claim_decided"
    page = "/my-shops/"
