"""Whether the commercial register names a claimant as the owner of a shop, and whether that settles their claim."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import Organisation, User
from shops.claims.states import ClaimState
from shops.models import Claim, RegisterChange, RegisteredOwner, Shop

WHY_DOCUMENTS = {
    "newer_holder": _(
        "The commercial register names the claimant, but the shop passed to another holder after its statement. An officer decides by your"
        " documents; the present holder is told and may dispute the claim."
    ),
    "disputed_before": _(
        "An earlier claim by the same claimant was disputed or refused, so the commercial register alone does not settle this one. An"
        " officer decides by your documents; the present holder is told and may dispute the claim."
    ),
}


def matches(claimant: User | Organisation, shop: Shop) -> bool:
    """Whether the commercial register names the claimant as owner of the shop's licence."""
    rows = RegisteredOwner.objects.filter(commercial_license_no=shop.commercial_license_no)
    if isinstance(claimant, User):
        return bool(claimant.civil_id_digest) and rows.filter(owner_digest=claimant.civil_id_digest).exists()
    return bool(claimant.commercial_register_no) and rows.filter(organisation_no=claimant.commercial_register_no).exists()


def why_documents(claimant: User | Organisation, shop: Shop) -> Any:
    """Why an officer decides although the register names the claimant, as a sentence; "" where the shop passes at once."""
    own = Q(case__applicant=claimant, organisation=None) if isinstance(claimant, User) else Q(organisation=claimant)
    claims = Claim.objects.filter(own, shop=shop)
    if claims.filter(Q(disputed_at__isnull=False) | Q(case__state=ClaimState.REFUSED)).exists():
        return WHY_DOCUMENTS["disputed_before"]
    as_of = RegisteredOwner.objects.filter(commercial_license_no=shop.commercial_license_no).values("as_of")
    if RegisterChange.objects.filter(shop=shop, name="owner", at__gt=as_of[:1]).exists():
        return WHY_DOCUMENTS["newer_holder"]
    return ""
