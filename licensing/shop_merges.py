"""What forbids that a shop is merged into another one: licensed boards. A measure blocks its services, or its licence has not ended."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from licensing.models import Board
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock
from shops.models import Shop


def open_of(shop: Shop) -> list[Any]:
    """A sentence if boards of the shop are licensed or suspended."""
    boards = Board.objects.filter(request__shop=shop, end=None, last_day__gte=clock.today())
    is_licensed = boards.filter(request__document__state__in=[*LIVE, DocumentState.SUSPENDED]).exists()
    return [_("Boards of the shop to be merged are licensed. Merge the other one into it instead.")] if is_licensed else []
