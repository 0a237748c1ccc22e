"""The judged queries on a register of five thousand shops: the floor of hit@1 and hit@5. `-s` prints the table by class."""

from __future__ import annotations

import os

import pytest

from municipality.places.loading import load_places
from municipality.rulebook.seeds import load_activities
from sandbox.demo.bulk import load_register
from shops.models import Shop
from shops.search import indexing
from tests.shops.search import judging
from tests.shops.search.mutations import REGISTER, judged_register

pytestmark = pytest.mark.django_db


def test_people_find_the_shop_they_mean() -> None:
    load_places()
    load_activities()
    load_register(judged_register(REGISTER))
    assert indexing.rebuild() == REGISTER
    tallies = judging.judge(judging.read(), list(Shop.objects.order_by("pk").values_list("pk", flat=True)))
    print("\n" + "\n".join(judging.lines(tallies)))
    if os.environ.get("SHOW_MISSED"):
        print("\n".join(f"{kind}: {line}" for kind, tally in tallies.items() for line in tally.missed))
    one, five = judging.rates(tallies)
    assert one >= judging.AT_ONE
    assert five >= judging.AT_FIVE
