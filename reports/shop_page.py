"""What reports say of a shop to everybody: that they are not open yet, and the way to what can be done today."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User
from municipality.cases.panels import Block

TEXT = _("Reports of problems and their answers open later. Until then none is listed here, which says nothing about the shop.")


def block(user: User, shops: Sequence[Any]) -> dict[str, list[Any]]:
    """An honest word, and the way to the page that says what to do today, with the shop in its address."""
    page = reverse("reports:later")
    way = _("Report a problem here")
    return {
        shop.key: [Block("reports", _("Reports"), order=40, empty=TEXT, actions=[(way, f"{page}?{urlencode({'shop': shop.public_id})}")])]
        for shop in shops
    }
