"""Licences from paper in every state, some with previous ones."""

from __future__ import annotations

import datetime as dt
from random import Random

from municipality.accounts.models import User, actor_of
from municipality.documents.states import DocumentState
from municipality.kernel.actors import Actor
from municipality.kernel.periods import add_years
from sandbox.demo.licensing.papers import Paper, carry_over
from sandbox.demo.loading import Loading
from sandbox.demo.platform import people
from sandbox.demo.platform.accounts import ORGANISATIONS
from sandbox.demo.seeds import seeded
from sandbox.demo.shops import scenarios
from sandbox.demo.shops.rows import ELSEWHERE, FOOD
from shops.models import Shop
from shops.register.queries import with_names

PORTAL_DAYS = 200  # how long before the anchor the paper register was read in
OUTCOMES = (("far", 60), ("soon", 14), ("ended", 12), ("suspended", 4), ("revoked", 3), ("none", 2))
SUSPENDED_FOR = ("layout_changed", "conditions_not_met")
REVOKED_FOR = ("activity_not_allowed", "conditions_not_met")


def run(loading: Loading) -> str:
    rng = seeded("licences step")
    officers = {user.branch_id: actor_of(user) for user in User.objects.filter(groups__name="officer").order_by("pk")}
    scenario_by_licence = {placed.commercial_license_no: placed.scenario for placed in scenarios.placed()}
    waiting = case_shop_ids()
    papers: list[Paper] = []
    for shop in with_names(Shop.objects.order_by("pk")):
        scenario = scenario_by_licence.get(shop.commercial_license_no)
        papers += papers_of(loading, shop, rng, officers, scenario=scenario, is_waiting=shop.pk in waiting)
    count = carry_over(papers, rng)
    return f"{count} licences carried over from paper"


def case_shop_ids() -> set[int]:
    """Shops with past renewals: of people without a scenario and of the three organisations."""
    names = [p.name_en for p in people.PEOPLE if p.role == "owner" and not p.scenario]
    numbers = [number for _, _, number, _ in ORGANISATIONS]
    owned = Shop.objects.filter(owner__name_en__in=names).exclude(activity__in=ELSEWHERE)
    signed = Shop.objects.filter(organisation__commercial_register_no__in=numbers).exclude(activity__in=ELSEWHERE)
    shop_ids = sorted({*owned.values_list("pk", flat=True), *signed.values_list("pk", flat=True)})
    return set(shop_ids[: len(shop_ids) * 4 // 5])


def papers_of(
    loading: Loading,
    shop: Shop,
    rng: Random,
    officers: dict[str | None, Actor],
    *,
    scenario: scenarios.Scenario | None = None,
    is_waiting: bool = False,
) -> list[Paper]:
    """The paper licences of a shop, oldest first; some have none."""
    if scenario:
        outcome = scenario.key
    else:
        outcome = "food" if shop.activity_id in FOOD else rng.choices([f for f, _ in OUTCOMES], [w for _, w in OUTCOMES])[0]
    if (
        outcome == "none"
        or (outcome != "food" and shop.activity_id in ELSEWHERE)
        or (outcome == "food" and not scenario and rng.random() < 0.5)
    ):
        return []
    if scenario and outcome != "food":
        last = loading.day(scenario.last_day)
    elif is_waiting:
        last = loading.day(rng.randint(2, 58) - rng.randint(1, 120))
        outcome = "soon"
    else:
        last = _last_day(loading, outcome, rng)
    paper = _paper(loading, shop, _first_day(last), last, rng)
    papers = [paper]
    if outcome in ("suspended", "revoked"):
        paper.state = DocumentState.SUSPENDED if outcome == "suspended" else DocumentState.REVOKED
        paper.moved_at = loading.instant(loading.day(-rng.randint(1, 30)), rng)
        paper.reason = rng.choice(SUSPENDED_FOR if outcome == "suspended" else REVOKED_FOR)
        paper.mover = officers[shop.branch_id]
    if outcome == "changed":
        before = "7" if shop.street != "7" else "8"
        paper.registered_facts = shop.registered_facts() | {"street": before}
    while outcome != "food" and rng.random() < 0.35 and len(papers) < 3:
        papers.insert(0, _previous(loading, papers[0], rng))
    return papers


def _last_day(loading: Loading, outcome: str, rng: Random) -> dt.date:
    if outcome == "food":  # licensed here before food passed to its own authority in July 2018
        return dt.date(2018, 7, 14) + dt.timedelta(days=rng.randint(0, 360))
    first, last = {"far": (61, 364), "soon": (1, 60), "ended": (-400, -1), "suspended": (30, 330), "revoked": (30, 330)}[outcome]
    return loading.day(rng.randint(first, last))


def _first_day(last: dt.date) -> dt.date:
    return add_years(last + dt.timedelta(days=1), -1)


def _paper(loading: Loading, shop: Shop, first: dt.date, last: dt.date, rng: Random) -> Paper:
    carried_over_on = max(first - dt.timedelta(days=rng.randint(1, 20)), loading.day(-PORTAL_DAYS))
    return Paper(shop=shop, first_day=first, last_day=last, at=loading.instant(carried_over_on, rng))


def _previous(loading: Loading, paper: Paper, rng: Random) -> Paper:
    """The previous licence, superseded by a paper."""
    last = paper.first_day - dt.timedelta(days=1)
    first = add_years(paper.first_day, -1)
    before = _paper(loading, paper.shop, first, last, rng)
    before.state, before.moved_at = DocumentState.SUPERSEDED, max(paper.at, before.at)
    return before
