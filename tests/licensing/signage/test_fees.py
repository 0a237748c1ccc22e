"""Fees of boards: every amount of the sources, under the edition of its day, computed by hand."""

from __future__ import annotations

import datetime as dt
import os
import random
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from django.utils.translation import override

from licensing.signage import labels, queries
from licensing.signage.cards import query_of
from licensing.signage.fees import AskedBoard, NoRate, PartOfPeriod, fee_of
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.kernel.actors import system
from municipality.rulebook import queries as rulebook
from municipality.rulebook.boards import BoardRate, BoardRates
from payments.rules import DEPOSITS
from payments.services import issue_bill
from tests.factories.boards import typed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rules")]
BASKETS = int(os.environ.get("BASKETS", "100"))
STATED = {"place": "Door", "subject": "goods"}
OLD, AMENDED, LATEST = dt.date(2024, 1, 10), dt.date(2025, 3, 2), dt.date(2026, 6, 1)


def rates(day: dt.date) -> BoardRates:
    return rulebook.edition("fees.boards", day).boards


# Class, medium, width and height in centimetres, faces, pieces, months, day → fee and deposit in fils, and where the amount stands.
CASES = [
    # e.gov.kw service card: KD 5 a square metre and face, deposit half of the fee. 6.00 × 0.80 m = 4.80 m² → 24.000 and 12.000.
    ("introductory", "fascia", 600, 80, 1, 1, 12, OLD, 24_000, 12_000),
    ("introductory", "fascia", 600, 80, 1, 1, 12, AMENDED, 24_000, 12_000),
    ("introductory", "fascia", 600, 80, 1, 1, 12, LATEST, 24_000, 12_000),
    # The same, two faces: 0.90 × 0.90 = 0.81 m² × 2 × 5 = 8.100 and 4.050.
    ("introductory", "light_box", 90, 90, 2, 1, 12, OLD, 8_100, 4_050),
    ("introductory", "light_box", 90, 90, 2, 1, 12, AMENDED, 8_100, 4_050),
    ("introductory", "light_box", 90, 90, 2, 1, 12, LATEST, 8_100, 4_050),
    ("introductory", "light_box", 90, 90, 1, 1, 12, AMENDED, 4_050, 2_025),
    # Two years: 4.80 m² × 5 × 2.
    ("commercial", "fascia", 600, 80, 1, 1, 24, LATEST, 48_000, 24_000),
    # Amendment of 2024: seasonal KD 5 a square metre and month. 3.00 × 2.00 m × 2 months = 60.000.
    ("seasonal", "fascia", 300, 200, 1, 1, 2, AMENDED, 60_000, 30_000),
    ("seasonal", "light_box", 300, 200, 1, 1, 2, AMENDED, 60_000, 30_000),
    ("seasonal", "fascia", 300, 200, 1, 1, 2, LATEST, 60_000, 30_000),
    ("seasonal", "light_box", 300, 200, 1, 1, 2, LATEST, 60_000, 30_000),
    # Animated screens: KD 36 before 2024, 75 from 2024, 100 by the amendment of December 2025. 2.00 × 1.20 m = 2.40 m².
    ("commercial", "moving_screen", 200, 120, 1, 1, 12, OLD, 86_400, 0),
    ("commercial", "moving_screen", 200, 120, 1, 1, 12, AMENDED, 180_000, 0),
    ("commercial", "moving_screen", 200, 120, 1, 1, 12, LATEST, 240_000, 0),
    # Fixed screens and glass fronts: KD 25 before 2024, 50 since.
    ("commercial", "screen", 200, 120, 1, 1, 12, OLD, 60_000, 0),
    ("commercial", "screen", 200, 120, 1, 1, 12, AMENDED, 120_000, 0),
    ("commercial", "screen", 200, 120, 1, 1, 12, LATEST, 120_000, 0),
    ("introductory", "glass", 200, 120, 1, 1, 12, OLD, 60_000, 0),
    ("introductory", "glass", 200, 120, 1, 1, 12, AMENDED, 120_000, 0),
    ("introductory", "glass", 200, 120, 1, 1, 12, LATEST, 120_000, 0),
    # Carts KD 5 a month (2024): three carts for four months.
    ("commercial", "cart", 0, 0, 1, 3, 4, AMENDED, 60_000, 0),
    ("commercial", "cart", 0, 0, 1, 3, 4, LATEST, 60_000, 0),
    # Delivery motorcycles KD 40 a year each (December 2025): ten of them.
    ("commercial", "bike", 0, 0, 1, 10, 12, LATEST, 400_000, 0),
    # Rounded to the fils, half up: 0.33 × 0.33 m = 0.1089 m² × 5 = 0.5445 → 0.545; its half 0.2725 → 0.273.
    ("commercial", "fascia", 33, 33, 1, 1, 12, LATEST, 545, 273),
]


@pytest.mark.parametrize(("kind", "medium", "width", "height", "faces", "pieces", "months", "day", "fee", "deposit"), CASES)
def test_each_amount_of_the_sources(
    kind: str, medium: str, width: int, height: int, faces: int, pieces: int, months: int, day: dt.date, fee: int, deposit: int
) -> None:
    found = fee_of(AskedBoard(kind, medium, width, height, faces, pieces, months), rates(day))
    assert (found.fee_fils, found.deposit_fils, found.fils) == (fee, deposit, fee + deposit)


@pytest.mark.parametrize("day", [OLD, AMENDED, LATEST])
def test_each_amount_that_a_source_states_has_a_case_in_its_edition(day: dt.date) -> None:
    stated = {(rate.medium, rate.period, rate.rate_fils, rate.flat_fils) for rate in rates(day).values() if not rate.is_assumption}
    found = [rates(day)[kind, medium] for kind, medium, *_size, of_day, _fee, _deposit in CASES if of_day == day]
    assert stated <= {(rate.medium, rate.period, rate.rate_fils, rate.flat_fils) for rate in found} and stated


@pytest.mark.parametrize(("medium", "day"), [("bike", AMENDED), ("cart", OLD), ("balloon", dt.date(2024, 1, 10))])
def test_what_an_edition_does_not_name_has_no_fee(medium: str, day: dt.date) -> None:
    kind = "seasonal" if medium == "balloon" else "commercial"
    with pytest.raises(NoRate):
        fee_of(AskedBoard(kind, medium, 100, 100, 1, 1, 12), rates(day))


@pytest.mark.parametrize("months", [0, 1, 11, 13, 18])
def test_a_board_of_whole_years_is_not_licensed_for_a_part(months: int) -> None:
    with pytest.raises(PartOfPeriod):
        fee_of(AskedBoard("commercial", "fascia", 100, 100, 1, 1, months), rates(LATEST))


@pytest.mark.parametrize(("width", "height", "said"), [(200, 240, "4.80"), (165, 185, "3.0525"), (145, 100, "1.45")])
def test_the_formula_says_the_area_that_the_fee_is_computed_with(width: int, height: int, said: str) -> None:
    fee = fee_of(AskedBoard("introductory", "fascia", width, height, 1, 1, 12), rates(LATEST))
    with override("en"):
        assert f'">{said}</bdi>\u00a0m²' in labels.formula(fee)
    assert fee.fee_fils == (Decimal(said) * fee.rate.rate_fils).quantize(Decimal(1), ROUND_HALF_UP)


def test_the_amount_of_ten_thousand_boards_is_the_exact_formula() -> None:
    die = random.Random(16)
    for _ in range(10_000):
        per_metre, flat, percent = die.choice([0, 1, 333, 5_000, 75_000]), die.choice([1, 40_000]), die.randint(0, 100)
        rate = BoardRate("c", "m", die.choice(["month", "year"]), per_metre, flat, percent, "", "", False, "")
        board = AskedBoard(
            "c", "m", die.randint(0, 5_000), die.randint(0, 5_000), die.randint(1, 4), die.randint(1, 9), 12 * die.randint(1, 3)
        )
        found, one = fee_of(board, {("c", "m"): rate}), Decimal(1)
        area, periods = Decimal(board.area_cm2) / 10_000, board.months if rate.period == "month" else board.months // 12
        exact = (per_metre * area * board.faces * periods).quantize(one, ROUND_HALF_UP) + flat * board.pieces * periods
        assert found.fee_fils == exact and found.deposit_fils == (exact * percent / 100).quantize(one, ROUND_HALF_UP)


def test_lines_sum_and_bill_of_random_requests_are_the_same_to_the_fils(owner: User) -> None:
    """`BASKETS` is how many: 100 in `script/test`, 10,000 at full size. From what is typed, over the page's sum, to the bill."""
    die, editions = random.Random(17), queries.rules()
    table = sorted(editions[0].boards.items())
    for number in range(BASKETS):
        boards = []
        for (kind, medium), rate in die.choices(table, k=die.randint(1, 5)):
            months = die.randint(1, 36) if rate.period == "month" else 12 * die.randint(1, 3)
            size = {side: f"{die.randint(10, 1_000) / 100:.2f}" for side in ("width", "height")}
            counts = {"faces": die.randint(1, 4), "pieces": die.randint(1, 99), "months": months}
            boards.append(size | {name: str(value) for name, value in counts.items()} | {"board_class": kind, "medium": medium} | STATED)
        cards = requests.cards_from(query_of(typed(*boards)), editions)
        lines = labels.bill_lines(requests.rows_of(cards), cards.edition.stamp)
        facts: dict[str, Any] = {
            "kind": BOARDS,
            "subject": f"case:{number}",
            "title_ar": "لوحات",
            "title_en": "Boards",
            "actor": system("tests"),
        }
        bill = issue_bill(payer=owner, lines=lines, **facts)
        context = cards.context()
        assert cards.is_whole and context["fils"] == sum(line.fils for line in lines) == bill.total_fils
        deposits = sum(line.fils for line in lines if line.revenue_account == DEPOSITS)
        assert (context["fee_fils"], context["deposit_fils"]) == (bill.total_fils - deposits, deposits)
