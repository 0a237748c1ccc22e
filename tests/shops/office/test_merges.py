"""Two entries that are one shop: by two people, found by both names, readable behind, undone by another act, kept by the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import translation

from licensing.health.services import renewals
from licensing.health.states import RENEWAL
from municipality.audit.models import AuditEvent
from municipality.cases.services import lift_block, place_block
from municipality.delegation.notifications import DelegationOver
from municipality.delegation.queries import offered_to
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from shops import invariants
from shops.claims import services as claims
from shops.models import SearchEntry, Shop, ShopEvent, ShopMerge
from shops.office import candidates
from shops.office.services import changes, merges
from shops.register import queries
from shops.register.services import FactChange, change_register
from shops.registry import OPEN_MATTERS
from shops.search.queries import SearchQuery, search_shops
from tests.database_guards import without_guards
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.published_rules import publish_rulebook
from tests.shops.conftest import TESTS
from violations.services import assessments

pytestmark = pytest.mark.django_db
WHY = "الرقم نفسه في المحضر والعنوان واحد"


@pytest.fixture
def merge(clerk: Any, keeper: Any) -> Callable[[Shop, Shop], ShopMerge]:
    def act(shop: Shop, into: Shop) -> ShopMerge:
        return merges.allow(merge=merges.propose(shop=shop, into=into, note_ar=WHY, asked_by=clerk), allowed_by=keeper)

    return act


@pytest.fixture
def two(make_shop: Callable[..., Shop]) -> tuple[Shop, Shop]:
    return make_shop(name_ar="مخبز السنبلة", name_en="Sunbula Bakery"), make_shop(name_ar="مخبز الوادي", name_en="Wadi Bakery")


def found(text: str) -> list[int]:
    return [hit.shop_id for hit in search_shops(SearchQuery(text)).hits]


def test_the_other_shop_is_found_by_the_names_and_numbers_of_both(two: tuple[Shop, Shop], merge: Callable[..., ShopMerge]) -> None:
    goes, stays = two
    change_register(shop=goes, changes=[FactChange("trade_name", {"name_ar": "مخبز الربيع"})], source="case:1", actor=TESTS)
    act = merge(goes, stays)
    for text in ("السنبلة", "الربيع", goes.commercial_license_no, goes.paci_number, stays.commercial_license_no, "الوادي"):
        assert found(text) == [stays.pk], text
    assert not SearchEntry.objects.filter(pk=goes.pk).exists()
    assert list(invariants.findings()) == []
    events = ShopEvent.objects.filter(source=act.key).order_by("shop")
    assert {(event.shop_id, event.kind) for event in events} == {(goes.pk, "merged"), (stays.pk, "merged")}
    assert [a.action for a in AuditEvent.objects.filter(subject=goes.key).order_by("-pk")[:2]] == ["shop.merged", "shop.merge_asked"]


def test_the_page_of_a_merged_shop_leads_to_the_one_that_stands_for_it(
    two: tuple[Shop, Shop], merge: Callable[..., ShopMerge], client: Client
) -> None:
    goes, stays = two
    merge(goes, stays)
    answer = client.get(f"/ar/shops/{goes.public_id}/مخبز-السنبلة/", follow=True)
    assert answer.redirect_chain and stays.public_id in answer.redirect_chain[-1][0]
    page = answer.content.decode()
    assert goes.commercial_license_no in page and "السنبلة" in page


def test_whoever_asks_by_the_number_of_a_merged_shop_gets_the_one_that_stands(
    two: tuple[Shop, Shop], merge: Callable[..., ShopMerge]
) -> None:
    goes, stays = two
    merge(goes, stays)
    assert queries.by_licence([goes.commercial_license_no]) == {goes.commercial_license_no: stays}
    assert claims.find_shop(person=PersonFactory(), number=goes.commercial_license_no) == stays


def test_nothing_new_begins_at_a_merged_shop(two: tuple[Shop, Shop], merge: Callable[..., ShopMerge]) -> None:
    goes, stays = two
    merge(goes, stays)
    goes.refresh_from_db()
    queries.refuse_merged(stays)
    somebody = PersonFactory()
    for begin in (
        lambda: queries.refuse_merged(goes),
        lambda: renewals.submit(shop=goes, applicant=somebody),
        lambda: assessments._require_first(SimpleNamespace(shop=goes, offence="CLN-03"), clock.today(), lock=True),  # type: ignore[arg-type]
        lambda: claims.begin(shop=goes, person=somebody),
    ):
        with pytest.raises(Refused, match="merged"):
            begin()


def test_a_merged_shop_is_in_nobodys_list_and_what_hangs_on_it_stays(
    make_shop: Callable[..., Shop], merge: Callable[..., ShopMerge]
) -> None:
    holder = PersonFactory()
    goes, stays = (make_shop(owner=holder, organisation=None) for _ in range(2))
    change_register(shop=goes, changes=[FactChange("trade_name", {"name_ar": "مخبز"})], source="case:1", actor=TESTS)
    merge(goes, stays)
    assert list(queries.held_by(holder)) == [stays]
    assert goes.changes.count() == 1 and goes.former_names.count() == 1


def test_a_delegation_that_was_offered_for_a_merged_shop_and_not_accepted_ends_and_both_sides_are_told(
    make_shop: Callable[..., Shop], merge: Callable[..., ShopMerge]
) -> None:
    publish_rulebook("limits.delegation")
    holder, named = PersonFactory(), PersonFactory(civil_id="290010100054")
    goes, stays = (make_shop(owner=holder, organisation=None) for _ in range(2))
    until = clock.today() + dt.timedelta(days=30)
    ends, other = (
        delegations.give(giver=holder, number="290010100054", subject=shop.key, service=RENEWAL, last_day=until) for shop in (goes, stays)
    )
    merge(goes, stays)
    assert list(offered_to(named)) == [other] and AuditEvent.objects.filter(action="delegation.lapse", subject=ends.key).exists()
    told = Message.objects.filter(kind=DelegationOver.kind)
    assert {message.person for message in told} == {holder, named}
    assert all("merged into another one" in message.body_en and "دُمج المحل" in message.body_ar for message in told)


def test_another_act_of_two_people_undoes_it_and_both_are_found_again(
    two: tuple[Shop, Shop], merge: Callable[..., ShopMerge], clerk: Any, keeper: Any
) -> None:
    goes, stays = two
    merge(goes, stays)
    undo = merges.propose_split(shop=goes, note_ar="محلان مختلفان بعد المعاينة", asked_by=clerk)
    merges.allow(merge=undo, allowed_by=keeper)
    goes.refresh_from_db()
    assert goes.merged_into is None
    assert found("السنبلة") == [goes.pk] and found("الوادي") == [stays.pk] and found(goes.commercial_license_no) == [goes.pk]
    assert list(goes.events.order_by("pk").values_list("kind", flat=True)) == ["opened", "merged", "split"]
    assert list(invariants.findings()) == []
    merge(goes, stays)  # and again, by a third act
    assert found("السنبلة") == [stays.pk]


def test_whoever_proposed_it_does_not_confirm_it_even_with_both_roles(two: tuple[Shop, Shop]) -> None:
    both = StaffFactory(groups=["register_clerk", "register_keeper"], login="both")
    act = merges.propose(shop=two[0], into=two[1], note_ar=WHY, asked_by=both)
    with pytest.raises(NotPermitted, match="same_person"):
        merges.allow(merge=act, allowed_by=both)
    with pytest.raises(IntegrityError, match="shops_merge_two_people"), transaction.atomic():
        ShopMerge.objects.filter(pk=act.pk).update(allowed_by=both, allowed_at=act.asked_at)


def test_chains_circles_and_second_proposals_are_refused(
    two: tuple[Shop, Shop], make_shop: Callable[..., Shop], merge: Callable[..., ShopMerge], clerk: Any, keeper: Any
) -> None:
    goes, stays = two
    third = make_shop()
    for shop, into, note_ar, code in ((goes, goes, WHY, "same_shop"), (goes, stays, "x", "no_reason")):
        with pytest.raises(Refused, match=code):
            merges.propose(shop=shop, into=into, note_ar=note_ar, asked_by=clerk)
    act = merges.propose(shop=goes, into=stays, note_ar=WHY, asked_by=clerk)
    with pytest.raises(Refused, match="asked_already"):
        merges.propose(shop=goes, into=third, note_ar=WHY, asked_by=clerk)
    merges.refuse(merge=act, refused_by=clerk)
    with pytest.raises(Refused, match="done"):
        merges.allow(merge=act, allowed_by=keeper)
    merge(goes, stays)
    for shop, into, code in ((goes, third, "merged_already"), (third, goes, "merged_already"), (stays, third, "stands_for_others")):
        with pytest.raises(Refused, match=code):
            merges.propose(shop=shop, into=into, note_ar=WHY, asked_by=clerk)
    with pytest.raises(Refused, match="not_merged"):
        merges.propose_split(shop=third, note_ar=WHY, asked_by=clerk)


def test_a_shop_with_open_matters_is_not_merged_away_also_if_they_open_meanwhile(two: tuple[Shop, Shop], clerk: Any, keeper: Any) -> None:
    act = merges.propose(shop=two[0], into=two[1], note_ar=WHY, asked_by=clerk)
    OPEN_MATTERS.register("tests", lambda shop: ["مفتوح"])
    try:
        with pytest.raises(Refused, match="open_matters"):
            merges.allow(merge=act, allowed_by=keeper)
    finally:
        OPEN_MATTERS.pop("tests")
    assert Shop.objects.get(pk=two[0].pk).merged_into is None
    merges.allow(merge=act, allowed_by=keeper)


@pytest.mark.parametrize("what", ["blocked", "proposed"])
def test_a_shop_with_a_block_or_a_proposed_event_is_not_merged_away(what: str, two: tuple[Shop, Shop], clerk: Any, keeper: Any) -> None:
    act = merges.propose(shop=two[0], into=two[1], note_ar=WHY, asked_by=clerk)
    if what == "blocked":
        with transaction.atomic():
            place_block(subject=two[0].key, ground="t", source="tests", stops="t", sentence_ar="س", sentence_en="x", actor=TESTS)
    else:
        proposal = changes.propose(shop=two[0], kind="suspended", on=clock.today(), note_ar=WHY, reference="م ب/1", asked_by=clerk)
    with pytest.raises(Refused, match="open_matters") as refusal:
        merges.allow(merge=act, allowed_by=keeper)
    with translation.override("en"):
        assert what in str(refusal.value.sentence)
    if what == "blocked":
        with transaction.atomic():
            lift_block(subject=two[0].key, source="tests", actor=TESTS)
    else:
        changes.refuse(proposal=proposal, refused_by=keeper)
    merges.allow(merge=act, allowed_by=keeper)


def test_the_database_lets_a_shop_stand_for_another_by_a_confirmed_act_only(two: tuple[Shop, Shop], clerk: Any) -> None:
    goes, stays = two

    def by_hand() -> None:
        with transaction.atomic():
            Shop.objects.filter(pk=goes.pk).update(merged_into=stays)

    with pytest.raises(IntegrityError, match="guard:not_confirmed"):
        by_hand()
    merges.propose(shop=goes, into=stays, note_ar=WHY, asked_by=clerk)
    with pytest.raises(IntegrityError, match="guard:not_confirmed"):
        by_hand()
    without_guards()
    by_hand()
    assert Shop.objects.get(pk=goes.pk).merged_into == stays, "the control: without the guard it does"


def test_the_database_refuses_a_chain_and_an_act_that_was_already_undone(
    two: tuple[Shop, Shop], make_shop: Callable[..., Shop], merge: Callable[..., ShopMerge], clerk: Any, keeper: Any
) -> None:
    goes, stays = two
    third = make_shop()
    merge(goes, stays)
    merges.allow(merge=merges.propose_split(shop=goes, note_ar=WHY, asked_by=clerk), allowed_by=keeper)
    with pytest.raises(IntegrityError, match="guard:not_confirmed"), transaction.atomic():
        Shop.objects.filter(pk=goes.pk).update(merged_into=stays)
    merge(goes, stays)
    act = ShopMerge.objects.create(kind="merge", shop=third, into=goes, note_ar=WHY, asked_by=clerk, asked_at=goes.facts_at)
    ShopMerge.objects.filter(pk=act.pk).update(allowed_by=keeper, allowed_at=goes.facts_at)
    with pytest.raises(IntegrityError, match="guard:merged_in_a_chain"), transaction.atomic():
        Shop.objects.filter(pk=third.pk).update(merged_into=goes)
    with pytest.raises(IntegrityError, match="guard:frozen"), transaction.atomic():
        ShopMerge.objects.filter(pk=act.pk).update(allowed_by=clerk)


def test_candidates_are_equal_numbers_but_for_signs_and_equal_names_at_a_near_address(make_shop: Callable[..., Shop]) -> None:
    one, twin = make_shop(commercial_license_no="2020/5"), make_shop(commercial_license_no="2020-5")
    bakery = [
        make_shop(name_ar=name, **at) for name, at in (("مخبز الأمل", {}), ("مخبز الامل", {"street": "12"}), ("مخبز الأمل", {"block": "9"}))
    ]
    near, far = ({"latitude": 29.3, "longitude": 48.0, "block": "1"}, {"latitude": 29.4, "longitude": 48.0, "block": "3"})
    by_place = [make_shop(name_ar="كراج الدرب", **at) for at in (near, near | {"block": "2", "latitude": 29.3005}, far)]
    numbered, more = candidates.numbered()
    assert ([(pair.stays, pair.goes) for pair in numbered], more) == ([(one, twin)], "")
    pairs, following = candidates.named()
    assert {(pair.stays.pk, pair.goes.pk) for pair in pairs} == {(bakery[0].pk, bakery[1].pk), (by_place[0].pk, by_place[1].pk)}
    assert following == ("", 0)
