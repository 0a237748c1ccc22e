"""Stating hours: who may, what is left behind, what the service and the database refuse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.delegation.services import delegations
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from shops import invariants
from shops.hours import services
from shops.hours.services import HOURS, state_hours
from shops.models import RegisterChange, SearchEntry, Shop
from shops.models.hours import COLUMNS, DAYS, HoursWeek, StatedHours, columns_of
from shops.models.week import Week, parse
from shops.register import events
from shops.search import index
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.rulebook import publish_rulebook
from tests.shops.conftest import TESTS
from tests.shops.hours.conftest import NIGHTS, SPLIT

pytestmark = pytest.mark.django_db
Make = Callable[..., Shop]


def words_in_index(shop: Shop) -> str:
    return SearchEntry.objects.get(pk=shop.pk).words


def test_stating_leaves_a_row_a_trace_a_record_and_an_index(stating: Make, frozen_clock: Clock) -> None:
    shop = stating(SPLIT)
    row = StatedHours.objects.get(shop=shop)
    assert (row.week_id, row.ramadan_id, row.stated_at) == (SPLIT, None, clock.now())
    change = RegisterChange.objects.get(shop=shop, name="hours")
    assert change.before == {"week": "", "ramadan": ""} and change.after == {"week": SPLIT, "ramadan": ""}
    act = AuditEvent.objects.get(action="shop.hours_stated")
    assert act.subject == shop.key and act.actor_key == shop.owner.key and act.data["by"] == change.source  # type: ignore[union-attr]
    assert index.stale([shop.pk]) == []


def test_the_same_hours_again_renew_the_day_and_leave_no_trace(stating: Make, frozen_clock: Clock) -> None:
    shop = stating(SPLIT)
    frozen_clock.move(days=3)
    state_hours(shop=shop, person=shop.owner, week=parse(SPLIT))  # type: ignore[arg-type]
    assert StatedHours.objects.get(shop=shop).stated_at == clock.now()
    assert RegisterChange.objects.filter(name="hours").count() == 1 and AuditEvent.objects.filter(action="shop.hours_stated").count() == 2


def test_ramadan_is_stated_beside_the_year_and_both_are_taken_back(stating: Make) -> None:
    shop, unstated = stating(SPLIT, "Mo-Su 20:00-02:00"), index.described
    owner: Any = shop.owner
    plain = words_in_index(shop)
    state_hours(shop=shop, person=owner, week=None, part="ramadan")
    assert StatedHours.objects.get(shop=shop).ramadan_id is None and words_in_index(shop) != plain
    state_hours(shop=shop, person=owner, week=Week(((),) * 7), part="ramadan")  # closed all the month
    state_hours(shop=shop, person=owner, week=None)
    assert not StatedHours.objects.exists() and unstated([shop.pk])[0].parts[3][-1].startswith("l:")
    assert [change.after["ramadan"] for change in RegisterChange.objects.filter(name="hours").order_by("pk")] == [
        *("", "Mo-Su 20:00-02:00", "", "Mo-Su off", ""),
    ]


def test_shops_with_the_same_hours_share_one_week(stating: Make) -> None:
    stating(SPLIT), stating(SPLIT), stating(NIGHTS)
    assert HoursWeek.objects.count() == 2 and StatedHours.objects.count() == 3


@pytest.mark.parametrize(
    ("week", "part", "code"),
    [
        (None, "week", "nothing_stated"),
        (None, "ramadan", "nothing_stated"),
        (parse(SPLIT), "ramadan", "hours_first"),
        (Week(((),) * 7), "week", "never_open"),
    ],
)
def test_what_makes_no_sense_is_refused(make_shop: Make, week: Week | None, part: Any, code: str) -> None:
    shop = make_shop(owner=PersonFactory(), organisation=None)
    with pytest.raises(Refused) as refused:
        state_hours(shop=shop, person=shop.owner, week=week, part=part)  # type: ignore[arg-type]
    assert refused.value.code == code and not StatedHours.objects.exists() and not RegisterChange.objects.exists()


def test_a_closed_shop_takes_no_hours_and_keeps_what_it_stated(stating: Make) -> None:
    shop = stating()
    events.close(shop=shop, source="moci", actor=TESTS)
    with pytest.raises(Refused) as refused:
        state_hours(shop=shop, person=shop.owner, week=parse(NIGHTS))  # type: ignore[arg-type]
    assert refused.value.code == "closed_already" and StatedHours.objects.get(shop=shop).week_id == SPLIT


def test_only_the_holder_and_whom_they_let_act_in_this_service_state_hours(make_shop: Make) -> None:
    publish_rulebook()
    owner, other = PersonFactory(), PersonFactory(civil_id=NOURA)
    shop = make_shop(owner=owner, organisation=None)
    with pytest.raises(NotPermitted):
        state_hours(shop=shop, person=other, week=parse(SPLIT))
    delegated(owner, other, shop, "shops.reply")
    with pytest.raises(NotPermitted):
        state_hours(shop=shop, person=other, week=parse(SPLIT))
    delegated(owner, other, shop, HOURS)
    state_hours(shop=shop, person=other, week=parse(SPLIT))
    act = AuditEvent.objects.get(action="shop.hours_stated")
    assert act.actor_role == "delegate" and act.actor_key == other.key
    with pytest.raises(NotPermitted):
        state_hours(shop=shop, person=PersonFactory(civil_id="290010100062"), week=parse(SPLIT))


def delegated(giver: User, delegate: User, shop: Shop, service: str) -> None:
    until = clock.today() + dt.timedelta(days=30)
    row = delegations.give(giver=giver, number=NOURA, subject=shop.key, service=service, last_day=until)
    delegations.accept(delegation=row, person=delegate)


def test_a_person_states_hours_so_often_a_day(make_shop: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "STATE_LIMIT", services.AttemptLimit("shop_hours", 1, 86_400))
    shop = make_shop(owner=PersonFactory(), organisation=None)
    state_hours(shop=shop, person=shop.owner, week=parse(SPLIT))  # type: ignore[arg-type]
    with pytest.raises(Refused) as refused:
        state_hours(shop=shop, person=shop.owner, week=parse(NIGHTS))  # type: ignore[arg-type]
    assert (refused.value.code, refused.value.status) == ("too_often", 429)


# --- What the database refuses ----------------------------------------------------------------------------------------------------


def written(**columns: int | None) -> None:
    row = dict.fromkeys(f"{day}_{column}" for day in DAYS for column in COLUMNS)
    with transaction.atomic():
        HoursWeek.objects.bulk_create([HoursWeek(text="made up", **(row | columns))])


@pytest.mark.guards
@pytest.mark.parametrize(
    "columns",
    [
        {"sun_opens": 36},
        {"sun_closes": 36},
        {"sun_opens": -1, "sun_closes": 36},
        {"sun_opens": 96, "sun_closes": 99},
        {"sun_opens": 36, "sun_closes": 36},
        {"sun_opens": 36, "sun_closes": 133},
        {"sun_opens_again": 36, "sun_closes_again": 40},
        {"sun_opens": 36, "sun_closes": 52, "sun_opens_again": 60},
        {"sun_opens": 36, "sun_closes": 52, "sun_opens_again": 52, "sun_closes_again": 60},
        {"sun_opens": 36, "sun_closes": 52, "sun_opens_again": 60, "sun_closes_again": 60},
        {"sun_opens": 36, "sun_closes": 52, "sun_opens_again": 60, "sun_closes_again": 133},
        {"sun_opens": 80, "sun_closes": 120, "mon_opens": 20, "mon_closes": 40},
        {"sun_opens": 36, "sun_closes": 52, "sun_opens_again": 60, "sun_closes_again": 120, "mon_opens": 20, "mon_closes": 40},
        {"sat_opens": 80, "sat_closes": 120, "sun_opens": 20, "sun_closes": 40},
    ],
)
def test_the_database_refuses_a_week_that_cannot_be(columns: dict[str, int]) -> None:
    with pytest.raises(IntegrityError):
        written(**columns)
    assert not HoursWeek.objects.exists()


@pytest.mark.guards
@pytest.mark.parametrize("text", [SPLIT, NIGHTS, "24/7", "Mo-Su off"])
def test_the_red_control_a_week_that_can_be_is_taken(text: str) -> None:
    written(**columns_of(parse(text)))
    assert HoursWeek.objects.count() == 1


@pytest.mark.guards
def test_a_stated_week_never_changes_since_others_share_it(stating: Make) -> None:
    stating()
    with pytest.raises(IntegrityError), transaction.atomic():
        HoursWeek.objects.update(sun_closes=53)
    with pytest.raises(IntegrityError), transaction.atomic():
        HoursWeek.objects.filter(text=SPLIT).delete()


def test_a_week_whose_columns_say_otherwise_is_told(stating: Make) -> None:
    stating(SPLIT)
    assert [line for line in invariants.findings() if "opening hours" in line] == []
    HoursWeek.objects.bulk_create([HoursWeek(text=NIGHTS, **columns_of(parse(SPLIT)))])
    assert [line for line in invariants.findings() if "opening hours" in line] == [
        f"the opening hours {NIGHTS} stand otherwise in their columns"
    ]


@pytest.mark.guards
def test_no_row_of_hours_comes_to_a_closed_shop_past_the_service(stating: Make, make_shop: Make) -> None:
    shop, bare = stating(), make_shop()
    for one in (shop, bare):
        events.close(shop=one, source="moci", actor=TESTS)
    with pytest.raises(IntegrityError), transaction.atomic():
        StatedHours.objects.create(shop=bare, week_id=SPLIT, stated_at=clock.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        StatedHours.objects.filter(shop=shop).update(stated_at=clock.now() + dt.timedelta(days=1))


@pytest.mark.guards
def test_the_red_control_without_its_guard_a_closed_shop_would_take_hours(stating: Make, make_shop: Make) -> None:
    stating()
    closed = make_shop()
    events.close(shop=closed, source="moci", actor=TESTS)
    without_guards()
    StatedHours.objects.create(shop=closed, week_id=SPLIT, stated_at=clock.now())
    assert StatedHours.objects.count() == 2
