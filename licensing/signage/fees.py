"""What advertisement boards cost, as pure functions of the rates of the rulebook. Amounts are fils, lengths centimetres."""

from __future__ import annotations

from dataclasses import dataclass

from municipality.rulebook.boards import BoardRate, BoardRates

MONTHS_OF = {"month": 1, "year": 12}
_CM2_OF_M2 = 10_000


@dataclass(frozen=True)
class AskedBoard:
    """A board as it is asked for; `pieces` are vehicles, carts or motorcycles of one design."""

    board_class: str
    medium: str
    width_cm: int
    height_cm: int
    faces: int
    pieces: int
    months: int

    @property
    def area_cm2(self) -> int:
        """The area of one face."""
        return self.width_cm * self.height_cm


@dataclass(frozen=True)
class BoardFee:
    """The fee and the refundable deposit of a board, with the rate that they come from; `periods` are its months or years."""

    board: AskedBoard
    rate: BoardRate
    periods: int
    fee_fils: int
    deposit_fils: int

    @property
    def fils(self) -> int:
        """What is paid for the board."""
        return self.fee_fils + self.deposit_fils


class NoRate(LookupError):
    """The table of fees has no row for a class and medium."""


class PartOfPeriod(ValueError):
    """The months are no whole number of the rate's years."""


def fee_of(board: AskedBoard, rates: BoardRates) -> BoardFee:
    """The fee of a board: (rate × area × faces + flat × pieces) × periods, and its deposit, each rounded half up to the fils.

    Raises NoRate, PartOfPeriod. Source: the tables of fees of MD 599/2023 and its amendments (`rulebook/data/boards.toml`).
    """
    rate = rates.get((board.board_class, board.medium))
    if rate is None:
        raise NoRate
    periods, rest = divmod(board.months, MONTHS_OF[rate.period])
    if rest or not periods:
        raise PartOfPeriod
    by_area = _rounded(rate.rate_fils * board.area_cm2 * board.faces * periods, _CM2_OF_M2)
    fee = by_area + rate.flat_fils * board.pieces * periods
    return BoardFee(board, rate, periods, fee, _rounded(fee * rate.deposit_percent, 100))


def _rounded(numerator: int, denominator: int) -> int:
    """The quotient of two whole numbers that are not negative, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)
