"""The block of reports on a shop's public page: reports are not open yet; a link to what can be done today."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.panels import Block
from shops.models import Shop

TEXT = _("Reports of problems and their answers open later. Until then none is listed here, which says nothing about the shop.")


def block(user: User, shops: Sequence[Shop]) -> dict[str, list[Block]]:
    """A notice, and the link to the page that says what to do today, with the shop in its query string."""
    page = reverse("reports:later")
    label = _("Report a problem here")
    return {
        shop.key: [Block("reports", _("Reports"), order=40, empty=TEXT, actions=[(label, f"{page}?{urlencode({'shop': shop.public_id})}")])]
        for shop in shops
    }
