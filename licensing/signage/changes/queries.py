"""A board that is to be changed: what its licence leaves, what forbids the change, and whether an officer decides."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext_lazy as _

from licensing.models import Board, BoardCheck, BoardOutcome
from licensing.signage import queries
from licensing.signage.fees import BoardFee
from licensing.signage.labels import whole_fee_of
from licensing.signage.life.queries import deposits_of, held_fils, waiting_fils
from municipality.cases.models import Block, Effect
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.periods import add_months
from municipality.review.queries import edition_for
from municipality.rulebook import queries as rulebook
from municipality.rulebook.queries import RulebookEdition

CHANGES = "changes"  # the public id of the board, in the answers of a draft
SIZES = ("width_cm", "height_cm", "faces", "pieces")
SAME = ("board_class", "medium", "months", "place", "is_lit", "is_standing", "front_cm", "subject", "approval")
RELATED = ("end", "previous", "request__case", "request__document__last_event", "request__shop__branch")


@dataclass
class Changed:
    """A licensed board in whose place another one is asked for, by the rates of `fees` that it was licensed by."""

    board: Board
    fees: RulebookEdition
    months_left: int

    @cached_property
    def earlier(self) -> BoardFee:
        """What the board costs for all months of its licence."""
        return whole_fee_of(self.board)

    @cached_property
    def held_fils(self) -> int:
        """The deposit that is held for it, less what only waits for a photo; reads bills and what is returned of them."""
        return max(held_fils(deposits_of(self.board)) - waiting_fils(self.board), 0)


def changed(board: Board) -> Changed:
    """A licensed board as one that is to be changed today."""
    limits = rulebook.edition(queries.LIMITS, clock.today())
    unit = limits.limits["change_months"].value
    return Changed(board, edition_for(board.request.case, queries.FEES), months_left(board, clock.today(), unit))


def months_left(board: Board, on: dt.date, unit: int) -> int:
    """The months from a day to the last one of a licence, in units of so many that count whole once they have begun."""
    last, months = board.last_day or on, unit
    while months < board.months and add_months(on, months) <= last:
        months += unit
    return min(months, board.months)


def of_answers(answers: Mapping[str, Any]) -> Changed | None:
    """The board that a draft is to change; None where it asks for new ones."""
    found = Board.objects.filter(public_id=answers.get(CHANGES, ""), first_day__isnull=False).select_related(*RELATED).first()
    return changed(found) if found is not None else None


def obstacle(board: Board) -> Refused | None:
    """What forbids a change of a board today; None where nothing does."""
    if queries.standing(board) != "valid":
        return Refused("not_in_force", _("This board is not licensed today, so it cannot be changed."))
    if queries.renewal_of(board) is not None:
        return Refused("under_way", _("This board is being renewed or changed already, or was. My shops shows the request."))
    return queries.obstacle(board.request.shop)


def unchanged(board: Board) -> Refused | None:
    """The refusal of a change that changes nothing."""
    before = board.previous
    if before is None or any(
        getattr(board, name) != getattr(before, name) for name in (*SAME, *SIZES, "top_cm", "next_cm", "projection_cm")
    ):
        return None
    return Refused("nothing_changed", _("The board is as it is licensed. Change at least one of its facts."))


def needs_officer(board: Board, results: Sequence[BoardCheck], blocks: Sequence[Block]) -> bool:
    """Whether an officer decides.

    The board grew or is another one, a part of its deposit goes back, the rules newly leave something open, or the shop is looked at.
    """
    before = board.previous
    if before is None or board.returned_fils or any(block.effect == Effect.REVIEW for block in blocks):
        return True
    known = {(row.kind, row.outcome) for row in before.checks.all() if not row.is_assumption}
    is_open = any((row.kind, row.outcome) not in known for row in results if row.outcome != BoardOutcome.PASSES and not row.is_assumption)
    return is_open or _grew(board, before)


def _grew(board: Board, before: Board) -> bool:
    if any(getattr(board, name) != getattr(before, name) for name in SAME):
        return True
    grew = any(getattr(board, name) > getattr(before, name) for name in SIZES)
    grew = grew or _is_above(board.top_cm, before.top_cm) or _is_above(board.projection_cm, before.projection_cm)
    return grew or _is_above(before.next_cm, board.next_cm)


def _is_above(one: int | None, other: int | None) -> bool:
    """Whether a figure is above another, or one of them is not known."""
    return one != other if one is None or other is None else one > other
