"""What a draft of the rules on land use says of plots before it is published."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from shapely.affinity import translate

from municipality.accounts.models import actor_of
from municipality.rulebook import services
from municipality.rulebook.models import RuleSet
from tests.browsers import signed_in
from tests.factories.accounts import StaffFactory
from tests.factories.zoning import SQUARE, PlotFactory, make_layer
from zoning.answer import effects

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft(rules: None) -> RuleSet:
    """A draft like the edition in force; two plots are commercial, one is investment housing, one is private and one has no land use."""
    places = [translate(SQUARE, step * 0.001, 0) for step in range(5)]
    for place in places:
        PlotFactory(shape=place)
    codes = ("COMMERCIAL", "COMMERCIAL", "INVESTMENT", "PRIVATE")
    make_layer("land_use", *zip(codes, places, strict=False), kind="land_use", covers=SQUARE.buffer(0.02))
    maker = StaffFactory(groups=["rule_maker"], login="land-rules-maker")
    return services.copy_as_draft(ruleset=RuleSet.objects.get(subject="zoning.uses"), maker=maker, actor=actor_of(maker, "rule_maker"))


def _nothing(draft: RuleSet) -> None: ...


def _limit(draft: RuleSet) -> None:
    draft.land_classes.filter(code="COMMERCIAL").update(floors=4)


def _use(draft: RuleSet) -> None:
    draft.land_uses.filter(land_class="PRIVATE", group="nursery", first_floor=0).update(outcome="not_permitted")


def _distance(draft: RuleSet) -> None:
    draft.spacings.filter(group="beauty").update(metres=150)


def _group(draft: RuleSet) -> None:
    draft.activity_groups.filter(activity="KEYS").update(group="workshops")


@pytest.mark.parametrize(("change", "plots"), [(_nothing, 0), (_limit, 2), (_use, 1), (_distance, 3), (_group, 3)])
def test_a_draft_counts_the_plots_on_land_whose_rules_it_changes(draft: RuleSet, change: Callable[[RuleSet], None], plots: int) -> None:
    change(draft)
    assert [effect.count for effect in effects.of_draft(draft)] == [plots]


def test_the_publisher_reads_it_before_publishing(draft: RuleSet) -> None:
    _limit(draft)
    client: Any = signed_in(StaffFactory(groups=["rule_publisher"], login="land-rules-publisher"))
    for page in ("change", "publish"):
        found = client.get(reverse(f"admin:rulebook_ruleset_{page}", args=[draft.pk]))
        assert "قسائم على أراضٍ تتغيّر قواعدها" in found.content.decode()
    assert effects.of_draft(RuleSet(subject="fees.health")) == []
