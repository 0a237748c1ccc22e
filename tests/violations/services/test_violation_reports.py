"""What an inspector may write, and what comes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.fieldwork.models import Visit
from municipality.kernel import clock, guards
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from shops.models import Shop
from tests.conftest import NOON, Clock
from tests.factories.accounts import SALIM, PersonFactory, StaffFactory
from tests.factories.uploads import UploadFactory
from tests.violations.conftest import found
from violations import invariants, queries
from violations.models import JudicialWarrant, Service, ServiceGround, SettlementOrder, Signed, Violation
from violations.services import notices, violation_reports, writer_annulments

pytestmark = pytest.mark.django_db


def test_a_report_takes_its_amount_from_the_catalogue_and_tells_the_owner(write: Callable[..., Violation], owner: Any) -> None:
    row = write("CLN-03")
    order = SettlementOrder.objects.get(violation=row)
    assert (row.state, order.fils, row.edition) == ("ordered", 100_000, "offences.municipal v1")
    assert row.number is not None and row.number.startswith("VIO-2026-000001-")
    assert Message.objects.get(person=owner, kind="violations.report_written").title_en == f"Violation {row.number}"
    assert {"violation.recorded", "violation.report_written"} <= set(
        AuditEvent.objects.filter(subject=row.key).values_list("action", flat=True)
    )
    assert list(invariants.findings()) == []


def test_a_warning_comes_first_where_there_is_time_to_put_it_right(write: Callable[..., Violation]) -> None:
    row = write("SHP-05", quantity_hundredths=300)
    assert (row.state, row.number, row.correct_until) == ("warned", None, dt.date(2026, 11, 27))
    assert row.warning_number is not None and row.warning_number.startswith("WRN-2026-")
    assert not SettlementOrder.objects.exists()


@pytest.mark.parametrize("hours", [0.5, 26, 50], ids=["at once", "the day after", "two days after"])
def test_the_days_to_put_it_right_begin_when_the_party_is_told(
    write: Callable[..., Violation], inspector: Any, owner: Any, frozen_clock: Clock, hours: float
) -> None:
    row = write("SHP-05", quantity_hundredths=300, seen_at=clock.now() - dt.timedelta(hours=hours))
    assert row.correct_until == clock.today() + dt.timedelta(days=row.offence_facts["correction_days"]) == dt.date(2026, 11, 27)
    message = Message.objects.get(person=owner, kind="violations.warning_given")
    assert "27 November 2026" in message.body_en
    frozen_clock.set(clock.end_of(row.correct_until))
    with pytest.raises(Refused, match="correction_runs"):
        violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())


def test_a_warning_that_is_written_anew_gives_its_days_anew(write: Callable[..., Violation], inspector: Any, frozen_clock: Clock) -> None:
    seen_at = clock.now()
    row = write("SHP-05", quantity_hundredths=300, seen_at=seen_at)
    frozen_clock.move(hours=20)
    writer_annulments.annul(violation=row, inspector=inspector, code="writer_wrong_facts", note_ar="القياس غلط")
    again = write("SHP-05", quantity_hundredths=200, seen_at=seen_at)
    assert (row.correct_until, again.correct_until) == (dt.date(2026, 11, 27), dt.date(2026, 11, 28))


def test_a_report_follows_a_warning_only_when_its_days_are_over(
    write: Callable[..., Violation], inspector: Any, frozen_clock: Clock
) -> None:
    row = write("SHP-05", quantity_hundredths=300)
    frozen_clock.move(days=3)
    with pytest.raises(Refused, match="correction_runs"):
        violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    frozen_clock.move(days=1)
    violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    assert row.state == "ordered"
    assert SettlementOrder.objects.get(violation=row).fils == 150_000


def test_whoever_signed_the_warning_did_not_receive_the_report(
    write: Callable[..., Violation], inspector: Any, frozen_clock: Clock
) -> None:
    row = write("SHP-05", quantity_hundredths=300, signed=Signed.SIGNED)
    frozen_clock.move(days=4)
    violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    assert (row.state, row.signed, row.settle_until) == ("ordered", Signed.ABSENT, None)
    assert not Service.objects.exists()  # else its periods would run from the day of the warning


def test_a_correction_in_time_ends_it_without_an_amount(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write("SHP-05", quantity_hundredths=300)
    UploadFactory(owner=owner, subject=row.key, slot="correction")
    seen = violation_reports.to_judge(row)
    violation_reports.refuse_correction(violation=row, inspector=inspector, code="proof_unclear", seen=seen)
    violation_reports.accept_correction(violation=row, inspector=inspector)
    assert row.state == "corrected"
    kinds = set(Message.objects.filter(person=owner).values_list("kind", flat=True))
    assert {"violations.correction_refused", "violations.correction_accepted"} <= kinds


def test_what_the_law_does_not_let_settle_goes_without_an_order(write: Callable[..., Violation]) -> None:
    row = write("CLN-06")
    assert row.state == "unsettleable"
    assert not SettlementOrder.objects.exists()


def test_a_sum_that_no_payment_can_take_goes_to_the_court(write: Callable[..., Violation], inspector: Any, frozen_clock: Clock) -> None:
    most, above = (write("STL-01", shop=None, civil_id=SALIM, quantity_hundredths=m2 * 100, months=500) for m2 in (999, 1_000))
    frozen_clock.move(days=8)
    for row in (most, above):
        violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
    assert (most.state, SettlementOrder.objects.get().fils) == ("ordered", 999_000_000)
    assert (above.state, above.number is not None) == ("unsettleable", True)
    assert list(invariants.findings()) == []


def test_two_inspectors_with_the_same_facts_reach_the_same_amount(
    make_inspector: Callable[..., Any], make_shop: Callable[..., Shop]
) -> None:
    amounts = set()
    for login in ("first", "second"):
        row, _new = violation_reports.record(inspector=make_inspector(login), findings=found(make_shop(), "CLN-02"))
        minutes_after(row, login)
        amounts.add(row.offence_facts["settlement_fils"])
    assert amounts == {100_000}


def minutes_after(row: Violation, login: str) -> None:
    with clock.at(NOON + dt.timedelta(days=5)):
        violation_reports.write_report(violation=row, inspector=row.inspector.user, seen_at=clock.now())


def test_a_repetition_is_counted_by_the_system_and_costs_more(
    make_inspector: Callable[..., Any], make_shop: Callable[..., Shop], frozen_clock: Clock
) -> None:
    inspector, shop = make_inspector(), make_shop()
    sums = []
    for _turn in range(3):
        row, _new = violation_reports.record(inspector=inspector, findings=found(shop, "SHP-04", quantity_hundredths=400))
        frozen_clock.move(days=3)
        violation_reports.write_report(violation=row, inspector=inspector, seen_at=clock.now())
        sums.append((row.repeat_count, queries.order_of(row).fils))  # type: ignore[union-attr]
        frozen_clock.move(days=10)
    assert sums == [(0, 20_000), (1, 40_000), (2, 40_000)]


def test_the_same_report_sent_again_is_one(write: Callable[..., Violation], inspector: Any, shop: Shop) -> None:
    seen = found(shop)
    first, new = violation_reports.record(inspector=inspector, findings=seen)
    again, new_again = violation_reports.record(inspector=inspector, findings=seen)
    assert (new, new_again, again.pk, Violation.objects.count()) == (True, False, first.pk, 1)
    with pytest.raises(Refused, match="sent_differently"):
        violation_reports.record(inspector=inspector, findings=replace(seen, offence="CLN-02"))


@pytest.mark.parametrize("typed", ["shop", "civil_id", "party_name_ar", "quantity_hundredths", "no shop"])
def test_what_is_typed_into_a_form_that_was_sent_is_not_taken_for_what_it_said(
    make_shop: Callable[..., Shop], inspector: Any, shop: Shop, typed: str
) -> None:
    """The way back of a browser shows the form with its key: the next shop under it was told as issued, against the first one."""
    other: dict[str, Any] = {"shop": make_shop(), "civil_id": SALIM, "party_name_ar": "فلان", "quantity_hundredths": 500, "no shop": None}
    seen = found(shop, "SHP-05", quantity_hundredths=300)
    violation_reports.record(inspector=inspector, findings=seen)
    changed = replace(seen, **{typed: other[typed]} if typed != "no shop" else {"shop": None, "place_note": "أمام الباب"})
    with pytest.raises(Refused, match="sent_differently"):
        violation_reports.record(inspector=inspector, findings=changed)


@pytest.mark.parametrize("other", [{"place_note": "أمام الباب الثاني"}, {"block": "7"}, {"street": "شارع 9"}])
def test_two_places_without_a_shop_are_two_reports(inspector: Any, other: dict[str, Any]) -> None:
    seen = found(None, place_note="أمام الباب الأول", block="3", street="شارع 1")
    first, _new = violation_reports.record(inspector=inspector, findings=seen)
    assert violation_reports.record(inspector=inspector, findings=seen) == (first, False)
    with pytest.raises(Refused, match="sent_differently"):
        violation_reports.record(inspector=inspector, findings=replace(seen, **other))


def test_one_act_at_one_shop_on_one_day_is_written_once(write: Callable[..., Violation], make_inspector: Callable[..., Any]) -> None:
    write("CLN-03")
    with pytest.raises(Refused, match="seen_already"):
        write("CLN-03", by=make_inspector("second"))


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"offence": "QQQ-01"}, "unknown_offence"),
        ({"seen_at": NOON + dt.timedelta(hours=1)}, "from_the_future"),
        ({"seen_at": NOON - dt.timedelta(days=4)}, "too_late"),
        ({"offence": "SHP-04", "quantity_hundredths": 0}, "bad_quantity"),
        ({"offence": "SHP-05", "quantity_hundredths": 150}, "bad_whole_pieces"),
        ({"offence": "STL-01", "months": 0}, "bad_months"),
    ],
)
def test_facts_that_cannot_be_are_refused_with_a_sentence(inspector: Any, shop: Shop, facts: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        violation_reports.record(inspector=inspector, findings=replace(found(shop), **facts))
    assert refused.value.code == code
    assert str(refused.value.sentence)
    assert not Violation.objects.exists()


@pytest.mark.parametrize(
    ("warrant", "code"),
    [
        ({"last_day": dt.date(2026, 11, 23)}, "warrant_ended"),
        ({"first_day": dt.date(2026, 11, 25)}, "no_inspector"),
        ({"scope": ["SHP"]}, "not_in_scope"),
        ({"branch": "JA"}, "other_branch"),
    ],
)
def test_only_an_inspector_in_office_in_scope_and_at_home_writes(
    make_inspector: Callable[..., Any], shop: Shop, warrant: dict[str, Any], code: str
) -> None:
    inspector = make_inspector("other", **warrant)
    with pytest.raises(NotPermitted) as refused:
        violation_reports.record(inspector=inspector, findings=found(shop))
    assert refused.value.code == code


def test_premises_for_women_are_for_a_team_of_women(make_inspector: Callable[..., Any], make_shop: Callable[..., Shop]) -> None:
    salon = make_shop(activity_id="WSAL")
    with pytest.raises(NotPermitted, match="womens_team"):
        violation_reports.record(inspector=make_inspector("men"), findings=found(salon))
    row, _new = violation_reports.record(inspector=make_inspector("women", womens=True), findings=found(salon))
    assert row.is_womens_premises


def test_somebody_without_an_account_finds_it_at_first_sign_in(inspector: Any) -> None:
    row, _new = violation_reports.record(inspector=inspector, findings=found(None, "CLN-01", civil_id=SALIM, party_name_ar="سالم"))
    assert row.party is None
    assert SALIM not in str({name: value for name, value in vars(row).items() if name != "_state"})

    late = PersonFactory()
    assert queries.visible_to(late).get() == row
    assert queries.by_number(row.number, civil_ids.fields(SALIM)["civil_id_masked"][-4:]) == row  # type: ignore[arg-type]
    assert queries.by_number(row.number, "0000") is None  # type: ignore[arg-type]


@pytest.mark.guards
@pytest.mark.parametrize("column", ["quantity_hundredths", "offence", "note_ar"])
def test_the_facts_of_a_report_do_not_change_by_any_door(write: Callable[..., Violation], column: str) -> None:
    row = write()
    value = {"quantity_hundredths": 900, "offence": "CLN-01", "note_ar": "غير ذلك"}[column]
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Violation.objects.filter(pk=row.pk).update(**{column: value})
    guards.remove(connection)
    Violation.objects.filter(pk=row.pk).update(**{column: value})  # without the guard the harm happens
    assert getattr(Violation.objects.get(pk=row.pk), column) == value


@pytest.mark.guards
def test_a_report_is_never_deleted_and_its_number_stays(write: Callable[..., Violation]) -> None:
    row = write()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM violations_violation WHERE id = %s", [row.pk])
    with pytest.raises(IntegrityError, match="frozen"), transaction.atomic():
        Violation.objects.filter(pk=row.pk).update(number="VIO-2026-000009-X")


def test_a_gap_in_the_numbers_is_found(write: Callable[..., Violation], make_shop: Callable[..., Shop]) -> None:
    from municipality.documents.numbers import next_number

    write()
    with transaction.atomic():
        next_number("VIO-2026")
    assert any("lacks 1 numbers" in finding for finding in invariants.findings())


def test_a_rolled_back_report_gives_its_number_back(write: Callable[..., Violation], make_shop: Callable[..., Shop]) -> None:
    class Undone(Exception):
        pass

    def write_and_fail() -> None:
        with transaction.atomic():
            write()
            raise Undone

    with pytest.raises(Undone):
        write_and_fail()
    row = write()
    assert row.number is not None and row.number.startswith("VIO-2026-000001-")


@pytest.mark.guards
def test_the_database_refuses_a_report_without_an_inspector_of_the_branch(write: Callable[..., Violation], make_inspector: Any) -> None:
    row = write()
    elsewhere = JudicialWarrant.objects.get(user=make_inspector("ja", "JA"))
    columns = {f.attname: getattr(row, f.attname) for f in Violation._meta.concrete_fields if f.attname != "id"}
    columns |= {
        "public_id": "x" * 26,
        "number": None,
        "warning_number": None,
        "state": "recorded",
        "last_event_id": None,
        "notice_id": None,
        "inspector_id": elsewhere.pk,
        "visit_id": Visit.objects.create(key="other", sender_id=elsewhere.user_id, started_at=row.seen_at, received_at=row.received_at).pk,
    }
    with pytest.raises(IntegrityError, match="not_by_inspector"), transaction.atomic():
        Violation.objects.create(**columns)


@pytest.fixture
def followed(write: Callable[..., Violation], make_inspector: Callable[..., Any], frozen_clock: Clock) -> Violation:
    """A report that a colleague wrote after the warning of the inspector."""
    row = write("SHP-05", quantity_hundredths=300)
    assert row.correct_until is not None
    frozen_clock.set(clock.start_of(row.correct_until + dt.timedelta(days=1)) + dt.timedelta(hours=9))
    violation_reports.write_report(violation=row, inspector=make_inspector("colleague"), seen_at=clock.now())
    return row


def test_the_signature_is_recorded_by_who_wrote_the_report_not_the_warning(followed: Violation, inspector: Any) -> None:
    with pytest.raises(NotPermitted, match="not_its_writer"):
        violation_reports.record_signature(violation=followed, inspector=inspector, at=clock.now())
    colleague = User.objects.get(login="colleague")
    violation_reports.record_signature(violation=followed, inspector=colleague, at=clock.now())
    assert followed.settle_until == clock.today() + dt.timedelta(days=14)


def test_a_writer_whose_warrant_was_renewed_records_the_signature(write: Callable[..., Violation], inspector: Any) -> None:
    row = write("CLN-03")
    renewed = JudicialWarrant.objects.get()
    renewed.pk, renewed.first_day, renewed.badge_no = None, clock.today(), "B-9999"
    renewed._state.adding = True
    renewed.save()
    assert queries.warrant_of(inspector, clock.today()) == renewed != row.inspector
    violation_reports.record_signature(violation=row, inspector=inspector, at=clock.now())
    assert row.settle_until is not None


@pytest.mark.guards
def test_nobody_serves_a_report_by_hand_before_it_was_written(followed: Violation) -> None:
    clerk = StaffFactory(groups=["violation_clerk"], login="clerk", branch_id="HA")
    values: dict[str, Any] = {"violation": followed, "clerk": clerk, "how": "handed", "receipt": "R-7"}
    yesterday = clock.today() - dt.timedelta(days=1)
    with pytest.raises(Refused, match="bad_day"):
        notices.serve_by_hand(on=yesterday, **values)
    proof = {"how": "handed", "by": clerk.key, "receipt": "R-7"}
    with pytest.raises(IntegrityError, match="not_proved"), transaction.atomic():
        Service.objects.create(violation=followed, ground=ServiceGround.BY_HAND, at=clock.start_of(yesterday), proof=proof)
    notices.serve_by_hand(on=clock.today(), **values)
    assert followed.settle_until == clock.today() + dt.timedelta(days=14)
