"""Events by hand: proposed with reason and reference, confirmed by a second person, written by the services of the register only."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from shops import invariants
from shops.models import EventProposal, Shop, ShopEvent
from shops.office.services import changes, merges
from shops.office.views.changes import EventForm
from shops.register.services import FactChange, change_register
from shops.search.queries import SearchQuery, search_shops
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.due_jobs import run_due
from tests.factories.accounts import PersonFactory, StaffFactory

pytestmark = pytest.mark.django_db
WHY = "كتاب إدارة التراخيص بإغلاق المحل"


@pytest.fixture
def propose(clerk: Any) -> Callable[..., EventProposal]:
    def act(shop: Shop, kind: str, **more: Any) -> EventProposal:
        said = {"on": clock.today() - dt.timedelta(days=2), "note_ar": WHY, "reference": "م ب/12/2026", "asked_by": clerk}
        return changes.propose(shop=shop, kind=kind, **said | more)

    return act


def test_an_event_by_hand_changes_nothing_until_a_second_person_confirms(
    make_shop: Callable[..., Shop], propose: Callable[..., EventProposal], keeper: Any
) -> None:
    shop = make_shop()
    for kind, column, stands in (
        ("suspended", "suspended_on", True),
        ("resumed", "suspended_on", False),
        ("closed", "closed_on", True),
        ("reopened", "closed_on", False),
    ):
        act = propose(shop, kind)
        shop.refresh_from_db()
        before = shop.events.count()
        changes.allow(proposal=act, allowed_by=keeper)
        shop.refresh_from_db()
        assert (getattr(shop, column) is not None) == stands and shop.events.count() == before + 1
        event = ShopEvent.objects.get(shop=shop, source=act.key)
        assert (event.kind, event.on, event.actor_key) == (kind, act.on, keeper.key)
    assert list(invariants.findings()) == []
    asked = AuditEvent.objects.filter(action="shop.event_asked").order_by("pk")[0]
    assert asked.commitment and WHY not in str(asked.data)


def test_a_new_name_and_a_new_address_go_through_the_register(
    make_shop: Callable[..., Shop], propose: Callable[..., EventProposal], keeper: Any
) -> None:
    shop = make_shop(name_ar="مخبز السنبلة", opened_on=dt.date(2020, 1, 1))
    changes.allow(proposal=propose(shop, "renamed", after={"name_ar": "مخبز الوادي", "name_en": "", "owner_id": 1}), allowed_by=keeper)
    changes.allow(proposal=propose(shop, "moved", after={"block": "9", "street": "12"}), allowed_by=keeper)
    shop.refresh_from_db()
    assert (shop.name_ar, shop.block, shop.former_names.get().name_ar) == ("مخبز الوادي", "9", "مخبز السنبلة")
    assert shop.organisation is not None, "no proposal changes the holder"
    on = clock.today() - dt.timedelta(days=2)
    assert list(shop.events.filter(kind__in=["renamed", "moved"]).values_list("on", flat=True)) == [on, on]
    assert shop.former_names.get().last_day == on - dt.timedelta(days=1), "the day that was allowed, not that of the signature"
    assert str(EventForm.base_fields["on"].help_text).endswith("2024-05-31."), "the page promises no other day"
    for text in ("السنبلة", "الوادي"):
        assert {hit.shop_id for hit in search_shops(SearchQuery(text)).hits} == {shop.pk}


def test_a_new_address_has_a_building_or_a_plot(make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    address = {"area": shop.area_id, "block": "9", "street": "12", "paci_number": shop.paci_number}
    data = {"kind": "moved", "on": "2026-11-01", "reference": "1", "note_ar": WHY, **address}
    assert EventForm(data).errors.keys() == {"building"} == EventForm({**data, "building": "3", "plot": "4"}).errors.keys()
    assert EventForm({**data, "plot": "4"}).is_valid()


def test_a_proposal_is_not_written_over_what_the_register_learnt_meanwhile(
    make_shop: Callable[..., Shop], propose: Callable[..., EventProposal], keeper: Any, frozen_clock: Clock
) -> None:
    shop = make_shop(block="4", street="1")
    moved = propose(shop, "moved", after={"street": "12"})
    frozen_clock.move(hours=1)
    facts = [FactChange("address", {"block": "9", "street": "2"}), FactChange("trade_name", {"name_ar": "مخبز الوادي"})]
    change_register(shop=shop, changes=facts, source="case:1", actor=system("tests"))
    with pytest.raises(Refused, match="changed_meanwhile"):
        changes.allow(proposal=moved, allowed_by=keeper)
    shop.refresh_from_db()
    assert (shop.block, shop.street) == ("9", "2"), "no address that nobody stated"
    changes.refuse(proposal=moved, refused_by=keeper)
    frozen_clock.move(hours=1)
    changes.allow(proposal=propose(shop, "moved", after={"street": "12"}), allowed_by=keeper)
    shop.refresh_from_db()
    assert (shop.block, shop.street) == ("9", "12")


@pytest.mark.parametrize(
    ("kind", "more", "code"),
    [
        ("opened", {}, "unknown_kind"),
        ("closed", {"note_ar": "x"}, "no_reason"),
        ("closed", {"reference": " "}, "no_reference"),
        ("closed", {"on": dt.date(2999, 1, 1)}, "future"),
        ("resumed", {}, "not_suspended"),
        ("reopened", {}, "not_closed"),
        ("renamed", {}, "nothing_new"),
        ("moved", {"after": {"block": "4"}}, "nothing_new"),
    ],
)
def test_a_proposal_that_says_nothing_or_cannot_be_is_refused(
    kind: str, more: dict[str, Any], code: str, make_shop: Callable[..., Shop], propose: Callable[..., EventProposal]
) -> None:
    with pytest.raises(Refused, match=code) as refusal:
        propose(make_shop(), kind, **more)
    assert str(refusal.value.sentence) and not EventProposal.objects.exists()


@pytest.mark.parametrize(("column", "kind"), [("closed_on", "reopened"), ("suspended_on", "resumed")])
def test_a_shop_is_not_open_again_before_it_was_closed_or_suspended(
    column: str, kind: str, make_shop: Callable[..., Shop], propose: Callable[..., EventProposal], keeper: Any
) -> None:
    """Events are never changed: the days of both would stand in the wrong order for good."""
    since = clock.today() - dt.timedelta(days=5)
    shop = make_shop(**{column: since})
    with pytest.raises(Refused, match="too_early"):
        propose(shop, kind, on=since - dt.timedelta(days=1))
    act = propose(shop, kind, on=since)
    Shop.objects.filter(pk=shop.pk).update(**{column: since + dt.timedelta(days=1)})
    with pytest.raises(Refused, match="too_early"):
        changes.allow(proposal=act, allowed_by=keeper)


def test_a_closing_that_lies_ahead_is_taken_back_on_any_day(
    make_shop: Callable[..., Shop], propose: Callable[..., EventProposal], keeper: Any
) -> None:
    shop = make_shop(closed_on=clock.today() + dt.timedelta(days=5))
    changes.allow(proposal=propose(shop, "reopened", on=clock.today()), allowed_by=keeper)
    shop.refresh_from_db()
    assert shop.closed_on is None


def test_one_person_is_not_both_and_one_proposal_waits_at_a_time(
    make_shop: Callable[..., Shop], propose: Callable[..., EventProposal]
) -> None:
    both = StaffFactory(groups=["register_clerk", "register_keeper"], login="both")
    shop = make_shop()
    act = propose(shop, "closed", asked_by=both)
    with pytest.raises(NotPermitted, match="same_person"):
        changes.allow(proposal=act, allowed_by=both)
    with pytest.raises(Refused, match="asked_already"):
        propose(shop, "suspended")
    changes.refuse(proposal=act, refused_by=both)
    propose(shop, "suspended")
    with pytest.raises(NotPermitted, match="not_your_role"):
        propose(shop, "closed", asked_by=StaffFactory(groups=["officer"], login="of"))


def test_the_database_writes_no_event_by_hand_that_nobody_confirmed(
    make_shop: Callable[..., Shop], propose: Callable[..., EventProposal], keeper: Any
) -> None:
    shop = make_shop()
    act = propose(shop, "closed")

    def by_hand() -> None:
        with transaction.atomic():
            ShopEvent.objects.create(shop=shop, kind="closed", on=act.on, source=act.key, actor_key="x", at=clock.now())

    with pytest.raises(IntegrityError, match="guard:not_confirmed"):
        by_hand()
    without_guards()
    by_hand()
    assert shop.events.filter(kind="closed").exists(), "the control: without the guard it does"


def test_the_holder_is_told_what_staff_entered_about_the_shop(
    make_shop: Callable[..., Shop], propose: Callable[..., EventProposal], clerk: Any, keeper: Any
) -> None:
    holder = PersonFactory()
    shop, other = make_shop(owner=holder, organisation=None), make_shop(owner=holder, organisation=None)
    act = propose(shop, "closed")
    run_due(("shops.tell_holders",))
    assert not Message.objects.filter(person=holder).exists(), "nothing is entered yet"
    changes.allow(proposal=act, allowed_by=keeper)
    run_due(("shops.tell_holders",))
    told = Message.objects.get(person=holder, kind="shops.register_changed")
    assert told.subject_key == shop.key and "Closed" in told.title_en and "مغلق" in told.title_ar
    merges.allow(merge=merges.propose(shop=other, into=shop, note_ar=WHY, asked_by=clerk), allowed_by=keeper)
    run_due(("shops.tell_holders",))
    of_merge = Message.objects.filter(person=holder, kind="shops.register_changed").exclude(pk=told.pk)
    assert {row.subject_key for row in of_merge} == {shop.key, other.key} and of_merge.count() == 2
