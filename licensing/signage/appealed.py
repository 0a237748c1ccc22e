"""Requests for boards whose refusal was set aside after an appeal."""

from __future__ import annotations

from licensing.health.appeals.registry import Appealable
from licensing.models import Board, BoardRequest
from licensing.signage import queries
from licensing.signage.states import BOARDS
from municipality.cases.models import Case
from shops.models import Shop


def _goes_on(first: Case) -> bool:
    """Whether its shop has no open request for boards, and its boards can still be licensed to its applicant.

    Not where one was renewed or changed since, nor where `queries.lost` finds what would refuse the request at once.
    Locks the shop, as whatever sends such a request.
    """
    request = BoardRequest.objects.get(case=first)
    request.shop = Shop.objects.select_for_update(of=("self",)).get(pk=request.shop_id)
    if Case.objects.filter(service=BOARDS, subject=first.subject, is_open=True).exists():
        return False
    previous = request.boards.exclude(previous=None).values("previous")
    return not Board.objects.filter(previous__in=previous, first_day__isnull=False).exists() and not queries.lost(request)


BOARDS_APPEALABLE = Appealable(goes_on=_goes_on)
