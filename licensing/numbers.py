"""The numbers of licences, where somebody types one to look for a request or to check a document."""

from __future__ import annotations

import re
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from licensing.models import Board
from municipality.cases.home_forms import NumberKind

_BOARD = re.compile(r"(ADL-[A-Z]{2}-[0-9]{4}-[0-9]{6}-[A-Z0-9])(?:[/-]([0-9]{1,3}))?")


def board_page(number: str) -> str:
    """The page of the board with a number, or of the shop with a licence for several; empty where there is none, or for another number."""
    found = _BOARD.fullmatch(number)
    if found is None:
        return ""
    licence, line = found.groups()
    rows = Board.objects.filter(first_day__isnull=False, request__document__number=licence).select_related("request__shop").order_by("line")
    boards = list(rows.filter(line=int(line)) if line else rows[:2])
    if len(boards) == 1:
        return reverse("licensing:board", args=[boards[0].public_id])
    return f"{reverse('shops:shop', args=[boards[0].request.shop.public_id])}#boards" if boards else ""


HEALTH = NumberKind(
    title=_("This looks like the number of a health licence"),
    text=_("It is no request. The register shows whether a shop has this licence, and its state."),
    button=_("Look for it in the register"),
    url=lambda number: f"{reverse('shops:search')}?{urlencode({'q': number})}",
)
# Of a licence for boards that is not found: `board_page` leads to one that is.
BOARDS = NumberKind(
    title=_("No licence for boards has this number"),
    text=_("Compare it with the number on the board. If it is the same, please tell the Municipality."),
    button=_("Licensed boards on the map"),
    url=lambda _number: reverse("licensing:boards_map"),
)
INSPECTIONS = NumberKind(
    title=_("This looks like the number of an inspection"),
    text=_("It is no request. The message about it stands under Messages and leads to its page, after you sign in."),
    button=_("Open Messages"),
    url=lambda _number: reverse("notifications:inbox"),
)
