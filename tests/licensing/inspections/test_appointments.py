"""The appointment: what is offered, who moves it and how often, and what the portal sets by itself."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from django.db import transaction

from licensing.inspections import services
from licensing.inspections.forms import time_label
from licensing.inspections.obligations import obligations
from licensing.inspections.queries import limits
from licensing.inspections.services import appointments
from licensing.models import DayPart, Inspection, InspectionEvent
from municipality.accounts.models import User, actor_of
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.models import Absence, ConflictOfInterest
from municipality.rulebook.models import HolidayRule, RuleSet
from municipality.rulebook.services import copy_as_draft, publish
from municipality.ui.templatetags.portal import day
from shops.models import Shop
from shops.register import events
from shops.register.services import FactChange, change_register
from tests.browsers import signed_in
from tests.factories import inspections
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(shop: Shop, inspectors: list[User]) -> Inspection:
    return inspections.ordered(shop)


def code_of(act: Any, **facts: Any) -> str:
    with pytest.raises(Refused) as refusal:
        act(**facts)
    return refusal.value.code


def test_working_days_are_offered_in_two_parts(row: Inspection) -> None:
    times = appointments.offered(row)
    days = sorted({time.day for time in times})
    assert len(days) == 9 and len(times) == 18  # from the second to the tenth working day
    assert all(day.isoweekday() not in (5, 6) for day in days) and days[0] > clock.today() + dt.timedelta(days=1)
    starts, middle = appointments.hours(times[0])
    assert appointments.hours(times[1])[0] == middle > starts


def test_a_full_day_and_days_of_absence_are_not_offered(row: Inspection) -> None:
    first, second = sorted({time.day for time in appointments.offered(row)})[:2]
    Absence.objects.create(
        officer=row.inspector, kind="leave", first_day=first, last_day=first, entered_by=row.contact, entered_at=clock.now()
    )
    assert appointments.offered(row)[0].day == second
    Absence.objects.create(
        officer=row.inspector,
        kind="leave",
        first_day=first,
        last_day=first + dt.timedelta(days=40),
        entered_by=row.contact,
        entered_at=clock.now(),
    )
    assert appointments.offered(row)[0].day > first + dt.timedelta(days=40), "where the nearest are full, a later one"


def test_an_owner_chooses_and_moves_it_once_until_the_day_before(row: Inspection, frozen_clock: Any) -> None:
    times = [time.value for time in appointments.offered(row)]
    stranger = PersonFactory(noura=True)
    with pytest.raises(NotPermitted):
        appointments.choose(inspection=row, person=stranger, time=times[0])
    assert code_of(appointments.choose, inspection=row, person=row.contact, time="2026-01-01 first") == "not_offered"
    appointments.choose(inspection=row, person=row.contact, time=times[0])
    row.refresh_from_db()
    assert (row.state, f"{row.day} {row.part}", row.was_moved) == ("appointed", times[0], False)
    appointments.choose(inspection=row, person=row.contact, time=times[3])
    assert code_of(appointments.choose, inspection=row, person=row.contact, time=times[4]) == "moved_already"
    row.refresh_from_db()
    assert (f"{row.day} {row.part}", row.was_moved) == (times[3], True)
    assert Message.objects.filter(kind="licensing.inspection_appointed").count() == 2


def test_not_on_the_day_itself(row: Inspection, frozen_clock: Any) -> None:
    appointed = inspections.appointed(row)
    frozen_clock.move(days=(appointed.day - clock.today()).days)
    assert code_of(appointments.choose, inspection=row, person=row.contact, time=appointments.offered(row)[-1].value) == "moved_already"


def test_its_inspector_moves_it_for_a_reason(row: Inspection, inspectors: list[User]) -> None:
    inspections.appointed(row)
    time = appointments.offered(row)[5].value
    (other,) = [one for one in inspectors if one != row.inspector]
    assert code_of(appointments.put_off, inspection=row, inspector=other, time=time, code="campaign") == "not_drawn"
    assert code_of(appointments.put_off, inspection=row, inspector=row.inspector, time=time, code="") == "unknown_code"
    appointments.put_off(inspection=row, inspector=row.inspector, time=time, code="campaign")
    row.refresh_from_db()
    assert (f"{row.day} {row.part}", row.last_event.reason, row.was_moved) == (time, "campaign", False)
    assert "campaign" in Message.objects.order_by("-pk")[0].body_en


def test_the_portal_sets_the_day_that_nobody_chose(row: Inspection, frozen_clock: Any) -> None:
    assert appointments.set_overdue() == 0
    frozen_clock.move(days=10)
    assert appointments.set_overdue() == 1
    row.refresh_from_db()
    assert (row.state, row.last_event.move) == ("appointed", "appoint")


def test_another_inspector_is_drawn_for_one_who_cannot_go(row: Inspection, inspectors: list[User]) -> None:
    inspections.appointed(row)
    before = row.inspector
    Absence.objects.create(
        officer=before,
        kind="sick",
        first_day=clock.today(),
        last_day=clock.today() + dt.timedelta(days=90),
        entered_by=row.contact,
        entered_at=clock.now(),
    )
    assert appointments.set_overdue() == 1
    row.refresh_from_db()
    assert row.inspector != before and row.last_event.move == "draw_appointed" and before.key not in row.draw["candidates"]


def away(officer: User, first: dt.date, last: dt.date, by: User) -> None:
    Absence.objects.create(officer=officer, kind="sick", first_day=first, last_day=last, entered_by=by, entered_at=clock.now())


def test_who_is_drawn_again_is_present_and_has_time_on_the_day_of_the_visit(
    row: Inspection, inspectors: list[User], frozen_clock: Any
) -> None:
    appointed = inspections.appointed(row)
    before, chief = row.inspector, StaffFactory(supervisor=True, login="chief")
    assert appointed.day is not None
    (other,) = [one for one in inspectors if one != before]
    away(before, appointed.day, appointed.day, chief)
    away(other, clock.today(), clock.today(), chief)  # today only: the visit is later
    assert appointments.set_overdue() == 1
    row.refresh_from_db()
    assert (row.inspector, row.day) == (other, appointed.day)
    assert appointments.set_overdue() == 0, "the draw does not repeat"


@pytest.mark.parametrize("why", ["absent", "full"])
def test_where_nobody_has_time_on_the_day_another_day_is_set(
    row: Inspection, inspectors: list[User], make_shop: Any, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    appointed = inspections.appointed(row)
    before, chief = row.inspector, StaffFactory(supervisor=True, login="chief")
    assert appointed.day is not None
    (other,) = [one for one in inspectors if one != before]
    away(before, clock.today(), appointed.day, chief)
    if why == "absent":
        away(other, appointed.day, appointed.day, chief)
    else:
        limit = limits() | {"visits_a_day": 1}
        monkeypatch.setattr("licensing.inspections.queries.limits", lambda on=None: limit)
        second = inspections.appointed(inspections.ordered(make_shop(activity_id="BARB")))
        assert (second.inspector, second.day) == (other, appointed.day)
    assert appointments.set_overdue() == 1
    row.refresh_from_db()
    assert row.inspector == other and row.day is not None and row.day > appointed.day
    assert row.last_event.move == "appoint_again" and not row.was_moved
    assert appointments.set_overdue() == 0, "the draw does not repeat"


def holiday_on(when: dt.date) -> None:
    """A calendar is published in which a day is a holiday."""
    maker, publisher = (StaffFactory(groups=[f"rule_{name}"], login=f"calendar-{name}") for name in ("maker", "publisher"))
    newest = RuleSet.objects.filter(subject="calendar").order_by("-version")[0]
    draft = copy_as_draft(ruleset=newest, maker=maker, actor=actor_of(maker, "rule_maker"))
    names = {"name_ar": "عطلة", "name_en": "A holiday", "source_ar": "قرار", "source_en": "Decision"}
    HolidayRule.objects.create(ruleset=draft, first_day=when, last_day=when, **names)
    publish(ruleset=draft, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))


def test_a_day_that_has_become_a_holiday_is_shown_alone_and_another_one_is_set(row: Inspection, frozen_clock: Any) -> None:
    before = inspections.appointed(row).day
    assert before is not None
    frozen_clock.move(days=1)
    holiday_on(before)
    assert str(time_label(appointments.Time(before, DayPart.FIRST))) == str(day(before, "weekday"))
    for user, page in ((row.contact, f"/ar/inspections/{row.public_id}/"), (row.inspector, "/admin/inspections/")):
        assert signed_in(user).get(page, follow=True).status_code == 200
    assert appointments.set_overdue() == 1
    row.refresh_from_db()
    assert row.day is not None and row.day > before and (row.last_event.move, row.was_moved) == ("appoint_again", False)
    assert "set another one" in Message.objects.order_by("-pk")[0].body_en
    assert appointments.set_overdue() == 0


def test_after_a_day_on_which_nobody_came_another_one_is_set(row: Inspection, frozen_clock: Any) -> None:
    before = inspections.appointed(row).day
    assert before is not None
    frozen_clock.move(days=(before - clock.today()).days + 1)
    assert appointments.set_overdue() == 0, "a visit that was made without a line may still be sent"
    frozen_clock.move(hours=limits()["late_report_hours"])
    assert appointments.set_overdue() == 1
    row.refresh_from_db()
    assert row.day is not None and row.day > clock.today() and (row.state, row.last_event.move) == ("appointed", "appoint_again")


# --- Two draws at once, and a draw of somebody who may not go by then ---------------------------------------------------------


def acting_after_the_lot(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any]) -> None:
    """What somebody else commits after the lot has chosen and before whom it chose is locked; once."""

    def lot(users: Sequence[User]) -> User:
        monkeypatch.undo()
        act()
        return users[0]

    monkeypatch.setattr("secrets.choice", lot)


@pytest.mark.parametrize("why", ["absent", "tied"])
def test_who_may_not_go_by_the_time_they_are_locked_is_not_drawn(
    row: Inspection, inspectors: list[User], frozen_clock: Any, why: str
) -> None:
    appointed, before, chief = inspections.appointed(row), row.inspector, StaffFactory(supervisor=True, login="chief")
    assert appointed.day is not None and row.contact is not None
    visit_on, owner = appointed.day, row.contact.key
    (other,) = [one for one in inspectors if one != before]
    away(before, clock.today(), visit_on, chief)
    third: list[User] = []

    def meanwhile() -> None:
        third.append(inspections.inspector("third", row.branch_id))
        if why == "absent":
            away(other, visit_on, visit_on, chief)
        else:
            ConflictOfInterest.objects.create(officer=other, party_key=owner, kind="relative", declared_by=other, declared_at=clock.now())

    with pytest.MonkeyPatch.context() as patched:
        acting_after_the_lot(patched, meanwhile)
        assert appointments.set_overdue() == 0
    row.refresh_from_db()
    assert row.inspector == before
    assert appointments.set_overdue() == 1, "the next run draws among those who may go"
    row.refresh_from_db()
    assert [row.inspector] == third


def test_two_runs_at_once_draw_once(row: Inspection, inspectors: list[User], frozen_clock: Any) -> None:
    appointed, before = inspections.appointed(row), row.inspector
    assert appointed.day is not None
    away(before, clock.today(), appointed.day, StaffFactory(supervisor=True, login="chief"))
    with pytest.MonkeyPatch.context() as patched:
        acting_after_the_lot(patched, appointments.set_overdue)
        assert appointments.set_overdue() == 0
    assert InspectionEvent.objects.filter(subject=row, move="draw_appointed").count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_draws_at_once_give_an_inspector_no_more_visits_than_a_day_takes(
    make_shop: Any, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second draw begins before the first is committed. It waits for whom both lots chose, and sets another day."""
    with transaction.atomic():
        shops = [make_shop(activity_id="BARB") for _one in range(2)]
    away_one = inspections.inspector("away", shops[0].branch_id)
    rows = [inspections.ordered(shop) for shop in shops]
    day = {inspections.appointed(row).day for row in rows}.pop()
    assert day is not None
    other = inspections.inspector("other", shops[0].branch_id)
    away(away_one, clock.today(), day, StaffFactory(supervisor=True, login="chief"))
    limit = limits() | {"visits_a_day": 1}
    monkeypatch.setattr("licensing.inspections.queries.limits", lambda on=None: limit)
    done = threading.Event()

    def first() -> bool:
        with transaction.atomic():
            try:
                return appointments._draw_again(rows[0].pk)
            finally:
                done.set()
                sleep(0.5)

    def second() -> bool:
        assert done.wait(10)
        with transaction.atomic():
            return appointments._draw_again(rows[1].pk)

    ends = at_once(first, second)
    assert Inspection.objects.filter(inspector=other, state="appointed", day=day).count() == 1
    assert ends[0] is True and ends[1] in (True, False)
    appointments.set_overdue()
    assert len({row.day for row in Inspection.objects.filter(inspector=other, state="appointed")}) == 2


def test_a_visit_made_on_the_day_on_which_the_shop_closes_can_be_sent_later(row: Inspection, frozen_clock: Any) -> None:
    row = inspections.appointed(row)
    assert row.day is not None
    frozen_clock.move(days=(row.day - clock.today()).days)
    made = inspections.found(row)  # without a line
    events.close(shop=Shop.objects.get(pk=row.shop_id), source="tests", actor=system("tests"), on=clock.today())
    assert appointments.set_overdue() == 0
    frozen_clock.move(hours=20)
    assert appointments.set_overdue() == 0
    inspections.visited(row, made)
    assert row.state == "passed"


def test_a_visit_to_a_closed_shop_is_waited_for_as_long_as_it_may_be_sent(row: Inspection, frozen_clock: Any) -> None:
    row = inspections.appointed(row)
    assert row.day is not None
    frozen_clock.move(days=(row.day - clock.today()).days)
    events.close(shop=Shop.objects.get(pk=row.shop_id), source="tests", actor=system("tests"), on=clock.today())
    frozen_clock.move(days=1)
    assert appointments.set_overdue() == 0
    frozen_clock.move(hours=limits()["late_report_hours"])
    assert appointments.set_overdue() == 1
    row.refresh_from_db()
    assert row.state == "cancelled"


@pytest.mark.parametrize("is_failed", [False, True])
def test_of_a_shop_that_closes_nothing_is_inspected_any_more(row: Inspection, owner: User, is_failed: bool, frozen_clock: Any) -> None:
    if is_failed:
        row = inspections.appointed(row)
        frozen_clock.move(days=(row.day - clock.today()).days)  # type: ignore[operator]
        inspections.visited(row, inspections.found(row, fire="no"))
    shop = Shop.objects.get(pk=row.shop_id)
    events.close(shop=shop, source="tests", actor=system("tests"), on=clock.today() + dt.timedelta(days=1))
    state = row.state
    appointments.set_overdue()
    row.refresh_from_db()
    assert row.state == state and len(obligations(owner)) == 1, "the control: it is still open"
    frozen_clock.move(days=1)
    appointments.set_overdue()
    row.refresh_from_db()
    assert row.state == ("failed" if is_failed else "cancelled") and obligations(owner) == []
    with pytest.raises(Refused, match="shop_closed"):
        inspections.ordered(Shop.objects.get(pk=shop.pk))


def moved(shop_id: int, **address: Any) -> None:
    shop = Shop.objects.get(pk=shop_id)
    columns = {name: getattr(shop, name) for name in events.ADDRESS_COLUMNS} | address
    change_register(shop=shop, changes=[FactChange("address", columns)], source=f"tests {address}", actor=system("tests"))


def test_of_a_shop_that_moves_the_new_place_is_inspected(row: Inspection, owner: User, frozen_clock: Any) -> None:
    row = inspections.appointed(row)
    frozen_clock.move(minutes=5)
    moved(row.shop_id, floor="2")
    assert appointments.set_overdue() == 0, "the control: a corrected floor is no move"
    moved(row.shop_id, block="77")
    assert appointments.set_overdue() == 1 and appointments.set_overdue() == 0
    row.refresh_from_db()
    again = Inspection.objects.exclude(pk=row.pk).get()
    assert (row.state, again.state, again.reason, again.checklist) == ("cancelled", "requested", row.reason, row.checklist)
    assert "77" in again.address_en and "77" in again.address_ar and again.contact == owner
    assert Message.objects.filter(kind="licensing.inspection_ordered", person=owner).count() == 2
    assert len(obligations(owner)) == 1


def test_of_a_shop_with_another_activity_what_holds_for_that_is_asked(row: Inspection, frozen_clock: Any) -> None:
    frozen_clock.move(minutes=5)
    shop = Shop.objects.get(pk=row.shop_id)
    change_register(shop=shop, changes=[FactChange("activity", {"activity_id": "SPA"})], source="tests", actor=system("tests"))
    assert appointments.set_overdue() == 1 and appointments.set_overdue() == 0
    again = Inspection.objects.exclude(pk=row.pk).get()
    assert (again.activity_id, again.state) == ("SPA", "requested") and Inspection.objects.get(pk=row.pk).state == "cancelled"


def test_a_visit_made_on_the_day_on_which_the_shop_moves_can_be_sent_later(row: Inspection, frozen_clock: Any) -> None:
    row = inspections.appointed(row)
    assert row.day is not None
    frozen_clock.move(days=(row.day - clock.today()).days)
    made = inspections.found(row)  # without a line
    moved(row.shop_id, block="77")
    assert appointments.set_overdue() == 0
    inspections.visited(row, made)
    assert row.state == "passed"


def test_after_a_failed_one_a_shop_is_inspected_where_it_is_today(row: Inspection, owner: User, frozen_clock: Any) -> None:
    row = inspections.appointed(row)
    frozen_clock.move(days=(row.day - clock.today()).days)  # type: ignore[operator]
    inspections.visited(row, inspections.found(row, fire="no"))
    moved(row.shop_id, block="77")
    appointments.set_overdue()
    again = services.ask_again(inspection=row, person=owner)
    assert "77" in again.address_en and "77" not in row.address_en and again.previous == row
