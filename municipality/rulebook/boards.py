"""Fees of advertisement boards as plain values, and how an edition of them is read."""

from __future__ import annotations

from dataclasses import dataclass, fields

from municipality.rulebook.models import RuleSet

SUBJECT = "fees.boards"


@dataclass(frozen=True)
class BoardRate:
    """What a class and medium of boards costs (see `models.BoardFeeRule`); amounts in fils."""

    board_class: str
    medium: str
    period: str
    rate_fils: int
    flat_fils: int
    deposit_percent: int
    article_ar: str
    article_en: str
    is_assumption: bool
    revenue_account: str


BoardRates = dict[tuple[str, str], BoardRate]  # by class and medium


def read(ruleset: RuleSet) -> BoardRates:
    rows = ruleset.board_fees.values(*(one.name for one in fields(BoardRate)))
    return {(row["board_class"], row["medium"]): BoardRate(**row) for row in rows}
