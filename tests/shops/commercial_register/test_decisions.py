"""A person decides a difference: what is taken over goes through the register's services, and nobody decides what they did not see."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import Organisation, User
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from sandbox.simulators.mobile_id.people import civil_id
from shops import invariants
from shops.commercial_register import queries as commercial_queries
from shops.commercial_register.services import decisions
from shops.models import RegisterChange, Shop, ShopEvent, TradeName
from shops.models.commercial_register import CommercialDifference
from shops.register import events
from shops.search.queries import SearchQuery, search_shops
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.shops.commercial_register.conftest import Commercial
from tests.shops.conftest import TESTS

pytestmark = pytest.mark.django_db
Both = tuple[Commercial, Shop]


def raised(both: Both, what: str, **facts: Any) -> CommercialDifference:
    commercial, shop = both
    commercial.happens(shop, what, **facts)
    commercial.delta()
    [row] = commercial.open().values()
    return row


def accept(row: CommercialDifference, by: User) -> CommercialDifference:
    row.refresh_from_db()
    return decisions.accept(difference=row, as_seen=decisions.fingerprint(row), by=by)


def test_an_accepted_name_is_the_shops_and_the_old_one_stays_findable(both: Both) -> None:
    commercial, shop = both
    old = shop.name_ar
    row = accept(raised(both, "rename", name_ar="صالون الدانة", name_en="Al-Dana Salon"), commercial.clerk)
    shop.refresh_from_db()
    assert (shop.name_ar, shop.name_en) == ("صالون الدانة", "Al-Dana Salon")
    assert TradeName.objects.get(shop=shop).name_ar == old
    assert [hit.shop_id for hit in search_shops(SearchQuery(text="الدانة")).hits] == [shop.pk]
    assert (row.state, row.decided_by, row.decided_at, row.ours["name_ar"]) == ("accepted", commercial.clerk, clock.now(), old)
    change = RegisterChange.objects.get(shop=shop)
    assert (change.source, change.actor_key) == (row.key, commercial.clerk.key)
    act = AuditEvent.objects.get(action="commercial.accepted")
    assert (act.subject, act.actor_role, act.data["kind"]) == (row.key, "register_keeper", "name")
    assert commercial_queries.as_of(shop) == clock.now() and list(invariants.findings()) == []


def test_an_accepted_activity_is_the_shops(both: Both) -> None:
    commercial, shop = both
    accept(raised(both, "activity", activity="SPA"), commercial.clerk)
    shop.refresh_from_db()
    assert shop.activity_id == "SPA" and ShopEvent.objects.filter(shop=shop, kind="activity_changed").exists()


def test_an_activity_that_the_municipality_does_not_know_cannot_be_taken_over(both: Both) -> None:
    commercial, shop = both
    row = raised(both, "activity", activity="ROCKETS")
    with pytest.raises(Refused, match="not_possible"):
        accept(row, commercial.clerk)
    shop.refresh_from_db()
    assert shop.activity_id == "WSAL"


def test_an_accepted_address_replaces_the_old_one_whole_and_moves_the_branch(both: Both) -> None:
    commercial, shop = both
    Shop.objects.filter(pk=shop.pk).update(unit="7", building="30")
    place = {"governorate": "FA", "area_ar": "خيطان", "block": "1", "street": "5", "plot": "88", "paci_number": "55667788"}
    accept(raised(both, "move", address=place), commercial.clerk)
    shop.refresh_from_db()
    assert (shop.area.name_ar, shop.branch_id, shop.plot, shop.paci_number) == ("خيطان", "FA", "88", "55667788")
    assert (shop.building, shop.unit) == ("", "")  # of another place
    assert ShopEvent.objects.filter(shop=shop, kind="moved").exists()


def test_a_corrected_block_of_the_same_place_keeps_the_rest(both: Both) -> None:
    commercial, shop = both
    place = {"block": "5", "paci_number": shop.paci_number}
    accept(raised(both, "move", address=place), commercial.clerk)
    shop.refresh_from_db()
    assert (shop.block, shop.street, shop.building) == ("5", "12", "30")


def test_an_area_that_is_in_no_list_cannot_be_taken_over(both: Both) -> None:
    commercial, _shop = both
    row = raised(both, "move", address={"area_ar": "أتلانتس", "paci_number": "55667788", "block": "1", "street": "1", "building": "1"})
    with pytest.raises(Refused, match="not_possible"):
        accept(row, commercial.clerk)


def test_an_accepted_cancellation_closes_the_shop_and_what_else_differed(both: Both) -> None:
    commercial, shop = both
    raised(both, "rename")
    commercial.happens(shop, "cancel", cancelled_on="2026-11-20")
    commercial.delta()
    row = commercial.open()["cancelled"]
    accept(row, commercial.clerk)
    shop.refresh_from_db()
    assert shop.closed_on == dt.date(2026, 11, 20) and commercial.open() == {}


def test_a_cancellation_to_come_closes_today_and_not_tomorrow(both: Both) -> None:
    commercial, shop = both
    accept(raised(both, "cancel", cancelled_on="2027-01-01"), commercial.clerk)
    shop.refresh_from_db()
    assert shop.closed_on == clock.today()


def test_a_licence_valid_again_opens_the_closed_shop(both: Both) -> None:
    commercial, shop = both
    accept(raised(both, "cancel"), commercial.clerk)
    row = raised(both, "restore")
    assert row.kind == "restored"
    accept(row, commercial.clerk)
    shop.refresh_from_db()
    assert shop.closed_on is None


def test_a_licence_not_known_there_suspends_the_shop_when_a_person_says_so(both: Both) -> None:
    commercial, shop = both
    commercial.holds()
    commercial.delta()
    accept(commercial.open()["unknown"], commercial.clerk)
    shop.refresh_from_db()
    assert shop.suspended_on == clock.today()


def test_a_new_licence_opens_a_shop_for_the_organisation_that_owns_it(both: Both) -> None:
    commercial, _shop = both
    commercial.happens("900001/2026", "new", owner={"registration_no": "88001"})
    commercial.delta()
    row = accept(commercial.open()["new_shop"], commercial.clerk)
    made = Shop.objects.get(commercial_license_no="900001/2026")
    assert made.organisation == Organisation.objects.get(commercial_register_no="88001")
    assert (made.branch_id, made.facts_source, row.shop) == ("HA", "moci", made)
    assert ShopEvent.objects.get(shop=made).source == row.key
    assert [hit.shop_id for hit in search_shops(SearchQuery(text=made.name_ar)).hits][:1] == [made.pk]
    assert commercial.delta().raised == 0 and list(invariants.findings()) == []


def test_a_new_licence_opens_a_shop_for_the_person_who_owns_it(both: Both) -> None:
    commercial, _shop = both
    owner = PersonFactory(civil_id=civil_id(5))
    commercial.happens("900001/2026", "new", owner={"civil_id": civil_id(5)})
    commercial.delta()
    accept(commercial.open()["new_shop"], commercial.clerk)
    assert Shop.objects.get(commercial_license_no="900001/2026").owner == owner


def test_a_new_licence_of_somebody_unknown_waits_until_they_have_signed_in(both: Both) -> None:
    commercial, _shop = both
    commercial.happens("900001/2026", "new", owner={"civil_id": civil_id(5)})
    commercial.delta()
    row = commercial.open()["new_shop"]
    with pytest.raises(Refused, match="not_possible"):
        accept(row, commercial.clerk)
    PersonFactory(civil_id=civil_id(5))
    accept(row, commercial.clerk)


def test_what_cannot_be_read_cannot_be_taken_over_and_a_good_version_settles_it(both: Both) -> None:
    commercial, shop = both
    row = raised(both, "set", valid_until="never")
    with pytest.raises(Refused, match="not_possible"):
        accept(row, commercial.clerk)
    commercial.happens(shop, "renew", valid_until="2027-11-30")
    commercial.delta()
    row.refresh_from_db()
    assert (row.state, row.last_event.reason) == ("settled", "agrees")


def test_nobody_decides_what_changed_after_they_looked(both: Both) -> None:
    commercial, shop = both
    row = raised(both, "rename", name_ar="صالون الدانة")
    looked_at = decisions.fingerprint(row)
    commercial.happens(shop, "rename", name_ar="صالون اللؤلؤة")
    commercial.delta()
    for act in (
        lambda: decisions.accept(difference=row, as_seen=looked_at, by=commercial.clerk),
        lambda: decisions.dismiss(difference=row, as_seen=looked_at, code="spelling_only", by=commercial.clerk),
    ):
        with pytest.raises(Refused, match="changed_meanwhile"):
            act()
    shop.refresh_from_db()
    assert shop.name_ar not in ("صالون الدانة", "صالون اللؤلؤة")


def test_nobody_decides_over_a_shop_that_changed_here_meanwhile(both: Both) -> None:
    commercial, shop = both
    row = raised(both, "rename", name_ar="صالون الدانة")
    looked_at = decisions.fingerprint(row)
    Shop.objects.filter(pk=shop.pk).update(name_ar="صالون القرار")
    with pytest.raises(Refused, match="changed_meanwhile"):
        decisions.accept(difference=row, as_seen=looked_at, by=commercial.clerk)


def test_a_dismissed_difference_is_not_shown_again_while_both_say_the_same(both: Both) -> None:
    commercial, shop = both
    row = raised(both, "rename", name_ar="صالون الدانة")
    decisions.dismiss(difference=row, as_seen=decisions.fingerprint(row), code="register_is_wrong", by=commercial.clerk)
    row.refresh_from_db()
    assert (row.state, row.last_event.reason) == ("dismissed", "register_is_wrong")
    commercial.happens(shop, "renew", valid_until="2027-11-30")
    assert commercial.delta().raised == 0
    shop.refresh_from_db()
    assert commercial_queries.as_of(shop) < clock.now()  # taken over but for the name, which still differs
    commercial.happens(shop, "rename", name_ar="صالون اللؤلؤة")
    assert commercial.delta().raised == 1


def test_a_difference_is_dismissed_for_a_reason_of_the_list_only(both: Both) -> None:
    commercial, _shop = both
    row = raised(both, "rename")
    with pytest.raises(Refused, match="unknown_code"):
        decisions.dismiss(difference=row, as_seen=decisions.fingerprint(row), code="because", by=commercial.clerk)


def test_a_difference_is_decided_once(both: Both) -> None:
    commercial, _shop = both
    row = raised(both, "rename")
    looked_at = decisions.fingerprint(row)
    decisions.accept(difference=row, as_seen=looked_at, by=commercial.clerk)
    with pytest.raises(Refused, match="decided_already"):
        decisions.accept(difference=row, as_seen=looked_at, by=commercial.clerk)
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        CommercialDifference.objects.update(theirs={})


def test_only_keepers_of_the_register_decide(both: Both) -> None:
    row = raised(both, "rename")
    for role in ("officer", "supervisor", "auditor", "operator"):
        other = StaffFactory(groups=[role], login=role)
        with pytest.raises(NotPermitted):
            decisions.accept(difference=row, as_seen=decisions.fingerprint(row), by=other)
        with pytest.raises(NotPermitted):
            decisions.dismiss(difference=row, as_seen=decisions.fingerprint(row), code="spelling_only", by=other)


def test_a_shop_that_was_closed_meanwhile_takes_nothing_over(both: Both) -> None:
    commercial, shop = both
    row = raised(both, "rename")
    events.close(shop=shop, source="case:1", actor=TESTS)
    with pytest.raises(Refused, match="not_possible"):
        accept(row, commercial.clerk)


def test_a_refusal_of_the_register_leaves_the_difference_open(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    commercial, shop = both
    row = raised(both, "rename")

    def refuse(*_: Any, **__: Any) -> Any:
        raise RuntimeError("the register failed")

    monkeypatch.setattr(decisions, "record", refuse)
    with pytest.raises(RuntimeError):
        accept(row, commercial.clerk)
    row.refresh_from_db()
    shop.refresh_from_db()
    assert row.state == "open" and not RegisterChange.objects.exists() and shop.name_ar == row.ours["name_ar"]
