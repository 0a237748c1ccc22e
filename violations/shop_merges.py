"""What must end before a shop may be merged into another."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import WORKFLOWS
from shops.models import Shop
from violations.models import Violation
from violations.states import VIOLATION


def open_of(shop: Shop) -> list[Any]:
    """A sentence if a violation of the shop is open."""
    rows = Violation.objects.filter(shop=shop).exclude(state__in=WORKFLOWS[VIOLATION].finals)
    return [_("A violation report against the shop to be merged has not come to its end.")] if rows.exists() else []
