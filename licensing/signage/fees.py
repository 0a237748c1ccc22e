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


@dataclass(frozen=True)
class ChangeFee(BoardFee):
    """What is paid for a changed board: `whole` and `earlier` are the fees of it and of the board before for all months of the licence.

    `returned_fils` of the deposit that is held go back.
    """

    whole: BoardFee
    earlier: BoardFee
    months_left: int
    returned_fils: int


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


def change_fee(whole: BoardFee, earlier: BoardFee, *, months_left: int, held_fils: int) -> ChangeFee:
    """The fee of a board that is licensed in place of an earlier one, by the same rates and for the same months.

    What it costs more, for the months that are left, rounded half up; nothing where it costs less. The difference of the deposits is
    paid, or goes back: of `held_fils`, which a renewed board may hold by other rates, at most the same share. Source: none was found;
    an assumption (`docs/boards.md`).
    """
    more = max(whole.fee_fils - earlier.fee_fils, 0)
    less = max(earlier.deposit_fils - whole.deposit_fils, 0)
    return ChangeFee(
        board=whole.board,
        rate=whole.rate,
        periods=whole.periods,
        fee_fils=_rounded(more * months_left, whole.board.months),
        deposit_fils=max(whole.deposit_fils - earlier.deposit_fils, 0),
        whole=whole,
        earlier=earlier,
        months_left=months_left,
        returned_fils=min(less, held_fils * less // earlier.deposit_fils) if less else 0,
    )


def _rounded(numerator: int, denominator: int) -> int:
    """The quotient of two whole numbers that are not negative, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)
