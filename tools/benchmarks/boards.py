"""The page of renewals of a shop with 200 boards, and the renewal of 40 boards of four shops in one act.

Each as in `script/bench pages`: processor time as a multiple of the calibration page, statements, 95th percentile. The act has no floor.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

from tools.benchmarks import subjects, tables
from tools.benchmarks.client import Ask, Line
from tools.benchmarks.licensed_boards import license_boards
from tools.benchmarks.pages import BLOCK, HEADS, Measured, Run, _Asking, count_queries, measure_page, portal
from tools.stack.running import Servers, Stack

MANY = 200  # boards of one shop
SHOPS, EACH = 4, 10  # of one act
COUNTED = 2  # acts that count the statements
MOST_STATEMENTS = 40 * SHOPS  # of one act: it grows with the shops, not with the boards


def main(servers: Servers, arguments: list[str]) -> int:
    """`script/bench boards [--runs 5] [--requests 50] [--posts 5] [--write]`. Returns 1 where a bound is missed."""
    parser = argparse.ArgumentParser(prog="script/bench boards", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=50, help="of a run, for each page")
    parser.add_argument("--posts", type=int, default=5, help="of a run, for the renewal: each needs boards of its own")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    options = parser.parse_args(arguments)
    if not servers.database:
        print("script/bench boards needs PostgreSQL.", file=sys.stderr)
        return 1
    with portal(servers, small=True) as stack:
        subjects.set_up(stack.environment)
        from tools.benchmarks.recording import separate_numbers

        separate_numbers()
        acts = COUNTED + (1 + options.runs) * options.posts
        found = []
        for page, requests, measure in ((_page(), options.requests, measure_page), (_act(acts), options.posts, _measure_act)):
            stack.restart("web")
            found.append(measure(stack, page, options.runs, requests))
            print(f"  {page.name}: {median(found[-1].multiples):.1f} × home", flush=True)
        missed = [measured.page.name for measured in found if measured.misses]
        text = f"{MANY} boards of one shop; {SHOPS} shops with {EACH} boards each in one act. Missed: {', '.join(missed) or 'none'}.\n\n"
        tables.publish("boards", text + tables.table(HEADS, [measured.row() for measured in found]), write=options.write)
    return 1 if missed else 0


class _Acts(_Asking):
    """An act and the calibration page in turns: its statements are not repeated for a floor, since each takes boards of its own."""

    def run(self, requests: int) -> tuple[Run, Run, Run]:
        page, unit = Run(), Run()
        self._block(self.subject, [self.subject.ask() for _ in range(requests)], page)
        self._block(subjects.CALIBRATION, [subjects.CALIBRATION.ask() for _ in range(BLOCK)], unit)
        return page, Run(), unit


def _measure_act(stack: Stack, page: subjects.Page, runs: int, requests: int) -> Measured:
    line = Line(stack.port)
    measured = Measured(page, 0, count_queries(line, page), has_floor=False)
    acts = _Acts(stack, line, measured)
    acts.run(requests)  # warm
    measured.runs = [acts.run(requests) for _ in range(runs)]
    line.close()
    return measured


def _given(civil_id: str, count: int, each: int) -> tuple[Any, list[Any]]:
    """A made-up person and so many shops that are given to them, each with licensed boards that end soon."""
    from licensing.models import BoardRequest
    from licensing.signage import queries
    from municipality.kernel import clock
    from shops.models import Shop
    from shops.register.queries import open_shops, with_names
    from tests.factories.accounts import PersonFactory

    user = PersonFactory(civil_id=civil_id)
    rows = open_shops().filter(commercial_license_end__gt=clock.today()).exclude(pk__in=BoardRequest.objects.values("shop")).order_by("-pk")
    chosen = [shop for shop in rows.exclude(owner__name_en__startswith="Made")[: 2 * count + 20] if queries.obstacle(shop) is None][:count]
    if len(chosen) < count:
        raise LookupError(f"{len(chosen)} shops are free, {count} are needed")
    Shop.objects.filter(pk__in=[shop.pk for shop in chosen]).update(owner=user, organisation=None)
    shops = list(with_names(Shop.objects.filter(pk__in=[shop.pk for shop in chosen]).order_by("pk")))
    license_boards(shops, each, ends_in=20, seed=f"bench {civil_id}")
    return user, shops


def _page() -> subjects.Page:
    user, _shops = _given("299010199990", 1, MANY)
    session = subjects._session(user)
    return subjects.Page(f"Renewals, {MANY} boards", "board-renewals", subjects._always("/ar/boards/renew/", session), most=60)


def _act(acts: int) -> subjects.Page:
    from licensing.models import Board

    user, shops = _given("299010199982", acts * SHOPS, EACH)
    session = subjects._session(user)
    boards = list(Board.objects.filter(request__shop__in=shops).order_by("request__shop", "line").values_list("public_id", "fee_fils"))

    def asks() -> Iterator[Ask]:
        for start in range(0, len(boards), SHOPS * EACH):
            chosen = boards[start : start + SHOPS * EACH]
            form = {"csrfmiddlewaretoken": subjects.TOKEN, "step": "renew", "total": str(sum(fils for _id, fils in chosen))}
            yield Ask("/ar/boards/renew/", subjects._headers(session, forms=True), {**form, "item": [number for number, _fils in chosen]})

    name = f"Renewal of {SHOPS * EACH} boards, POST"
    return subjects.Page(name, "board-renewal", asks(), most=60, most_queries=MOST_STATEMENTS, status=302)
