"""A stop of services that two people of different roles and units lift by hand, for a time; nobody else and no other door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from licensing.health.states import RENEWAL
from municipality.audit.models import AuditEvent
from municipality.cases import queries as cases
from municipality.cases.models import Block
from municipality.kernel import clock, guards
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from violations import invariants
from violations.models import StopLift, Violation
from violations.services import block_lifts, blocks, relief

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(rules: None) -> Any:
    return StaffFactory(groups=["violation_clerk"], login="clerk", branch_id="HA")


@pytest.fixture
def authority(rules: None) -> Any:
    return StaffFactory(groups=["violation_authority"], login="authority", branch_id="KU")


def ask(row: Violation, by: Any, **more: Any) -> StopLift:
    values = {"code": "public_need", "note_ar": "", "until": clock.today() + dt.timedelta(days=10)} | more
    return block_lifts.ask(violation=row, asked_by=by, **values)


def stops(row: Violation) -> int:
    return len(cases.active_blocks(row.shop.key, RENEWAL))  # type: ignore[union-attr]


def test_two_units_lift_a_stop_until_a_day_and_it_stands_again_after(
    overdue: Violation, clerk: Any, authority: Any, owner: Any, frozen_clock: Clock
) -> None:
    asked = ask(overdue, clerk)
    assert stops(overdue) == 1
    block_lifts.allow(lift=asked, allowed_by=authority)
    assert stops(overdue) == 0
    assert Message.objects.filter(person=owner, kind="violations.stop_lifted").count() == 1
    acts = AuditEvent.objects.filter(subject=overdue.key).values_list("action", flat=True)
    assert {"stoplift.asked", "violation.stop_lifted"} <= set(acts)
    assert Violation.objects.get(pk=overdue.pk).state == "overdue", "the sum is owed as before"
    assert blocks.place_due() == 0
    frozen_clock.move(days=10)
    assert blocks.place_due() == 0, "the last day belongs to it"
    frozen_clock.move(days=1)
    assert blocks.place_due() == 1
    assert stops(overdue) == 1
    assert Message.objects.filter(person=owner, kind="violations.services_stopped").count() == 2
    assert list(invariants.findings()) == []
    block_lifts.allow(lift=ask(overdue, clerk), allowed_by=authority)  # and once more by the same way
    assert stops(overdue) == 0


def test_nobody_lifts_alone_or_within_one_unit_or_without_the_role(overdue: Violation, clerk: Any, authority: Any) -> None:
    with pytest.raises(NotPermitted, match="not_your_role"):
        ask(overdue, authority)
    asked = ask(overdue, clerk)
    with pytest.raises(NotPermitted, match="not_your_role"):
        block_lifts.allow(lift=asked, allowed_by=clerk)
    colleague = StaffFactory(groups=["violation_authority"], login="colleague", branch=clerk.branch)
    with pytest.raises(NotPermitted, match="same_unit"):
        block_lifts.allow(lift=asked, allowed_by=colleague)
    both = StaffFactory(groups=["violation_clerk", "violation_authority"], login="both", branch_id="JA")
    relief.refuse(proposal=asked, refused_by=authority, because="لا يكفي السبب")
    own = ask(overdue, both)
    with pytest.raises(NotPermitted, match="same_person"):
        block_lifts.allow(lift=own, allowed_by=both)
    assert stops(overdue) == 1


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"code": "hardship"}, "unknown_code"),
        ({"until": None}, "bad_until"),
        ({"until": dt.date(2026, 12, 25)}, "bad_until"),
        ({"until": dt.date(2027, 6, 1)}, "bad_until"),
    ],
)
def test_a_reason_and_a_last_day_are_needed(overdue: Violation, clerk: Any, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused, match=code):
        ask(overdue, clerk, **more)


def test_what_stops_nothing_is_not_lifted_and_one_request_waits(write: Callable[..., Violation], overdue: Violation, clerk: Any) -> None:
    with pytest.raises(Refused, match="nothing_stopped"):
        ask(write("CLN-02"), clerk)
    ask(overdue, clerk)
    with pytest.raises(Refused, match="asked_already"):
        ask(overdue, clerk)


def raw(sql: str, values: list[Any]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, values)


@pytest.mark.guards
def test_no_door_of_the_database_ends_a_stop_of_an_unpaid_sum(overdue: Violation, clerk: Any, authority: Any) -> None:
    """By SQL: the block itself, one person, one unit, a false unit, somebody without the role; without the guards the block goes."""
    now = clock.now()
    end_stop = ("UPDATE cases_block SET lifted_at = %s WHERE source = %s", [now, overdue.key])
    with pytest.raises(IntegrityError, match="stop_without_ground"):
        raw(*end_stop)
    asked = ask(overdue, clerk)
    with pytest.raises(IntegrityError, match="stop_without_ground"):
        raw(*end_stop)  # asked for is not allowed
    sign = "UPDATE violations_stoplift SET allowed_by_id = %s, allowed_at = %s, allowed_unit = %s WHERE id = %s"
    colleague = StaffFactory(groups=["violation_authority"], login="colleague", branch=clerk.branch)
    for who, unit, why in (
        (clerk.pk, "HA", "violations_stoplift|not_of_role_and_unit|CHECK"),
        (colleague.pk, "HA", "violations_stoplift_two_units|CHECK"),
        (colleague.pk, "KU", "not_of_role_and_unit"),
        (StaffFactory(groups=["auditor"]).pk, "HQ", "not_of_role_and_unit"),
    ):
        with pytest.raises(IntegrityError, match=why):
            raw(sign, [who, now, unit, asked.pk])
    raw(sign, [authority.pk, now, "KU", asked.pk])  # two people of two units: the very same door opens
    late = clock.now() + dt.timedelta(days=30)
    with pytest.raises(IntegrityError, match="stop_without_ground"):
        raw("UPDATE cases_block SET lifted_at = %s WHERE source = %s", [late, overdue.key])  # its last day has passed by then
    with pytest.raises(IntegrityError, match="frozen"):
        raw("UPDATE violations_stoplift SET until = %s WHERE id = %s", [dt.date(2029, 1, 1), asked.pk])
    connection.check_constraints()
    guards.remove(connection)
    raw("UPDATE cases_block SET lifted_at = %s WHERE source = %s", [late, overdue.key])
    assert not Block.objects.filter(source=overdue.key, lifted_at__isnull=True).exists()


def test_the_register_is_public_and_names_nobody(overdue: Violation, clerk: Any, authority: Any, owner: Any, client: Any) -> None:
    assert "لم يُرفع وقف" in client.get("/ar/violations/stops-lifted/").content.decode()
    block_lifts.allow(lift=ask(overdue, clerk), allowed_by=authority)
    for language, reason in (("ar", "حاجة عامة مؤقتة"), ("en", "A public need for a time")):
        page = client.get(f"/{language}/violations/stops-lifted/").content.decode()
        assert reason in page
        for name in (owner.name_ar, owner.name_en, clerk.name_ar, clerk.name_en, overdue.reference, overdue.shop.name_ar):  # type: ignore[union-attr]
            assert name not in page


def test_by_the_buttons_of_the_office(overdue: Violation, clerk: Any, authority: Any) -> None:
    url = f"/admin/office/{overdue.public_id}/"
    asking = signed_in(clerk)
    wrong = asking.post(url, {"step": "ask_lift", "code": "public_need", "until": "x", "note_ar": "نص"})
    assert (wrong.status_code, "نص" in wrong.content.decode()) == (409, True)
    until = (clock.today() + dt.timedelta(days=5)).isoformat()
    assert asking.post(url, {"step": "ask_lift", "code": "public_need", "until": until}).status_code == 302
    asked = StopLift.objects.get()
    answer = {"step": "allow", "kind": "stoplift", "asked": asked.public_id}
    assert signed_in(authority).post(url, answer).status_code == 302
    assert stops(overdue) == 0
