"""The page of a renewal as an origin of payments: whoever pays what blocks it comes back to it."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.health.states import RENEWAL
from municipality.accounts.models import User
from payments.registry import Origin
from shops.register import queries as shops

RENEWAL_PAGE = "renewal"


def renewal_page(user: User, public_id: str) -> Origin | None:
    """The page of a shop that the person may renew for."""
    if not shops.visible_to(user, RENEWAL).filter(public_id=public_id).exists():
        return None
    return Origin(_("Continue the renewal"), reverse("licensing:renew", args=[public_id]))
