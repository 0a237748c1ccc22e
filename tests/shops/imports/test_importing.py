"""From a sheet to the register: two people, nothing twice, one record a batch, and what an act of one shop would have written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import Organisation
from municipality.audit.models import AuditEvent
from municipality.imports import services
from municipality.imports.models import ImportFile
from municipality.kernel import clock
from municipality.places.models import Area
from shops import invariants
from shops.imports import queries, writer
from shops.imports.problems import NotReadable
from shops.models import RegisterChange, RegisterRow, Shop, TradeName
from shops.register import events
from shops.register.services import FactChange, change_register
from shops.register.signals import shops_changed
from shops.search.queries import SearchQuery, search_shops
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.due_jobs import run_due
from tests.shops.conftest import TESTS
from tests.shops.imports.sheets import sheet

pytestmark = pytest.mark.django_db
JOBS = ("imports.check", "imports.take")
NEW = "900001/2020"


def found(text: str) -> list[int]:
    return [hit.shop_id for hit in search_shops(SearchQuery(text)).hits]


def known(shop: Shop, **more: Any) -> dict[str, Any]:
    """A line that says of a shop what the register says."""
    return {
        "commercial_license_no": shop.commercial_license_no,
        "name_ar": shop.name_ar,
        "name_en": shop.name_en,
        "activity": shop.activity_id,
        "area": shop.area.name_ar,
        **{name: getattr(shop, name) for name in ("block", "street", "building", "paci_number")},
        "commercial_license_end": shop.commercial_license_end.isoformat(),
        "commercial_registration_no": shop.commercial_registration_no,
        **more,
    }


# --- Coming in ------------------------------------------------------------------------------------------------------------------


def test_a_dry_run_changes_nothing_and_the_second_person_lets_the_lines_in(
    read: Callable[..., ImportFile], make_shop: Callable[..., Shop], clerk: Any, keeper: Any
) -> None:
    shop, left = make_shop(), make_shop()
    file = read({}, {"commercial_license_no": "900002/2020", "paci_number": "1"}, known(shop, name_ar="صالون آخر"))
    assert services.tally(file) == {"lines": 3, "add": 1, "change": 1, "same": 0, "wrong": 1, "absent": 1}
    assert list(queries.absent(file)) == [left]
    assert RegisterRow.objects.get(outcome="wrong").problems == [["paci_number", "paci"]]
    assert Shop.objects.count() == 2 and not RegisterChange.objects.exists()
    services.release(file=file, released_by=keeper)
    assert Shop.objects.count() == 2
    run_due(JOBS)  # by the jobs
    file.refresh_from_db()
    assert (file.added, file.changed, file.done_at is not None) == (1, 1, True)
    made = Shop.objects.get(commercial_license_no=NEW)
    assert (made.name_ar, made.branch_id, made.organisation.commercial_register_no) == ("صالون لمسة البحر", "HA", "88001")  # type: ignore[union-attr]
    assert [(event.kind, event.source) for event in made.events.all()] == [("entered", file.key)]
    assert found("لمسة البحر")[0] == made.pk and found(NEW)[0] == made.pk
    assert found("صالون آخر")[0] == shop.pk and found(shop.name_ar)[0] == shop.pk, "by its former name"
    assert list(invariants.findings()) == []
    acts = list(AuditEvent.objects.filter(subject=file.key).order_by("pk").values_list("action", flat=True))
    assert acts == ["register.loaded", "register.checked", "register.released", "register.taken"]


def test_a_line_without_building_and_plot_does_not_stop_the_others(take: Callable[..., ImportFile], make_shop: Callable[..., Shop]) -> None:
    """The database takes no such shop, so that the whole batch would fail."""
    shop = make_shop()
    file = take({}, {"commercial_license_no": "900002/2020", "building": ""}, known(shop, building="-", name_ar="صالون آخر"))
    assert (file.added, file.changed) == (1, 0)
    assert [row.problems for row in RegisterRow.objects.filter(outcome="wrong")] == [[["building", "building_or_plot"]]] * 2


def test_a_change_by_sheet_writes_what_a_change_of_one_shop_writes(take: Callable[..., ImportFile], make_shop: Callable[..., Shop]) -> None:
    by_sheet, singly = make_shop(opened_on=dt.date(2020, 1, 1)), make_shop(opened_on=dt.date(2020, 1, 1))
    other = Area.objects.get(name_ar="حولي")
    names = {"name_ar": "مصبغة الندى", "name_en": "Al-Nada Laundry"}
    file = take(known(by_sheet, **names, activity="LAUN", area="حولي", block="9"))
    changes = [
        FactChange("trade_name", names),
        FactChange("activity", {"activity_id": "LAUN"}),
        FactChange("address", {"area_id": other.pk, "branch_id": "HA", "block": "9"}),
    ]
    change_register(shop=singly, changes=changes, source="case:x", actor=TESTS)

    def written(shop: Shop) -> list[Any]:
        shop.refresh_from_db()
        columns = {name: getattr(shop, name) for name in (*names, "activity_id", "area_id", "block", "branch_id")}
        told = [(e.kind, e.on, _plain(e.data, shop)) for e in shop.events.exclude(kind="opened").order_by("kind")]
        former = [(n.first_day, n.last_day) for n in shop.former_names.all()]
        carried = [(a.activity_id, a.first_day, a.last_day) for a in shop.former_activities.all()]
        return [columns, told, former, carried, sorted(shop.changes.values_list("name", flat=True))]

    assert written(by_sheet) == written(singly)
    assert by_sheet.former_names.get().source == file.key
    assert by_sheet.changes.get(name="trade_name").after == names
    assert list(invariants.findings()) == []


def _plain(data: dict[str, Any], shop: Shop) -> str:
    """Event data without what differs between two shops of the fixture."""
    number = int(shop.commercial_license_no[:6])
    return str(data).replace(f"الموج {number}", "الموج").replace(f"Salon {number}", "Salon").replace(shop.paci_number, "paci")


def test_closing_suspending_and_opening_by_sheet_have_their_events_and_days(
    take: Callable[..., ImportFile], make_shop: Callable[..., Shop]
) -> None:
    closing, suspended, closed = make_shop(), make_shop(), make_shop()
    before = clock.today() - dt.timedelta(days=9)
    events.suspend(shop=suspended, source="case:1", actor=TESTS, on=before)
    events.close(shop=closed, source="case:1", actor=TESTS, on=before)
    day = (clock.today() - dt.timedelta(days=3)).isoformat()
    take(
        known(closing, state="مغلق", state_on=day),
        known(suspended, state="open", state_on=day),
        known(closed, state="open", state_on=day),
        {"commercial_license_no": "900009/2020", "state": "closed", "state_on": day, "opened_on": "2019-01-01"},
    )
    assert [list(shop.events.order_by("-pk").values_list("kind", flat=True)[:1]) for shop in (closing, suspended, closed)] == [
        ["closed"],
        ["resumed"],
        ["reopened"],
    ]
    closing.refresh_from_db()
    assert closing.closed_on is not None and closing.closed_on.isoformat() == day
    made = Shop.objects.get(commercial_license_no="900009/2020")
    assert sorted(made.events.values_list("kind", "on")) == [("closed", dt.date.fromisoformat(day)), ("opened", dt.date(2019, 1, 1))]


def test_arabic_digits_a_byte_order_mark_and_arabic_headings_are_read(take: Callable[..., ImportFile]) -> None:
    from shops.imports.columns import COLUMNS
    from tests.shops.imports.sheets import GOOD

    content = sheet({}, eastern=True)
    head, rest = content.decode().split("\r\n", 1)
    named = ";".join(COLUMNS[code][0] for code in GOOD)
    file = take(content=f"{named}\r\n{rest}".encode())
    assert head and file.added == 1 and Shop.objects.get(commercial_license_no=NEW).paci_number == "10220001"


def test_a_change_of_one_shop_leaves_the_exact_point_of_another(take: Callable[..., ImportFile], make_shop: Callable[..., Shop]) -> None:
    exact, moving = (make_shop(latitude=29.123456789, longitude=48.123456789) for _ in range(2))
    take(known(exact, street="8"), known(moving, latitude="29.2", longitude="48.2"))
    exact.refresh_from_db()
    moving.refresh_from_db()
    assert (exact.street, exact.latitude, moving.latitude, moving.longitude) == ("8", 29.123456789, 29.2, 48.2)


def test_a_shop_on_another_plot_loses_its_point(take: Callable[..., ImportFile], make_shop: Callable[..., Shop]) -> None:
    shop = make_shop(latitude=29.123456789, longitude=48.123456789)
    take(known(shop, block="8"))
    shop.refresh_from_db()
    assert (shop.block, shop.latitude, shop.longitude) == ("8", None, None)
    change = RegisterChange.objects.get(shop=shop, name="point")
    assert (change.before, change.after) == ({"latitude": 29.123457, "longitude": 48.123457}, {"latitude": None, "longitude": None})


def test_an_unchanged_line_confirms_the_shop_as_of_the_file(take: Callable[..., ImportFile], make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    before = Shop.objects.get(pk=shop.pk).facts_at
    file = take(known(shop))
    shop.refresh_from_db()
    assert (file.confirmed, shop.facts_source, shop.facts_at > before) == (1, file.key, True)
    assert list(shop.events.values_list("kind", flat=True)) == ["opened"] and not shop.changes.exists()


def test_new_shops_of_one_number_stand_under_one_holder(take: Callable[..., ImportFile]) -> None:
    rows = [{"commercial_license_no": f"90000{n}/2020", "commercial_registration_no": "77001", "holder_ar": "شركة جديدة"} for n in range(3)]
    take(*rows)
    assert Organisation.objects.get(commercial_register_no="77001").shops.count() == 3


# --- What is kept and refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("column", ["commercial_license_no", "commercial_registration_no", "name_ar"])
def test_a_sheet_with_nul_never_reaches_the_dry_run(column: str, read: Callable[..., ImportFile]) -> None:
    """PostgreSQL takes no NUL, so that the job which looks the numbers up would end at this line again and again."""
    content = sheet({}, {column: "9\x009"}).decode("utf-8-sig").encode("utf-16")
    with pytest.raises(NotReadable, match="nul") as refusal:
        read(content=content)
    assert refusal.value.facts == {"line": 3} and not ImportFile.objects.exists()


def test_a_shop_that_changed_after_the_dry_run_is_left_as_it_is(
    read: Callable[..., ImportFile], make_shop: Callable[..., Shop], keeper: Any
) -> None:
    """What was shown is what comes in: no more, and nothing over what somebody wrote meanwhile."""
    shop, other = make_shop(), make_shop()
    file = read(known(shop, name_ar="من الورقة"), known(other, street="99"), {})
    change_register(shop=shop, changes=[FactChange("trade_name", {"name_ar": "من القرار"})], source="case:1", actor=TESTS)
    make_shop(commercial_license_no=NEW)
    services.release(file=file, released_by=keeper)
    services.apply_released(file_id=file.pk)
    shop.refresh_from_db()
    other.refresh_from_db()
    file.refresh_from_db()
    assert (shop.name_ar, other.street) == ("من القرار", "99")
    assert (file.added, file.changed, file.left_out) == (0, 1, 2)
    assert set(RegisterRow.objects.filter(outcome="left").values_list("number", flat=True)) == {shop.commercial_license_no, NEW}


def test_a_line_confirms_no_shop_that_changed_after_the_file_was_loaded(
    read: Callable[..., ImportFile], make_shop: Callable[..., Shop], keeper: Any, frozen_clock: Clock
) -> None:
    """Neither what the line says as before, nor the rest of an address of which it changes one column."""
    renamed, moved, closed, same = make_shop(), make_shop(), make_shop(), make_shop()
    file = read(known(renamed), known(moved, street="99"), known(closed), known(same))
    frozen_clock.move(hours=1)
    change_register(shop=renamed, changes=[FactChange("trade_name", {"name_ar": "من القرار"})], source="case:1", actor=TESTS)
    change_register(shop=moved, changes=[FactChange("address", {"block": "9"})], source="case:1", actor=TESTS)
    events.close(shop=closed, source="case:1", actor=TESTS)
    services.release(file=file, released_by=keeper)
    services.apply_released(file_id=file.pk)
    file.refresh_from_db()
    assert (file.changed, file.confirmed, file.left_out) == (0, 1, 3)
    assert set(Shop.objects.filter(facts_source=file.key)) == {same}
    assert Shop.objects.get(pk=moved.pk).street == moved.street


def test_what_hangs_on_a_shop_follows_a_sheet(take: Callable[..., ImportFile], make_shop: Callable[..., Shop]) -> None:
    opened, moved, larger = make_shop(), make_shop(), make_shop()
    events.suspend(shop=opened, source="case:1", actor=TESTS, on=clock.today() - dt.timedelta(days=9))
    sent: list[int] = []

    def follow(sender: Any, keys: list[int], **_more: Any) -> None:
        sent.extend(keys)

    shops_changed.connect(follow)
    try:
        take(
            known(opened, state="open", state_on=(clock.today() - dt.timedelta(days=3)).isoformat()),
            known(moved, street="99"),
            known(larger, area_m2="999"),
        )
    finally:
        shops_changed.disconnect(follow)
    assert sorted(sent) == [opened.pk, moved.pk]


# --- Stopped, killed, repeated ----------------------------------------------------------------------------------------------------


def test_a_line_that_is_applied_twice_is_refused_by_the_keys(
    take: Callable[..., ImportFile], make_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it not for the comparison with the register, the database itself would refuse the same line once more."""
    shop = make_shop()
    file = take(known(shop, name_ar="اسم جديد"))
    row = RegisterRow.objects.get(file=file)
    assert writer.apply(file, [row]).left_out == [row.pk]
    monkeypatch.setattr(writer, "_is_unchanged", lambda shop, differs: True)
    without_guards()
    with pytest.raises(IntegrityError), transaction.atomic():
        writer.apply(file, [row])
    assert TradeName.objects.filter(shop=shop).count() == 1


def test_nothing_happens_to_a_shop_in_the_name_of_a_sheet_that_nobody_released(
    read: Callable[..., ImportFile], make_shop: Callable[..., Shop]
) -> None:
    shop = make_shop()
    file = read(known(shop, name_ar="اسم جديد"))
    rows = list(RegisterRow.objects.filter(file=file))
    with pytest.raises(IntegrityError, match="guard:not_released"), transaction.atomic():
        writer.apply(file, rows)
    without_guards()
    writer.apply(file, rows)
    assert shop.changes.count() == 1, "the control: without the guard it does"
