"""What has not ended of a shop: before it may be merged into another, and for whoever decides about its holder."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from municipality.kernel.workflow import WORKFLOWS
from municipality.ui.templatetags.portal import bilingual, ref
from shops.models import Shop
from violations.models import Violation
from violations.queries import OF_HOLDER
from violations.states import VIOLATION, ViolationState


def open_of(shop: Shop) -> list[Any]:
    """A sentence if a violation of the shop is open."""
    return [_("A violation report against the shop to be merged has not come to its end.")] if _open(shop).exists() else []


def following(shop: Shop) -> list[SafeString]:
    """The violations of the holder of a shop that have not ended: number, offence and state."""
    line, rows = "{} {} ({})", _open(shop).filter(OF_HOLDER)
    return [format_html(line, ref(row.reference), bilingual(row.offence_facts, "name"), row.get_state_display()) for row in rows]


def _open(shop: Shop) -> QuerySet[Violation]:
    """Those that have not ended; a paid one has, though the bank may still take its payment back."""
    return Violation.objects.filter(shop=shop).exclude(state__in=[*WORKFLOWS[VIOLATION].finals, ViolationState.PAID]).order_by("pk")
