"""The day after the last one: the settlement is closed and the violation is on the list for the court, without anybody's act."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.db import IntegrityError, connection, transaction

from municipality.audit.models import AuditEvent
from municipality.documents import store
from municipality.kernel import clock, guards
from municipality.kernel.errors import Refused
from payments.models import Attempt, Bill
from payments.services import start_attempt
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import StaffFactory
from violations import court_list, tasks
from violations.models import Annulment, Referral, ReferralBatch, Relief, Violation
from violations.services import court, notices, relief, settlements, terms

pytestmark = pytest.mark.django_db
SETTLEMENT_OVER, OBJECTION_OVER = 15, 31  # days after service


@pytest.fixture(autouse=True)
def plain_static(settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}


def state(row: Violation) -> str:
    return str(Violation.objects.values_list("state", flat=True).get(pk=row.pk))


def pay_page(row: Violation) -> str:
    return f"/en/violations/{row.public_id}/pay/"


def start(bill: Bill, owner: Any) -> Attempt:
    return start_attempt(bills=[bill], payer=owner, language="en", session_key="session-1")


def test_it_is_on_the_list_on_its_day_without_anybodys_act(served: Violation, frozen_clock: Clock) -> None:
    frozen_clock.move(days=SETTLEMENT_OVER)
    tasks.sweep()
    assert (state(served), list(court.referable())) == ("overdue", [])  # the time to object still runs
    frozen_clock.move(days=OBJECTION_OVER - SETTLEMENT_OVER - 1)
    tasks.sweep()
    assert list(court.referable()) == []
    frozen_clock.move(days=1)
    tasks.sweep()
    assert list(court.referable()) == [served]
    assert court_list.list_day(served) == clock.today()
    assert court_list.annotate_entered(court.referable()).get().entered_at is not None
    clerk = signed_in(StaffFactory(groups=["court_clerk"], login="court", branch_id="HA"))
    page = clerk.get("/admin/office/referrals/").content.decode()
    assert served.number is not None and served.number in page
    moved = AuditEvent.objects.filter(subject=served.key, action="violation.lapsed").get()
    assert moved.actor_role == "system"


def test_what_may_not_be_settled_is_on_the_list_by_itself_too(write: Callable[..., Violation], owner: Any, frozen_clock: Clock) -> None:
    row = write("CLN-06")
    assert notices.record_opening(violation=row, person=owner)
    row.refresh_from_db()
    assert (row.state, row.settle_until) == ("unsettleable", None)
    frozen_clock.move(days=OBJECTION_OVER - 1)
    tasks.sweep()
    assert list(court.referable()) == []
    frozen_clock.move(days=1)
    tasks.sweep()
    assert list(court.referable()) == [row]


def test_an_extension_moves_the_day(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    until = terms.extend(violation=served, person=owner)
    served.refresh_from_db()
    assert court_list.list_day(served) == until + dt.timedelta(days=1)
    frozen_clock.move(days=(until - clock.today()).days)
    tasks.sweep()
    assert list(court.referable()) == []
    frozen_clock.move(days=1)
    tasks.sweep()
    assert list(court.referable()) == [served]


def test_the_page_says_since_when_and_has_no_button(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    page = f"/en/violations/{served.public_id}/"
    assert pay_page(served) in signed_in(owner).get(page).content.decode()
    frozen_clock.move(days=SETTLEMENT_OVER)
    browser = signed_in(owner)  # a session ends before that
    closed = browser.get(page).content.decode()  # before the sweep as after it
    assert pay_page(served) not in closed
    tasks.sweep()
    closed = browser.get(page).content.decode()
    assert pay_page(served) not in closed and "onto the list for the court by itself" in closed
    frozen_clock.move(days=OBJECTION_OVER - SETTLEMENT_OVER)
    assert "On the list for the court since" in signed_in(owner).get(page).content.decode()


@pytest.mark.parametrize("has_swept", [False, True])
def test_the_old_order_cannot_be_paid_any_more(served: Violation, owner: Any, frozen_clock: Clock, has_swept: bool) -> None:
    bill = settlements.bill_for(violation=served, person=owner)
    assert signed_in(owner).get(pay_page(served)).status_code == 200  # the form stays open in a browser
    frozen_clock.move(days=SETTLEMENT_OVER)
    if has_swept:
        tasks.sweep()
    with pytest.raises(Refused, match="nothing_payable") as refused:
        settlements.bill_for(violation=served, person=owner)
    assert refused.value.sentence
    with pytest.raises(Refused, match="not_due" if has_swept else "too_late") as late:
        start(bill, owner)
    assert late.value.sentence
    browser = signed_in(owner)
    answer = browser.post(pay_page(served))
    assert (answer.status_code, "Nothing can be paid for this violation now" in answer.content.decode()) == (409, True)
    assert browser.post(f"/en/pay/{bill.public_id}/").status_code != 303
    assert not Attempt.objects.exists()


def test_after_the_referral_nothing_of_the_order_is_payable(served: Violation, owner: Any, frozen_clock: Clock) -> None:
    bill = settlements.bill_for(violation=served, person=owner)
    frozen_clock.move(days=OBJECTION_OVER)
    tasks.sweep()
    court.refer(clerk=StaffFactory(groups=["court_clerk"], login="court"))
    assert state(served) == "referred"
    with pytest.raises(Refused, match="nothing_payable"):
        settlements.bill_for(violation=served, person=owner)
    with pytest.raises(Refused, match="not_due"):
        start(bill, owner)


@pytest.fixture
def due(served: Violation, frozen_clock: Clock) -> Violation:
    frozen_clock.move(days=OBJECTION_OVER)
    tasks.sweep()
    return Violation.objects.get(pk=served.pk)


def proposed(kind: str, row: Violation) -> Annulment | Relief:
    clerk = StaffFactory(groups=["violation_clerk"], login="clerk")
    if kind == "annulment":
        return relief.ask_annulment(violation=row, code="written_twice", note_ar="", asked_by=clerk)
    return relief.ask_relief(violation=row, code="hardship", note_ar="", percent=0 if kind == "waiver" else 50, asked_by=clerk)


@pytest.mark.parametrize("kind", ["annulment", "waiver", "reduction"])
def test_no_referral_overtakes_a_proposal_that_waits_for_its_second_person(due: Violation, kind: str) -> None:
    waiting = proposed(kind, due)
    clerk = StaffFactory(groups=["court_clerk"], login="court", branch_id="HA")
    assert (list(court.referable()), court.held_back()) == ([], [waiting])
    with pytest.raises(Refused, match="nothing_due"):
        court.refer(clerk=clerk)
    page = signed_in(clerk).get("/admin/office/referrals/").content.decode()
    assert due.number is not None and due.number in page and f"/{due.public_id}/" in page, "held back, and seen to be"
    assert "موقوفة عن الإحالة" in page
    authority = StaffFactory(groups=["violation_authority"], login="authority")
    if isinstance(waiting, Annulment):
        relief.allow_annulment(annulment=waiting, allowed_by=authority)
    else:
        relief.allow_relief(relief=waiting, allowed_by=authority)
    assert state(due) == {"annulment": "annulled", "waiver": "waived", "reduction": "ordered"}[kind]
    assert court.held_back() == []


def test_a_report_whose_proposal_is_refused_is_referred(due: Violation) -> None:
    waiting = proposed("waiver", due)
    relief.refuse(proposal=waiting, refused_by=StaffFactory(groups=["violation_authority"], login="authority"), because="لا يكفي السبب")
    assert (list(court.referable()), court.held_back()) == ([due], [])
    court.refer(clerk=StaffFactory(groups=["court_clerk"], login="court"))
    assert state(due) == "referred"


def test_a_proposal_that_comes_while_the_batch_waits_for_the_row_holds_it_back_too(due: Violation) -> None:
    proposed("annulment", due)
    read_before = Violation.objects.filter(pk=due.pk)  # as the list was before the proposal
    with patch.object(court, "referable", side_effect=[read_before, court.referable()]), pytest.raises(Refused, match="nothing_due"):
        court.refer(clerk=StaffFactory(groups=["court_clerk"], login="court"))


@pytest.mark.guards
@pytest.mark.parametrize("kind", ["annulment", "waiver"])
def test_the_database_refers_nothing_that_waits_for_a_second_person(due: Violation, kind: str) -> None:
    clerk = StaffFactory(groups=["court_clerk"], login="court")
    file = store.put(b"x", "text/csv")
    batch = ReferralBatch.objects.create(number="REF-2026-900001-X", made_by=clerk, made_at=clock.now(), file=file)
    proposed(kind, due)
    with pytest.raises(IntegrityError, match="proposal_waits"), transaction.atomic():
        Referral.objects.create(batch=batch, violation=due)
    connection.check_constraints()
    guards.remove(connection)
    with transaction.atomic():
        assert Referral.objects.create(batch=batch, violation=due)  # without the guard the harm happens
        transaction.set_rollback(True)
    guards.install(connection)
