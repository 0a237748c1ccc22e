"""A violation report is annulled by the inspector who wrote it: in time, alone, unpaid; later only by the office."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.audit.models import AuditEvent
from municipality.kernel import clock, guards
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from payments.states import BillState
from shops.models import Shop
from tests.conftest import Clock
from tests.factories.payments import AttemptFactory
from tests.violations.conftest import found, pay
from violations import invariants
from violations.models import Violation, WriterAnnulment
from violations.services import objections, settlements, violation_reports, writer_annulments

pytestmark = pytest.mark.django_db
CODE = "writer_wrong_shop"


def annul(row: Violation, inspector: Any, **more: Any) -> None:
    writer_annulments.annul(violation=row, inspector=inspector, **({"code": CODE, "note_ar": "المحل المجاور"} | more))


@pytest.mark.parametrize("offence", ["CLN-03", "CLN-06", "SHP-05"], ids=["settlement", "charge", "warning"])
def test_its_writer_annuls_it_in_time_and_the_party_is_told(
    write: Callable[..., Violation], inspector: Any, owner: Any, offence: str
) -> None:
    row = write(offence, quantity_hundredths=200)
    number = row.reference
    annul(row, inspector)
    assert (row.state, row.reference) == ("annulled", number)
    event = row.events.order_by("-pk")[0]
    assert (event.move, event.reason, event.actor_key) == ("annul_by_writer", CODE, inspector.key)
    assert AuditEvent.objects.filter(action="violation.annulled", subject=row.key, data__by="writer").count() == 1
    assert Message.objects.filter(person=owner, kind="violations.annulled_by_writer").count() == 1
    assert WriterAnnulment.objects.get().note_ar == "المحل المجاور"
    assert list(invariants.findings()) == []


def test_the_same_is_then_recorded_anew_and_counts_no_repetition(write: Callable[..., Violation], inspector: Any, shop: Shop) -> None:
    annul(write("VND-01"), inspector)
    row, new = violation_reports.record(inspector=inspector, findings=found(shop, "VND-01"))
    assert (new, row.repeat_count) == (True, 0)


def test_its_bill_is_voided(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write()
    bill = settlements.bill_for(violation=row, person=owner)
    annul(row, inspector)
    bill.refresh_from_db()
    assert bill.state == BillState.VOID


@pytest.mark.parametrize(
    ("more", "code"), [({"code": "form_defect"}, "unknown_code"), ({"code": ""}, "unknown_code"), ({"note_ar": " "}, "no_words")]
)
def test_a_reason_and_words_are_needed(write: Callable[..., Violation], inspector: Any, more: dict[str, str], code: str) -> None:
    row = write()
    with pytest.raises(Refused) as refused:
        annul(row, inspector, **more)
    assert refused.value.code == code
    assert Violation.objects.get().state == "ordered"


@pytest.mark.parametrize(("hours", "may"), [(23.9, True), (24.1, False)])
def test_the_hours_are_those_of_the_rulebook(
    write: Callable[..., Violation], inspector: Any, frozen_clock: Clock, hours: float, may: bool
) -> None:
    row = write()
    frozen_clock.move(hours=hours)
    assert (writer_annulments.open_until(row, inspector) is not None) == may
    if may:
        annul(row, inspector)
        return
    with pytest.raises(Refused) as refused:
        annul(row, inspector)
    assert refused.value.code == "too_late"


def test_no_other_inspector_annuls_it(write: Callable[..., Violation], make_inspector: Callable[..., Any]) -> None:
    row, other = write(), make_inspector("second")
    assert writer_annulments.open_until(row, other) is None
    with pytest.raises(NotPermitted) as refused:
        annul(row, other)
    assert refused.value.code == "not_its_writer"


def test_not_once_it_is_paid_objected_to_or_at_the_bank(write: Callable[..., Violation], inspector: Any, owner: Any) -> None:
    row = write()
    AttemptFactory(bills=[settlements.bill_for(violation=row, person=owner)])
    with pytest.raises(Refused) as refused:
        annul(row, inspector)
    assert refused.value.code == "payment_open"
    for code, state in (("not_now", "paid"), ("not_now", "objected")):
        row = write({"paid": "CLN-01", "objected": "VND-01"}[state])
        row = pay(row, owner) if state == "paid" else row
        if state == "objected":
            objections.file(violation=row, person=owner, ground="facts_wrong", words="لا")
            row.refresh_from_db()
        assert row.state == state
        with pytest.raises(Refused) as refused:
            annul(row, inspector)
        assert refused.value.code == code


def _insert(row: Violation, by: Any, at: dt.datetime) -> None:
    with transaction.atomic():
        WriterAnnulment.objects.create(violation=row, code=CODE, note_ar="خطأ", by=by, at=at)


@pytest.mark.guards
@pytest.mark.parametrize(
    ("harm", "guard"), [("foreign", "not_its_writer"), ("late", "too_late"), ("paid", "not_its_writer|already_paid|too_late")]
)
def test_the_database_refuses_a_late_foreign_or_paid_one(
    write: Callable[..., Violation], inspector: Any, make_inspector: Callable[..., Any], owner: Any, harm: str, guard: str
) -> None:
    row = write()
    by, at = inspector, clock.now()
    if harm == "foreign":
        by = make_inspector("second")
    elif harm == "late":
        at += dt.timedelta(hours=24, seconds=2)
    else:
        row = pay(row, owner)
    with pytest.raises(IntegrityError, match=guard):
        _insert(row, by, at)
    guards.remove(connection)
    _insert(row, by, at)  # without the guard the harm happens


@pytest.mark.guards
@pytest.mark.parametrize("empty", ["code", "note_ar"])
def test_the_database_refuses_one_without_reason_or_words(write: Callable[..., Violation], inspector: Any, empty: str) -> None:
    values = {"code": CODE, "note_ar": "خطأ"} | {empty: ""}
    with pytest.raises(IntegrityError, match="violations_writer_annulment_reason"), transaction.atomic():
        WriterAnnulment.objects.create(violation=write(), by=inspector, at=clock.now(), **values)


@pytest.mark.guards
def test_the_database_refuses_the_state_without_it(write: Callable[..., Violation], inspector: Any) -> None:
    from municipality.kernel.actors import Actor
    from municipality.kernel.transitions import transition

    row = write()

    def harm() -> None:
        with transaction.atomic():
            transition(row, "annul_by_writer", actor=Actor("inspector", inspector.key), reason=CODE)

    with pytest.raises(IntegrityError, match="annulled_without_ground"):
        harm()
    row.refresh_from_db()
    guards.remove(connection)
    harm()
    assert Violation.objects.get().state == "annulled"
