"""From a sheet to the register: two people, nothing twice, one record a batch, and what an act of one shop would have written."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import Organisation
from municipality.audit.models import Act
from municipality.documents import store
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.places.models import Area
from shops import invariants
from shops.imports import applying, services
from shops.imports.problems import NotReadable
from shops.models import RegisterChange, RegisterFile, RegisterRow, Shop, ShopEvent, TradeName
from shops.register import events
from shops.register.services import Change, change_register
from shops.search.queries import Asked, ask
from tests.architecture.state_doors import without_guards
from tests.payments.conftest import run_due
from tests.shops.conftest import TESTS
from tests.shops.imports.sheets import sheet

pytestmark = pytest.mark.django_db
JOBS = ("shops.register_check", "shops.register_take")
NEW = "900001/2020"


def found(text: str) -> list[int]:
    return [hit.shop_id for hit in ask(Asked(text)).hits]


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
    read: Callable[..., RegisterFile], make_shop: Callable[..., Shop], clerk: Any, keeper: Any
) -> None:
    shop, left = make_shop(), make_shop()
    file = read({}, {"commercial_license_no": "900002/2020", "paci_number": "1"}, known(shop, name_ar="صالون آخر"))
    assert services.tally(file) == {"lines": 3, "add": 1, "change": 1, "same": 0, "wrong": 1, "absent": 1}
    assert list(services.absent(file)) == [left]
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
    acts = list(Act.objects.filter(subject=file.key).order_by("pk").values_list("action", flat=True))
    assert acts == ["register.loaded", "register.checked", "register.released", "register.taken"]


def test_a_change_by_sheet_writes_what_a_change_of_one_shop_writes(
    take: Callable[..., RegisterFile], make_shop: Callable[..., Shop]
) -> None:
    by_sheet, singly = make_shop(opened_on=dt.date(2020, 1, 1)), make_shop(opened_on=dt.date(2020, 1, 1))
    other = Area.objects.get(name_ar="حولي")
    names = {"name_ar": "مصبغة الندى", "name_en": "Al-Nada Laundry"}
    file = take(known(by_sheet, **names, activity="LAUN", area="حولي", block="9"))
    changes = [
        Change("trade_name", names),
        Change("activity", {"activity_id": "LAUN"}),
        Change("address", {"area_id": other.pk, "branch_id": "HA", "block": "9"}),
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
    take: Callable[..., RegisterFile], make_shop: Callable[..., Shop]
) -> None:
    closing, suspended, closed = make_shop(), make_shop(), make_shop()
    events.suspend(shop=suspended, source="case:1", actor=TESTS)
    events.close(shop=closed, source="case:1", actor=TESTS)
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


def test_arabic_digits_a_byte_order_mark_and_arabic_headings_are_read(take: Callable[..., RegisterFile]) -> None:
    from shops.imports.columns import COLUMNS
    from tests.shops.imports.sheets import GOOD

    content = sheet({}, eastern=True)
    head, rest = content.decode().split("\r\n", 1)
    named = ";".join(COLUMNS[code][0] for code in GOOD)
    file = take(content=f"{named}\r\n{rest}".encode())
    assert head and file.added == 1 and Shop.objects.get(commercial_license_no=NEW).paci_number == "10220001"


def test_a_change_of_one_shop_leaves_the_exact_point_of_another(take: Callable[..., RegisterFile], make_shop: Callable[..., Shop]) -> None:
    exact, moving = (make_shop(latitude=29.123456789, longitude=48.123456789) for _ in range(2))
    take(known(exact, block="8"), known(moving, latitude="29.2", longitude="48.2"))
    exact.refresh_from_db()
    moving.refresh_from_db()
    assert (exact.block, exact.latitude, moving.latitude, moving.longitude) == ("8", 29.123456789, 29.2, 48.2)


def test_an_unchanged_line_confirms_the_shop_as_of_the_file(take: Callable[..., RegisterFile], make_shop: Callable[..., Shop]) -> None:
    shop = make_shop()
    before = Shop.objects.get(pk=shop.pk).facts_at
    file = take(known(shop))
    shop.refresh_from_db()
    assert (file.confirmed, shop.facts_source, shop.facts_at > before) == (1, file.key, True)
    assert list(shop.events.values_list("kind", flat=True)) == ["opened"] and not shop.changes.exists()


def test_new_shops_of_one_number_stand_under_one_holder(take: Callable[..., RegisterFile]) -> None:
    rows = [{"commercial_license_no": f"90000{n}/2020", "commercial_registration_no": "77001", "holder_ar": "شركة جديدة"} for n in range(3)]
    take(*rows)
    assert Organisation.objects.get(commercial_register_no="77001").shops.count() == 3


# --- What is kept and refused --------------------------------------------------------------------------------------------------


def test_the_file_is_kept_as_sent_and_the_same_bytes_are_one_file(read: Callable[..., RegisterFile], clerk: Any, keeper: Any) -> None:
    content = sheet({})
    file = read(content=content)
    assert store.read(file.content) == content and len(file.sha256) == 64
    with pytest.raises(Refused, match="same_file"):
        services.load(content=content, name="again.csv", loaded_by=clerk)
    services.refuse(file=file, refused_by=keeper)
    assert not RegisterRow.objects.exists()
    read(content=content)  # what was put aside may come again


def test_whoever_loaded_a_sheet_does_not_release_it_even_with_both_roles(make_shop: Callable[..., Shop]) -> None:
    from tests.municipality.people import staff

    both = staff("register_clerk", "register_keeper", login="both")
    file = services.load(content=sheet({}), name="x.csv", loaded_by=both)
    services.check(file_id=file.pk)
    with pytest.raises(NotPermitted, match="same_person"):
        services.release(file=file, released_by=both)
    with pytest.raises(IntegrityError, match="shops_file_two_people"), transaction.atomic():
        RegisterFile.objects.filter(pk=file.pk).update(released_by=both, released_at=clock.now())


def test_other_roles_load_and_release_nothing(read: Callable[..., RegisterFile], clerk: Any, keeper: Any) -> None:
    with pytest.raises(NotPermitted, match="not_your_role"):
        services.load(content=sheet({}), name="x.csv", loaded_by=keeper)
    file = read({})
    with pytest.raises(NotPermitted, match="not_your_role"):
        services.release(file=file, released_by=clerk)


def test_a_sheet_is_not_released_before_it_is_read_nor_without_a_good_line(
    read: Callable[..., RegisterFile], make_shop: Callable[..., Shop], clerk: Any, keeper: Any
) -> None:
    file = services.load(content=sheet({}), name="x.csv", loaded_by=clerk)
    with pytest.raises(Refused, match="not_checked"):
        services.release(file=file, released_by=keeper)
    with pytest.raises(Refused, match="nothing_good"):
        services.release(file=read({"paci_number": "1"}), released_by=keeper)


@pytest.mark.parametrize(("content", "code"), [(b"", "empty"), (b"PK\x03\x04", "workbook"), (b"a;b\r\n1;2\r\n", "no_columns")])
def test_a_file_that_is_no_sheet_of_the_register_is_refused_whole(content: bytes, code: str, clerk: Any) -> None:
    with pytest.raises(NotReadable, match=code) as refusal:
        services.load(content=content, name="x.csv", loaded_by=clerk)
    assert refusal.value.sentence and not RegisterFile.objects.exists()


@pytest.mark.parametrize("column", ["commercial_license_no", "commercial_registration_no", "name_ar"])
def test_a_sheet_with_nul_never_reaches_the_dry_run(column: str, read: Callable[..., RegisterFile]) -> None:
    """PostgreSQL takes no NUL, so that the job which looks the numbers up would end at this line again and again."""
    content = sheet({}, {column: "9\x009"}).decode("utf-8-sig").encode("utf-16")
    with pytest.raises(NotReadable, match="nul") as refusal:
        read(content=content)
    assert refusal.value.facts == {"line": 3} and not RegisterFile.objects.exists()


def test_the_second_line_of_one_number_is_wrong_in_whichever_batch(read: Callable[..., RegisterFile]) -> None:
    for size in (1, 4000):
        file = read({}, {"street": f"{size}"}, size=size)
        assert RegisterRow.objects.get(file=file, outcome="wrong").problems == [["commercial_license_no", "twice_in_file"]]


def test_a_shop_that_changed_after_the_dry_run_is_left_as_it_is(
    read: Callable[..., RegisterFile], make_shop: Callable[..., Shop], keeper: Any
) -> None:
    """What was shown is what comes in: no more, and nothing over what somebody wrote meanwhile."""
    shop, other = make_shop(), make_shop()
    file = read(known(shop, name_ar="من الورقة"), known(other, street="99"), {})
    change_register(shop=shop, changes=[Change("trade_name", {"name_ar": "من القرار"})], source="case:1", actor=TESTS)
    make_shop(commercial_license_no=NEW)
    services.release(file=file, released_by=keeper)
    services.take(file_id=file.pk)
    shop.refresh_from_db()
    other.refresh_from_db()
    file.refresh_from_db()
    assert (shop.name_ar, other.street) == ("من القرار", "99")
    assert (file.added, file.changed, file.left_out) == (0, 1, 2)
    assert set(RegisterRow.objects.filter(outcome="left").values_list("number", flat=True)) == {shop.commercial_license_no, NEW}


# --- Stopped, killed, repeated ----------------------------------------------------------------------------------------------------


def test_a_taking_stops_between_batches_and_goes_on_behind_the_last_line(
    read: Callable[..., RegisterFile], clerk: Any, keeper: Any
) -> None:
    file = read(*({"commercial_license_no": f"90000{n}/2020"} for n in range(5)))
    services.release(file=file, released_by=keeper)
    services.take(file_id=file.pk, size=2, seconds=0)
    services.stop(file=file, stopped_by=clerk)
    run_due(JOBS)
    assert Shop.objects.filter(commercial_license_no__startswith="90000").count() == 2
    with pytest.raises(Refused, match="not_running"):
        services.stop(file=file, stopped_by=clerk)
    services.go_on(file=file, by=keeper)
    run_due(JOBS)
    file.refresh_from_db()
    assert (file.added, file.done_at is not None) == (5, True)
    assert Act.objects.filter(subject=file.key, action="register.taken").count() == 2
    with pytest.raises(Refused, match="not_stopped"):
        services.go_on(file=file, by=keeper)


def test_each_batch_has_one_row_in_the_record_and_a_second_run_does_nothing(take: Callable[..., RegisterFile]) -> None:
    file = take(*({"commercial_license_no": f"90000{n}/2020"} for n in range(5)), batch=2)
    acts = Act.objects.filter(subject=file.key, action="register.taken").order_by("pk")
    assert [(a.data["first_line"], a.data["last_line"], a.data["added"]) for a in acts] == [(2, 3, 2), (4, 5, 2), (6, 6, 1)]
    before = ShopEvent.objects.count(), RegisterChange.objects.count()
    assert services.take(file_id=file.pk) is False and services.check(file_id=file.pk) is False
    assert (ShopEvent.objects.count(), RegisterChange.objects.count()) == before


def test_a_line_that_is_applied_twice_is_refused_by_the_keys(
    take: Callable[..., RegisterFile], make_shop: Callable[..., Shop], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Were it not for the comparison with the register, the database itself would refuse the same line once more."""
    shop = make_shop()
    file = take(known(shop, name_ar="اسم جديد"))
    row = RegisterRow.objects.get(file=file)
    assert applying.apply([row], source=file.key, actor=TESTS).left == [row.pk]
    monkeypatch.setattr(applying, "_still", lambda shop, differs: True)
    without_guards()
    with pytest.raises(IntegrityError), transaction.atomic():
        applying.apply([row], source=file.key, actor=TESTS)
    assert TradeName.objects.filter(shop=shop).count() == 1


def test_nothing_happens_to_a_shop_in_the_name_of_a_sheet_that_nobody_released(
    read: Callable[..., RegisterFile], make_shop: Callable[..., Shop]
) -> None:
    shop = make_shop()
    file = read(known(shop, name_ar="اسم جديد"))
    rows = list(RegisterRow.objects.filter(file=file))
    with pytest.raises(IntegrityError, match="guard:not_released"), transaction.atomic():
        applying.apply(rows, source=file.key, actor=TESTS)
    without_guards()
    applying.apply(rows, source=file.key, actor=TESTS)
    assert shop.changes.count() == 1, "the control: without the guard it does"
