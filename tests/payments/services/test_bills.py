from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from stdnum.iso7064 import mod_37_36

from municipality.audit.models import AuditEvent
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused, TransitionRefused
from payments import invariants, queries
from payments.models import Attempt, Bill, BillLine
from payments.rules import NotPayable
from payments.services import issue_bill, start_attempt, void_bill
from payments.states import BillState
from tests.factories.payments import BillFactory, bill_line

pytestmark = pytest.mark.django_db
ME = system("tests")


def test_a_bill_is_the_sum_of_its_lines_and_has_a_checked_reference(payer: Any) -> None:
    bill = BillFactory(payer=payer, lines=[bill_line(10_000), bill_line(250, "stamp")])
    assert bill.total_fils == 10_250
    assert bill.reference.startswith("BIL-2026-000001-") and mod_37_36.is_valid(bill.reference.replace("-", ""))
    assert [(entry.order, entry.fils) for entry in bill.lines.all()] == [(1, 10_000), (2, 250)]
    assert bill.state == BillState.DUE
    assert AuditEvent.objects.get(action="bill.issued").data["fils"] == 10_250
    assert not list(invariants.findings())


def test_a_bill_over_nothing_does_not_exist(payer: Any) -> None:
    with pytest.raises(NotPayable):
        issue_bill(kind="tests.thing", subject="case:abc", payer=payer, title_ar="أ", title_en="a", lines=[], actor=ME)
    assert not Bill.objects.exists()


def test_the_database_refuses_another_amount_another_payer_and_a_new_or_changed_line(issue: Callable[..., Bill], stranger: Any) -> None:
    bill = issue()
    for change in ({"total_fils": 1}, {"payer": stranger}, {"subject": "case:other"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Bill.objects.filter(pk=bill.pk).update(**change)
    with pytest.raises(DatabaseError), transaction.atomic():
        BillLine.objects.filter(bill=bill).update(fils=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        bill.lines.all().delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        bill.delete()


def test_the_database_refuses_a_bill_made_paid_by_hand(issue: Callable[..., Bill]) -> None:
    bill = issue()
    bill.state = BillState.PAID
    with pytest.raises(DatabaseError), transaction.atomic():
        bill.save()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE payments_bill SET state = 'paid' WHERE id = %s", [bill.pk])


def test_a_due_bill_can_be_cancelled_once(issue: Callable[..., Bill]) -> None:
    bill = issue()
    void_bill(bill=bill, actor=ME, reason="withdrawn")
    assert Bill.objects.get(pk=bill.pk).state == BillState.VOID
    assert queries.bill_of("case:abc") is None
    with pytest.raises(TransitionRefused):
        void_bill(bill=bill, actor=ME)


def test_a_bill_is_not_cancelled_while_its_payment_is_at_the_bank(at_bank: Callable[..., Attempt]) -> None:
    bill = at_bank().allocations.get().bill
    with pytest.raises(Refused) as refused:
        void_bill(bill=bill, actor=ME)
    assert refused.value.code == "payment_open"


def test_a_person_sees_their_own_bills_and_staff_see_none_here(issue: Callable[..., Bill], payer: Any, stranger: Any) -> None:
    bill = issue()
    assert list(queries.visible_to(payer)) == [bill]
    assert not queries.visible_to(stranger).exists()
    payer.is_staff = True
    assert not queries.visible_to(payer).exists()


def test_the_invariants_find_a_bill_whose_lines_do_not_add_up(issue: Callable[..., Bill]) -> None:
    bill = issue()
    BillLine.objects.create(
        bill=bill, order=2, code="x", label_ar="x", label_en="x", article_ar="x", article_en="x", edition="x", fils=5, revenue_account="1"
    )
    assert [finding for finding in invariants.findings() if bill.reference in finding]


def test_a_payment_after_the_last_day_is_refused(issue: Callable[..., Bill], payer: Any) -> None:
    import datetime as dt

    bill = issue(due_until=dt.date(2026, 11, 23))
    with pytest.raises(Refused) as refused:
        start_attempt(bills=[bill], payer=payer, language="ar", session_key="s")
    assert refused.value.code == "too_late"
