"""Licensed boards in bulk, in the demo's own way, for the benchmark and the journey of renewals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from licensing.models import Board, BoardCheck
    from shops.models import Shop

MONTHS = 12
FRONT = {"board_class": "introductory", "medium": "fascia", "width": "3.00", "height": "0.80", "faces": "1", "months": str(MONTHS)}


def license_boards(shops: Sequence[Shop], each: int, *, ends_in: int, seed: str) -> None:
    """Give every shop so many boards of one year in one licence, which ends in some days. The owner is the applicant."""
    from django.db import transaction

    from licensing.signage.forms import MOST_BOARDS, RequestedBoardForm
    from licensing.signage.services import requests
    from municipality.kernel import clock
    from municipality.kernel.periods import add_months
    from sandbox.demo.licensing import past_boards
    from sandbox.demo.licensing.past_cases import applicant_of
    from sandbox.demo.seeds import seeded

    rng = seeded(seed)
    past: list[past_boards.PastBoards] = []
    begins = add_months(clock.today() + dt.timedelta(days=ends_in + 1), -MONTHS)
    paid = dt.datetime.combine(begins, dt.time(9), clock.KUWAIT)
    for shop in shops:
        rows: list[Board] = []
        results: list[Sequence[BoardCheck]] = []
        stamp = ""
        for start in range(0, each, MOST_BOARDS):
            count = min(MOST_BOARDS, each - start)
            typed = {f"{n}-{name}": value for n in range(count) for name, value in (FRONT | {"place": f"{start + n + 1}"}).items()}
            with clock.at(paid - past_boards.DAY):
                cards = past_boards.cards_of(shop, {"boards": str(count), **typed})
            rows += requests.rows_of(cards)
            results += [form.results for form in cards.forms if isinstance(form, RequestedBoardForm)]
            stamp = cards.edition.stamp
        for line, row in enumerate(rows, 1):
            row.line = line
        past.append(past_boards.PastBoards(shop, applicant_of(shop, rng), rows, results, stamp, paid - past_boards.DAY, paid))
    with transaction.atomic():
        past_boards.load(past, rng)
