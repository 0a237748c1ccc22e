"""Fees and rules of advertisement boards as plain values, and how an edition of them is read."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields

from municipality.rulebook.models import RuleSet

SUBJECT, RULES = "fees.boards", "rules.boards"


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


@dataclass(frozen=True)
class BoardLimit:
    """A limit of boards or what is banned (see `models.BoardLimitRule`); lengths in centimetres, the share per mille."""

    kind: str
    board_class: str
    medium: str
    is_standing: bool
    most_cm: int | None
    least_cm: int | None
    most_permille: int | None
    land_class: str
    subject: str
    is_lifted_by_approval: bool
    first_day: dt.date | None
    last_day: dt.date | None
    article_ar: str
    article_en: str
    is_assumption: bool

    def holds(self, on: dt.date) -> bool:
        """Whether the rule holds on a day of its edition."""
        return (self.first_day is None or self.first_day <= on) and (self.last_day is None or on <= self.last_day)

    def is_about(self, board_class: str, medium: str, *, is_standing: bool) -> bool:
        """Whether the rule is about such boards."""
        fits = self.board_class in ("", board_class) and self.medium in ("", medium)
        return fits and (is_standing or not self.is_standing)


def read_limits(ruleset: RuleSet) -> tuple[BoardLimit, ...]:
    """The rules of an edition, in the order in which they were written."""
    return tuple(BoardLimit(**row) for row in ruleset.board_limits.order_by("pk").values(*(one.name for one in fields(BoardLimit))))
