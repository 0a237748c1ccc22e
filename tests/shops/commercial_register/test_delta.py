"""A delta of the commercial register: everything once, the newest wins, what may be is taken over, the rest waits for a person."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.accounts import civil_ids
from municipality.audit.models import AuditEvent
from municipality.kernel import clock, guards
from municipality.kernel.errors import NotPermitted, Refused
from municipality.rulebook.models import LimitRule, RuleSet
from sandbox.simulators.mobile_id.people import civil_id
from shops.commercial_register import queries as commercial_queries
from shops.commercial_register.services import delta, updates
from shops.models import RegisterChange, RegisteredOwner, Shop, ShopEvent
from shops.models.commercial_register import (
    CommercialDifference,
    CommercialDifferenceEvent,
    CommercialFeed,
    CommercialLicence,
    CommercialNotice,
    CommercialOutage,
    CommercialRun,
    NoticeStatus,
)
from shops.office.services import merges
from tests.factories.accounts import StaffFactory
from tests.shops.commercial_register.conftest import Commercial, licence_of

pytestmark = pytest.mark.django_db
Both = tuple[Commercial, Shop]
Make = Callable[..., Shop]
SALIM = civil_id(7)


def test_two_registers_that_agree_leave_no_difference_and_a_fresh_shop(both: Both) -> None:
    commercial, shop = both
    run = CommercialRun.objects.get()
    assert (run.is_full, run.pages, run.fresh, run.raised, run.ended_at is not None) == (True, 1, 1, 0, True)
    shop.refresh_from_db()
    assert (shop.facts_source, shop.facts_at) == ("moci", clock.now())
    assert commercial.open() == {}


def test_a_renewed_licence_is_taken_over_with_its_trace(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "renew", valid_until="2027-11-30")
    run = commercial.delta()
    shop.refresh_from_db()
    assert (run.fresh, run.applied, run.raised) == (1, 1, 0)
    assert shop.commercial_license_end == dt.date(2027, 11, 30) and shop.facts_at == clock.now()
    change = RegisterChange.objects.get(shop=shop)
    assert (change.name, change.after, change.actor_key) == (
        "commercial_licence",
        {"valid_until": "2027-11-30"},
        "system:commercial_register",
    )
    assert AuditEvent.objects.get(action="shop.changed").data["by"] == f"moci:{CommercialNotice.objects.get(version=2).pk}"
    assert commercial.open() == {}


def test_what_is_told_of_a_merged_entry_changes_nothing_and_its_differences_are_settled(both: Both, make_shop: Make) -> None:
    commercial, goes = both
    commercial.happens(goes, "rename", name_ar="اسم آخر")
    commercial.delta()
    assert set(commercial.open(goes)) == {"name"}
    stays, clerk = make_shop(), StaffFactory(groups=["register_clerk"], login="merger")
    commercial.post("change", licence=stays.commercial_license_no, what="new", facts=licence_of(stays))
    proposed = merges.propose(shop=goes, into=stays, note_ar="محل واحد بقيدين", asked_by=clerk)
    merges.allow(merge=proposed, allowed_by=commercial.clerk)
    before = Shop.objects.filter(pk=goes.pk).values().get()
    commercial.happens(goes, "renew", valid_until="2028-01-31")
    run = commercial.delta()
    assert (run.applied, commercial.open(goes)) == (0, {})
    assert Shop.objects.filter(pk=goes.pk).values().get() == before


def test_a_split_entry_is_compared_with_what_was_told_while_it_was_merged(both: Both, make_shop: Make) -> None:
    """The register does not tell it again: without the comparison the page would call the old facts those of last night."""
    commercial, shop = both
    other, stays, clerk = make_shop(), make_shop(), StaffFactory(groups=["register_clerk"], login="merger")
    for row in (other, stays):
        commercial.post("change", licence=row.commercial_license_no, what="new", facts=licence_of(row))
    commercial.delta()
    for row in (shop, other):
        merges.allow(merge=merges.propose(shop=row, into=stays, note_ar="محل واحد بقيدين", asked_by=clerk), allowed_by=commercial.clerk)
    commercial.happens(shop, "cancel", cancelled_on="2026-11-20")
    commercial.happens(other, "renew", valid_until="2028-01-31")
    commercial.delta()
    assert commercial.open() == {}
    for row in (shop, other):
        merges.allow(merge=merges.propose_split(shop=row, note_ar="محلان اثنان", asked_by=clerk), allowed_by=commercial.clerk)
    commercial.work()
    assert set(commercial.open(shop)) == {"cancelled"} == set(commercial.open())
    other.refresh_from_db()
    assert other.commercial_license_end == dt.date(2028, 1, 31)
    assert commercial.delta().fresh == 0
    shop.refresh_from_db()
    assert commercial_queries.as_of(shop) == shop.facts_at, "the last delta confirms nothing that differs"


def test_a_shop_that_is_entered_later_is_compared_with_the_licence_that_was_told_before(both: Both, make_shop: Make) -> None:
    commercial, _shop = both
    commercial.happens("900001/2026", "new")
    commercial.delta()
    assert set(commercial.open()) == {"new_shop"}
    made = make_shop(commercial_license_no="900001/2026", name_ar="اسم آخر")
    commercial.delta()
    assert "name" in commercial.open(made) and "new_shop" not in commercial.open()


def test_a_licence_that_is_not_known_any_more_is_not_compared(both: Both) -> None:
    commercial, shop = both
    commercial.holds()
    commercial.delta()
    assert set(commercial.open(shop)) == {"unknown"}
    updates.compare_again(number=shop.commercial_license_no)
    assert set(commercial.open(shop)) == {"unknown"}, "its last known version says nothing"


def test_an_ended_licence_is_taken_over_as_its_last_day(both: Both) -> None:
    commercial, shop = both
    yesterday = clock.today() - dt.timedelta(days=1)
    commercial.happens(shop, "expire", valid_until=yesterday.isoformat())
    commercial.delta()
    shop.refresh_from_db()
    assert shop.commercial_license_end == yesterday and commercial.open() == {}


@pytest.mark.parametrize(
    ("what", "facts", "kind", "theirs"),
    [
        ("rename", {"name_ar": "صالون الدانة"}, "name", {"name_ar": "صالون الدانة"}),
        ("activity", {"activity": "SPA"}, "activity", {"activity": "SPA"}),
        ("move", {}, "address", {"block": "9", "building": "1"}),
        ("cancel", {"cancelled_on": "2026-11-20"}, "cancelled", {"cancelled_on": "2026-11-20"}),
        ("set", {"valid_until": "never"}, "unreadable", {"problem": "valid_until"}),
        ("set", {"name_ar": "س" * 161}, "unreadable", {"problem": "name_ar"}),
        ("set", {"status": "asleep"}, "unreadable", {"problem": "status"}),
        ("set", {"address": {"paci_number": "12"}}, "unreadable", {"problem": "paci_number"}),
        ("set", {"owner": {"civil_id": "1"}}, "unreadable", {"problem": "owner"}),
    ],
)
def test_what_needs_a_person_waits_and_changes_nothing(
    both: Both, what: str, facts: dict[str, Any], kind: str, theirs: dict[str, str]
) -> None:
    commercial, shop = both
    before = Shop.objects.values().get(pk=shop.pk)
    commercial.happens(shop, what, **facts)
    run = commercial.delta()
    assert (run.raised, list(commercial.open(shop))) == (1, [kind])
    row = commercial.open()[kind]
    assert theirs.items() <= row.theirs.items() and row.stated_at == clock.now() and row.notice is not None
    assert Shop.objects.values().get(pk=shop.pk) == before
    assert not RegisterChange.objects.exists() and not ShopEvent.objects.exclude(kind="opened").exists()


def test_a_whole_delta_twice_writes_no_row_twice(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename")
    commercial.happens(shop, "renew", valid_until="2027-11-30")
    commercial.delta()
    before = commercial.state()
    CommercialFeed.objects.update(cursor="")  # everything is delivered again
    run = commercial.delta()
    assert (run.known, run.fresh, run.raised, run.applied) == (1, 0, 0, 0)
    assert commercial.state() == before


def test_without_the_unique_version_the_second_delivery_would_be_written(both: Both) -> None:
    """The red control: the database refuses the row that the code would write if it did not look."""
    assert both
    notice = CommercialNotice.objects.get()
    notice.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        notice.save(force_insert=True)


def test_everything_delivered_twice_in_a_page_counts_once(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename", name_ar="صالون الدانة")
    commercial.behaves("duplicate")
    run = commercial.delta()
    assert (run.fresh, run.known, run.raised) == (1, 1, 1)
    assert CommercialNotice.objects.filter(version=2).count() == 1


def test_an_older_version_after_the_newer_is_kept_and_not_applied(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "renew", valid_until="2027-06-30")
    commercial.happens(shop, "renew", valid_until="2027-12-31")
    commercial.behaves("out_of_order")
    run = commercial.delta()
    shop.refresh_from_db()
    assert (run.fresh, run.late) == (1, 1)
    assert shop.commercial_license_end == dt.date(2027, 12, 31)
    late = CommercialNotice.objects.get(standing=NoticeStatus.LATE)
    assert (late.version, late.body["valid_until"]) == (2, "2027-06-30")
    assert CommercialLicence.objects.get().version == 3


def test_an_older_version_days_later_is_not_applied_either(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "renew", valid_until="2027-12-31")
    commercial.happens(shop, "set")
    commercial.delta()
    old = licence_of(shop, version=2, valid_until="2026-11-30")
    with transaction.atomic():
        tally = updates.apply(feed=delta.feed(), entries=[applying_entry(old)], run=None)
    shop.refresh_from_db()
    assert (tally.late, tally.applied) == (1, 0)
    assert shop.commercial_license_end == dt.date(2027, 12, 31)


def applying_entry(told: dict[str, Any]) -> Any:
    from shops.commercial_register import licences

    return licences.read(told)


def test_without_the_comparison_of_versions_the_old_value_wins(both: Both) -> None:
    """The red control of the test above, code and database: each alone still refuses."""
    commercial, shop = both
    commercial.happens(shop, "renew", valid_until="2027-12-31")
    commercial.happens(shop, "set")
    commercial.delta()
    old = licence_of(shop, version=2, valid_until="2026-11-30")

    def careless() -> None:
        rows = CommercialLicence.objects.all()
        blind = {row.licence_no: row for row in rows}
        for row in blind.values():
            row.version = -1
        real = updates._load

        def desk(*args: Any) -> Any:
            made = real(*args)
            for row in made.licences.values():
                row.version = -1
            return made

        with patch.object(updates, "_load", desk), transaction.atomic():
            updates.apply(feed=delta.feed(), entries=[applying_entry(old)], run=None)

    with pytest.raises(IntegrityError, match="older_version"):
        careless()
    shop.refresh_from_db()
    assert shop.commercial_license_end == dt.date(2027, 12, 31)
    connection.check_constraints()
    guards.remove(connection)
    careless()
    shop.refresh_from_db()
    assert shop.commercial_license_end == dt.date(2026, 11, 30)


def test_a_new_licence_of_a_known_activity_is_a_shop_to_be_looked_at(both: Both) -> None:
    commercial, _shop = both
    commercial.happens("900001/2026", "new")
    commercial.happens("900002/2026", "new", activity="OFFICE")
    run = commercial.delta()
    assert (run.fresh, run.raised) == (2, 1)
    row = commercial.open()["new_shop"]
    assert (row.licence_no, row.shop, row.theirs["activity"]) == ("900001/2026", None, "WSAL")


def test_a_shop_that_opened_meanwhile_settles_the_new_licence_by_itself(both: Both, make_shop: Make) -> None:
    commercial, _shop = both
    commercial.happens("900001/2026", "new")
    commercial.delta()
    row = commercial.open()["new_shop"]
    make_shop(commercial_license_no="900001/2026")
    commercial.delta()
    row.refresh_from_db()
    assert (row.state, row.last_event.reason) == ("settled", "shop_found")


def test_a_licence_that_a_whole_listing_lacks_is_a_difference_until_it_is_seen_again(both: Both) -> None:
    commercial, shop = both
    commercial.holds()
    commercial.delta()  # the old cursor is too old: a whole listing
    assert list(commercial.open(shop)) == ["unknown"]
    commercial.delta()
    assert CommercialDifference.objects.count() == 1
    commercial.holds(licence_of(shop))  # version 1 again, which is known
    run = commercial.delta()
    row = CommercialDifference.objects.get()
    assert (run.known, row.state, row.last_event.reason) == (1, "settled", "known_again")


def test_a_listing_that_lacks_most_of_our_licences_is_not_believed(commercial: Commercial, make_shop: Make) -> None:
    shops = [make_shop() for _ in range(25)]
    commercial.holds(licence_of(shops[0]))
    run = commercial.delta()
    assert (run.missing, run.is_doubted, run.raised) == (24, True, 0)
    assert commercial.open() == {}
    with patch.object(delta, "NEVER_DOUBTED", 24):  # the red control: believed, it sets one row before a person for each
        CommercialFeed.objects.update(cursor="")
        assert commercial.delta().raised == 24


def test_the_same_difference_stands_once_and_is_told_anew(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename", name_ar="صالون الدانة")
    commercial.delta()
    commercial.happens(shop, "rename", name_ar="صالون اللؤلؤة")
    run = commercial.delta()
    assert run.raised == 0
    row = CommercialDifference.objects.get()
    assert row.theirs["name_ar"] == "صالون اللؤلؤة" and row.stated_at == clock.now()
    event = CommercialDifferenceEvent.objects.get()
    assert (event.move, event.data["before"]["name_ar"]) == ("restate", "صالون الدانة")
    twin = CommercialDifference(feed=row.feed, licence_no=row.licence_no, kind=row.kind, found_at=clock.now(), stated_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_a_later_delta_that_agrees_settles_the_difference_with_a_note(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "rename", name_ar="صالون الدانة")
    commercial.delta()
    commercial.happens(shop, "set", name_ar=shop.name_ar, name_en=shop.name_en)
    run = commercial.delta()
    row = CommercialDifference.objects.get()
    assert (run.settled, row.state, row.last_event.reason, row.decided_by) == (1, "settled", "agrees", None)
    assert row.last_event.data == {"notice": CommercialNotice.objects.get(version=3).pk}


def test_spaces_and_the_spelling_of_an_area_are_no_difference(both: Both) -> None:
    commercial, shop = both
    told = licence_of(shop)
    told["address"]["area_ar"] = "السالميه"
    commercial.happens(shop, "set", name_ar=f"  {shop.name_ar.replace(' ', '   ')} ", address=told["address"])
    assert commercial.delta().raised == 0


def test_a_register_that_leaves_facts_out_says_nothing_about_them(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "set", name_en="", activity="", address={}, registration_no="")
    assert commercial.delta().raised == 0


def test_what_the_municipality_takes_by_itself_is_a_row_of_the_rulebook(both: Both) -> None:
    commercial, shop = both
    applying_rules(takes_validity=0, takes_name=1)
    commercial.happens(shop, "renew", valid_until="2027-11-30", name_ar="صالون الدانة")
    commercial.delta()
    shop.refresh_from_db()
    assert shop.name_ar == "صالون الدانة" and shop.commercial_license_end != dt.date(2027, 11, 30)
    assert ShopEvent.objects.filter(shop=shop, kind="renamed").exists()
    assert list(commercial.open(shop)) == ["validity"]


def applying_rules(**values: int) -> None:
    """Another edition of what is taken by itself, in force from today."""
    old = RuleSet.objects.get(subject="limits.commercial")
    maker, publisher = StaffFactory(groups=["rule_maker"], login="maker2"), StaffFactory(groups=["rule_publisher"], login="publisher2")
    from municipality.accounts.models import actor_of
    from municipality.rulebook.services import publish

    fresh = RuleSet.objects.create(
        **{name: getattr(old, name) for name in ("subject", "instrument_ar", "instrument_en", "is_assumption")},
        version=2,
        first_day=clock.today(),
        made_by=maker,
        made_at=clock.now(),
    )
    for row in old.limits.all():
        changed = {"code": row.code, "value": values.get(row.code, row.value), "unit": row.unit}
        LimitRule.objects.create(ruleset=fresh, article_ar=row.article_ar, article_en=row.article_en, is_assumption=True, **changed)
    publish(ruleset=fresh, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))


def test_the_owner_is_noted_as_a_hash_and_no_civil_number_is_kept(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "set", owner={"civil_id": SALIM}, phone="96550000000")
    commercial.delta()
    owner = RegisteredOwner.objects.get(commercial_license_no=shop.commercial_license_no)
    assert owner.owner_digest == civil_ids.digest(SALIM) and owner.as_of == clock.now()
    kept = CommercialNotice.objects.get(version=2)
    assert kept.body["owner"] == {"digest": civil_ids.digest(SALIM)} and kept.body["left_out"] == ["phone"]
    assert SALIM not in str(kept.body) and "96550000000" not in str(kept.body)
    shop.refresh_from_db()
    assert shop.owner is None  # it passes nothing on


def test_a_closed_shop_is_compared_no_more_until_its_licence_is_valid_again(both: Both) -> None:
    from shops.register import events
    from tests.shops.conftest import TESTS

    commercial, shop = both
    commercial.happens(shop, "cancel", cancelled_on=clock.today().isoformat())
    commercial.delta()
    events.close(shop=shop, source="case:1", actor=TESTS)
    commercial.happens(shop, "rename")
    commercial.delta()
    assert commercial.open() == {}
    assert CommercialDifference.objects.get().last_event.reason == "shop_closed"
    commercial.happens(shop, "restore")
    commercial.delta()
    assert list(commercial.open()) == ["restored"]
    commercial.happens(shop, "rename")
    commercial.delta()
    assert list(commercial.open()) == ["restored"]


def test_facts_are_as_fresh_as_the_last_delta_that_ended_well(both: Both) -> None:
    commercial, shop = both
    taken = clock.now()
    commercial.happens("900001/2026", "new", activity="OFFICE")  # about another licence
    commercial.delta(minutes=60)
    shop.refresh_from_db()
    assert shop.facts_at == taken and commercial_queries.as_of(shop) == clock.now()
    commercial.behaves("error")
    commercial.delta(minutes=60)
    assert commercial_queries.as_of(shop) == clock.now() - dt.timedelta(minutes=60)


def test_a_shop_on_which_the_registers_differ_is_not_called_fresh(both: Both) -> None:
    commercial, shop = both
    taken = clock.now()
    commercial.happens(shop, "rename")
    commercial.delta(minutes=60)
    shop.refresh_from_db()
    assert commercial_queries.as_of(shop) == taken
    commercial.happens(shop, "set", name_ar=shop.name_ar, name_en=shop.name_en)
    commercial.delta(minutes=60)
    shop.refresh_from_db()
    assert commercial_queries.as_of(shop) == clock.now()


def test_a_shop_that_the_register_never_showed_keeps_its_own_time(both: Both, make_shop: Make) -> None:
    commercial, _shop = both
    other = make_shop(facts_at=clock.now() - dt.timedelta(days=400))
    commercial.delta()
    assert commercial_queries.as_of(other) == other.facts_at


def test_pages_follow_each_other_until_the_last(commercial: Commercial, make_shop: Make, settings: Any) -> None:
    settings.MOCI_PAGE_SIZE = 3
    shops = [make_shop() for _ in range(8)]
    commercial.holds(*map(licence_of, shops))
    run = commercial.delta()
    assert (run.pages, run.fresh, run.raised) == (3, 8, 0)
    assert CommercialFeed.objects.get().as_of == clock.now()


def test_one_licence_is_asked_for_alone(both: Both) -> None:
    commercial, shop = both
    commercial.happens(shop, "renew", valid_until="2027-11-30")
    delta.request_licence(number=shop.commercial_license_no, by=commercial.clerk)
    commercial.work()
    shop.refresh_from_db()
    assert shop.commercial_license_end == dt.date(2027, 11, 30)
    run = commercial.delta()  # the night delivers the same version once more
    assert (run.known, run.fresh) == (1, 0)


def test_one_licence_that_is_not_known_there_is_a_difference(both: Both, make_shop: Make) -> None:
    commercial, _shop = both
    other = make_shop()
    delta.request_licence(number=other.commercial_license_no, by=commercial.clerk)
    commercial.work()
    assert list(commercial.open(other)) == ["unknown"]


def test_only_keepers_of_the_register_ask(both: Both) -> None:
    commercial, shop = both
    with pytest.raises(NotPermitted):
        delta.request_delta(by=StaffFactory(groups=["officer"], login="other"))
    with pytest.raises(NotPermitted):
        delta.request_licence(number=shop.commercial_license_no, by=StaffFactory(groups=["auditor"], login="another"))
    with pytest.raises(Refused, match="no_number"):
        delta.request_licence(number=" ", by=commercial.clerk)


def test_without_an_address_nothing_is_asked(db: None, settings: Any) -> None:
    settings.MOCI_URL = ""
    delta.begin_nightly()
    with pytest.raises(Refused, match="not_connected"):
        delta.request_delta(by=StaffFactory(groups=["register_keeper"], login="clerk"))
    assert not CommercialRun.objects.exists() and not CommercialOutage.objects.exists()


def test_the_database_refuses_a_notice_that_is_changed_or_taken_away(both: Both) -> None:
    for act in (lambda: CommercialNotice.objects.update(standing="late"), lambda: CommercialNotice.objects.all()._raw_delete("default")):
        with pytest.raises(IntegrityError, match="insert_only"), transaction.atomic():
            act()
