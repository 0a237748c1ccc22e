"""Licences from paper in every state, with some of those that went before."""

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
from sandbox.demo.shops import stories
from sandbox.demo.shops.rows import ELSEWHERE, FOOD
from shops.models import Shop
from shops.register.queries import with_names

PORTAL_DAYS = 200  # how long before the anchor the paper register was read in
FATES = (("far", 60), ("soon", 14), ("ended", 12), ("suspended", 4), ("revoked", 3), ("none", 2))
SUSPENDED_FOR = ("layout_changed", "commercial_license_ended", "outside_licensed_area")
REVOKED_FOR = ("location_given_up", "activity_changed")


def run(loading: Loading) -> str:
    rng = seeded("licences step")
    officers = {user.branch_id: actor_of(user) for user in User.objects.filter(groups__name="officer")}
    told = {place.commercial_license_no: place.story for place in stories.placed()}
    waiting = case_shop_ids()
    papers: list[Paper] = []
    for shop in with_names(Shop.objects.order_by("pk")):
        story = told.get(shop.commercial_license_no)
        papers += papers_of(loading, shop, rng, officers, story=story, is_waiting=shop.pk in waiting)
    count = carry_over(papers, rng)
    return f"{count} licences carried over from paper"


def case_shop_ids() -> set[int]:
    """Shops whose renewals the demo tells as past cases: those of the plain people and of the three organisations."""
    names = [p.name_en for p in people.PEOPLE if p.role == "owner" and not p.story]
    numbers = [number for _, _, number, _ in ORGANISATIONS]
    owned = Shop.objects.filter(owner__name_en__in=names).exclude(activity__in=ELSEWHERE)
    signed = Shop.objects.filter(organisation__commercial_register_no__in=numbers).exclude(activity__in=ELSEWHERE)
    found = sorted({*owned.values_list("pk", flat=True), *signed.values_list("pk", flat=True)})
    return set(found[: len(found) * 4 // 5])


def papers_of(
    loading: Loading,
    shop: Shop,
    rng: Random,
    officers: dict[str | None, Actor],
    *,
    story: stories.Story | None = None,
    is_waiting: bool = False,
) -> list[Paper]:
    """The paper licences of one shop, oldest first; none for some."""
    fate = story.key if story else "food" if shop.activity_id in FOOD else rng.choices([f for f, _ in FATES], [w for _, w in FATES])[0]
    if fate == "none" or (fate != "food" and shop.activity_id in ELSEWHERE) or (fate == "food" and not story and rng.random() < 0.5):
        return []
    if story and fate != "food":
        last = loading.day(story.last_day)
    elif is_waiting:
        last = loading.day(rng.randint(2, 58) - rng.randint(1, 120))
        fate = "soon"
    else:
        last = _last_day(loading, fate, rng)
    paper = _paper(loading, shop, _first_day(last), last, rng)
    papers = [paper]
    if fate in ("suspended", "revoked"):
        paper.state = DocumentState.SUSPENDED if fate == "suspended" else DocumentState.REVOKED
        paper.moved_at = loading.instant(loading.day(-rng.randint(1, 30)), rng)
        paper.reason = rng.choice(SUSPENDED_FOR if fate == "suspended" else REVOKED_FOR)
        paper.mover = officers[shop.branch_id]
    if fate == "changed":
        before = "7" if shop.street != "7" else "8"
        paper.registered_facts = shop.registered_facts() | {"street": before}
    while fate != "food" and rng.random() < 0.35 and len(papers) < 3:
        papers.insert(0, _before(loading, papers[0], rng))
    return papers


def _last_day(loading: Loading, fate: str, rng: Random) -> dt.date:
    if fate == "food":  # licensed here before food passed to its own authority in July 2018
        return dt.date(2018, 7, 14) + dt.timedelta(days=rng.randint(0, 360))
    first, last = {"far": (61, 364), "soon": (1, 60), "ended": (-400, -1), "suspended": (30, 330), "revoked": (30, 330)}[fate]
    return loading.day(rng.randint(first, last))


def _first_day(last: dt.date) -> dt.date:
    return add_years(last + dt.timedelta(days=1), -1)


def _paper(loading: Loading, shop: Shop, first: dt.date, last: dt.date, rng: Random) -> Paper:
    carried = max(first - dt.timedelta(days=rng.randint(1, 20)), loading.day(-PORTAL_DAYS))
    return Paper(shop=shop, first_day=first, last_day=last, at=loading.instant(carried, rng))


def _before(loading: Loading, paper: Paper, rng: Random) -> Paper:
    """The licence that went before, superseded by this one."""
    last = paper.first_day - dt.timedelta(days=1)
    first = add_years(paper.first_day, -1)
    before = _paper(loading, paper.shop, first, last, rng)
    before.state, before.moved_at = DocumentState.SUPERSEDED, max(paper.at, before.at)
    return before
