"""The judged queries on a register of five thousand shops: the floor of hit@1 and hit@5. `-s` prints the table by class."""

from __future__ import annotations

import os

import pytest
from django.db import transaction

from municipality.places.seeds import load_places
from municipality.rulebook.models import RuleSet
from municipality.rulebook.queries import TRADES
from municipality.rulebook.seeds import seed
from sandbox.demo.benchmarks import load_register
from shops.models import Shop
from shops.search import index
from tests.factories.accounts import StaffFactory
from tests.shops.search import judging
from tests.shops.search.mutations import REGISTER, judged_register

pytestmark = pytest.mark.django_db


@pytest.fixture
def register() -> None:
    """The judged register, and the rulebook with what people call a trade."""
    load_places()
    seed(StaffFactory(login="maker"), StaffFactory(login="publisher"))
    load_register(judged_register(REGISTER))
    assert index.rebuild() == REGISTER


def told(tallies: dict[str, judging.Tally]) -> tuple[float, float]:
    """hit@1 and hit@5, and the table by class for a person who looks on."""
    print("\n" + "\n".join(judging.lines(tallies)))
    if os.environ.get("SHOW_MISSED"):
        print("\n".join(f"{kind}: {line}" for kind, tally in tallies.items() for line in tally.missed))
    return judging.rates(tallies)


@pytest.mark.usefixtures("register")
def test_people_find_the_shop_they_mean() -> None:
    """Beside the words for trades as without them: they take no name its place."""
    queries, shops = judging.read(), list(Shop.objects.order_by("pk").values_list("pk", flat=True))
    one, five = told(judging.judge(queries, shops))
    assert one >= judging.AT_ONE
    assert five >= judging.AT_FIVE


@pytest.mark.usefixtures("register")
def test_people_find_a_trade_by_what_they_call_it() -> None:
    queries = judging.read_trades()
    assert len(queries) >= 60 and {query.kind for query in queries} >= {"Arabic", "Arabic with area", "Latin", "Latin with area"}
    for query in queries:
        meant = Shop.objects.filter(activity__in=query.activities)
        assert (meant.filter(area__name_ar=query.area) if query.area else meant).exists(), f"no shop answers {query.text}"
    tallies = judging.judge_trades(queries)
    _, five = told(tallies)
    assert five >= judging.TRADES_AT_FIVE
    assert all(tally.five / tally.asked >= judging.TRADES_AT_FIVE for tally in tallies.values())
    with transaction.atomic():  # the red control: it is the rows of the rulebook that find them
        withdrawn = RuleSet.objects.filter(subject=TRADES, last_day__isnull=True)
        assert withdrawn.update(last_day="2016-08-01") == 1
        _, without = told(judging.judge_trades(queries))
        transaction.set_rollback(True)
    assert without < 0.5
