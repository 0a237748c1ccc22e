"""Two ends of one violation at the same moment, on PostgreSQL, each through its own connection: one of them holds, and no page fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.db.models import QuerySet

from municipality.audit import invariants as of_audit
from municipality.audit.services import sequence
from municipality.jobs import services as jobs
from municipality.jobs.models import Job
from municipality.kernel import clock, guards
from payments import invariants as of_payments
from payments.models import Allocation, Attempt, Bill, Receipt, RefundDue
from payments.services import attempts, inquiries, redirect_url, start_attempt
from tests.bank import Bank
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.due_jobs import JOB_KINDS, run_due
from tests.factories.accounts import StaffFactory
from tests.open_database import on_postgres
from tests.threads import at_once
from violations import invariants as of_violations
from violations.models import Extension, Objection, Violation
from violations.services import notices, relief, settlements, terms

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]
ROUNDS = 4
OBJECT = ("object/", {"ground": "facts_wrong", "words": "لم تكن الأكياس لنا"})
MORE_TIME: tuple[str, dict[str, str]] = ("more-time/", {})


@pytest.fixture(autouse=True)
def real_database(transactional_db: None, settings: Any) -> None:
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
    if not on_postgres():
        pytest.skip("needs PostgreSQL")


Served = Callable[[], tuple[Violation, Bill]]


@pytest.fixture
def served(write: Callable[..., Violation], make_shop: Callable[..., Any], owner: Any) -> Served:
    """One more violation whose period runs, with the bill of its settlement."""

    def make() -> tuple[Violation, Bill]:
        row = write(shop=make_shop())
        assert notices.record_opening(violation=row, person=owner)
        return row, settlements.bill_for(violation=row, person=owner)

    return make


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when a payment has passed its checks; it then waits for a moment, so that the other side comes in between."""
    event, plain = threading.Event(), attempts.record

    def later(*given: Any, **named: Any) -> Any:
        event.set()
        time.sleep(0.5)
        return plain(*given, **named)

    monkeypatch.setattr(attempts, "record", later)
    return event


def whole() -> None:
    """What was promised of payments is done, and nothing that must hold is broken."""
    run_due()
    assert not Job.objects.filter(kind__in=JOB_KINDS, due_at__lte=clock.now()).exclude(state="done").exists()
    while sequence():
        pass
    found = [finding for app in (of_audit, of_payments, of_violations) for finding in app.findings()]
    assert found == []
    call_command("verify_audit")


def press(owner: Any, address: str, form: dict[str, str]) -> Callable[[], int]:
    client = signed_in(owner)
    return lambda: client.post(address, form).status_code


def race(row: Violation, bill: Bill, owner: Any, way: tuple[str, dict[str, str]], after: threading.Event | None = None) -> list[Any]:
    """The status of the answers to "pay" and to the other way, pressed at once; or the other once the payment has passed its checks."""
    other = press(owner, f"/en/violations/{row.public_id}/{way[0]}", way[1])
    if after is not None:
        after.clear()
        return at_once(press(owner, f"/en/pay/{bill.public_id}/", {}), lambda: after.wait(30) and other())
    return at_once(press(owner, f"/en/pay/{bill.public_id}/", {}), other)


def begun(bill: Bill) -> int:
    return Allocation.objects.filter(bill=bill, is_open=True).count()


@pytest.mark.parametrize(("way", "filed"), [(OBJECT, Objection), (MORE_TIME, Extension)], ids=["objection", "more time"])
def test_payment_and_another_way_are_begun_at_once_and_one_holds(
    served: Served, owner: Any, way: tuple[str, dict[str, str]], filed: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    paying, other = (303, 409, 1, 0, "due"), (409, 302, 0, 1, "void")

    def end(after: threading.Event | None = None) -> tuple[Any, ...]:
        row, bill = served()
        answers = race(row, bill, owner, way, after)
        bill.refresh_from_db()
        return (*answers, begun(bill), filed.objects.filter(violation=row).count(), bill.state)

    # Either the bank is asked and the other way is closed until it answers, or the bill is cancelled and nothing can be paid.
    assert {end() for _ in range(ROUNDS)} <= {paying, other}
    after = request.getfixturevalue("checked")
    assert end(after) == paying
    whole()
    # The control: without the lock on the bill both hold, a payment is open for a bill that is cancelled.
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_: self)
    row, bill = served()
    assert race(row, bill, owner, way, after)[1] == 302
    bill.refresh_from_db()
    assert (begun(bill), bill.state) == (1, "void")


def at_bank(bill: Bill, owner: Any) -> Attempt:
    attempt = start_attempt(bills=[bill], payer=owner, language="en", session_key="session-1")
    redirect_url(attempt)
    Bank.book.decide(attempt)
    return attempt


def only(kind: str, **ids: Any) -> int:
    return int(Job.objects.get(kind=kind, **{f"args__{name}": value for name, value in ids.items()}).pk)


def paid_at_bank(bill: Bill, owner: Any, frozen_clock: Clock) -> tuple[Attempt, int]:
    """A payment that is settled and not handed over yet; the job that hands it over."""
    attempt = at_bank(bill, owner)
    frozen_clock.move(minutes=3)
    run_due(("payments.inquire",))
    return attempt, only("payments.hand_over", allocation_id=attempt.allocations.get().pk)


def test_an_objection_while_the_payment_arrives_ends_in_one_of_both(served: Served, owner: Any, frozen_clock: Clock) -> None:
    for _ in range(ROUNDS):
        row, bill = served()
        attempt, job = paid_at_bank(bill, owner, frozen_clock)
        answer, ran = at_once(press(owner, f"/en/violations/{row.public_id}/{OBJECT[0]}", OBJECT[1]), lambda job=job: jobs.run(job))
        assert ran is True
        run_due()
        row.refresh_from_db()
        owed = list(RefundDue.objects.filter(attempt=attempt).values_list("reason", "fils"))
        objections = Objection.objects.filter(violation=row).count()
        assert (answer, row.state, objections, owed) in [(409, "paid", 0, []), (302, "objected", 1, [("not_owed", bill.total_fils)])]
    whole()


def test_more_time_while_the_payment_arrives_ends_in_one_of_both(served: Served, owner: Any, frozen_clock: Clock) -> None:
    """More time changes the last day only: a payment that was settled before it counts in any case."""
    for _ in range(ROUNDS):
        row, bill = served()
        attempt, job = paid_at_bank(bill, owner, frozen_clock)
        answer, ran = at_once(press(owner, f"/en/violations/{row.public_id}/{MORE_TIME[0]}", {}), lambda job=job: jobs.run(job))
        assert ran is True
        run_due()
        row.refresh_from_db()
        assert (answer, Extension.objects.filter(violation=row).count()) in [(409, 0), (302, 1)]
        assert (row.state, RefundDue.objects.filter(attempt=attempt).count()) == ("paid", 0)
    whole()


@pytest.fixture
def part(
    write: Callable[..., Violation], make_shop: Callable[..., Any], owner: Any
) -> Callable[[], tuple[Violation, Bill, Callable[[], None]]]:
    """One more violation that is paid in two parts, the bill of its first part, and how a second person annuls it."""
    groups = ["violation_clerk", "violation_authority"]
    asks, allows = (StaffFactory(groups=groups, login=name, branch_id="HA") for name in ("asks", "allows"))

    def make() -> tuple[Violation, Bill, Callable[[], None]]:
        row = write(shop=make_shop())
        assert notices.record_opening(violation=row, person=owner)
        terms.agree_plan(violation=row, person=owner, count=2)
        asked = relief.ask_annulment(violation=row, code="form_defect", note_ar="خطأ", asked_by=asks)
        bill = settlements.bill_for(violation=row, person=owner)
        return row, bill, lambda: relief.allow_annulment(annulment=asked, allowed_by=allows)

    return make


def end_of(row: Violation, bill: Bill) -> tuple[Any, ...]:
    for found in (row, bill):
        found.refresh_from_db()
    return row.state, row.plan.state, bill.state, begun(bill)


def test_a_part_is_paid_while_its_report_is_annulled_and_one_holds(part: Any, owner: Any, checked: threading.Event) -> None:
    paying, annulled = (303, "payment_open", "instalments", "active", "due", 1), (409, "", "annulled", "void", "void", 0)

    def end(*, after: bool = False) -> tuple[Any, ...]:
        row, bill, annul = part()
        checked.clear()
        answer, other = at_once(press(owner, f"/en/pay/{bill.public_id}/", {}), lambda: (checked.wait(30) if after else True) and annul())
        return answer, getattr(other, "code", ""), *end_of(row, bill)

    assert {end() for _ in range(ROUNDS)} <= {paying, annulled}
    assert end(after=True) == paying
    whole()


def test_a_paid_part_arrives_while_its_report_is_annulled(part: Any, owner: Any, frozen_clock: Clock) -> None:
    """Either the annulment waits for it to be heard of, or it goes back, once."""
    for _ in range(ROUNDS):
        row, bill, annul = part()
        attempt, job = paid_at_bank(bill, owner, frozen_clock)
        ran, other = at_once(lambda job=job: jobs.run(job), annul)
        assert ran is True
        run_due()
        owed = list(RefundDue.objects.filter(attempt=attempt).values_list("reason", "fils"))
        assert (getattr(other, "code", ""), *end_of(row, bill), owed) in [
            ("payment_open", "instalments", "active", "paid", 0, []),
            ("", "annulled", "void", "refund_due", 0, [("decision_annulled", bill.total_fils)]),
        ]
    whole()


def taken_back(row: Violation, bill: Bill, attempt: Attempt) -> None:
    """The end after the bank reversed a payment: what was paid is owed again, once, and can be paid."""
    for found in (row, bill, attempt):
        found.refresh_from_db()
    assert (row.state, bill.state, attempt.state, begun(bill)) == ("ordered", "due", "voided", 0)
    assert not Allocation.objects.filter(attempt=attempt, is_settled=True).exists()
    assert Receipt.objects.filter(bill=bill).count() == 1
    assert not RefundDue.objects.filter(attempt=attempt).exists()


def test_the_bank_takes_back_a_payment_while_it_is_handed_over(served: Served, owner: Any, frozen_clock: Clock) -> None:
    for _ in range(ROUNDS):
        row, bill = served()
        attempt, job = paid_at_bank(bill, owner, frozen_clock)
        Bank.book.decide(attempt, "NOT CAPTURED")
        frozen_clock.move(minutes=11)
        ends = at_once(lambda job=job: jobs.run(job), lambda attempt=attempt: jobs.run(only("payments.confirm", attempt_id=attempt.pk)))
        assert ends == [True, True]
        frozen_clock.move(minutes=11)
        run_due()
        taken_back(row, bill, attempt)
    whole()


def test_a_payment_taken_back_before_it_was_handed_over_pays_nothing(
    served: Served, owner: Any, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hand-over has read that the bill is paid when the bank takes it back: its own update finds out, and the database refuses it."""
    row, bill = served()
    attempt, job = paid_at_bank(bill, owner, frozen_clock)
    Bank.book.decide(attempt, "NOT CAPTURED")
    frozen_clock.move(minutes=11)
    read = Allocation.objects.select_related("bill").get(attempt=attempt)  # what the hand-over read
    assert jobs.run(only("payments.confirm", attempt_id=attempt.pk))
    with monkeypatch.context() as patched:
        patched.setattr(Allocation.objects, "select_related", lambda *_: _Read(read))
        assert jobs.run(job)
    row.refresh_from_db()
    assert row.state == "ordered" and Job.objects.get(pk=job).state == "done"
    with pytest.raises(IntegrityError):
        settlements.paid(bill.pk)
    frozen_clock.move(minutes=11)
    run_due()
    taken_back(row, bill, attempt)
    whole()
    guards.remove(connection)
    settlements.paid(bill.pk)
    row.refresh_from_db()
    assert row.state == "paid", "the control: without the guard it holds"


class _Read:
    """A question that was answered before."""

    def __init__(self, row: Allocation) -> None:
        self.row = row

    def get(self, **_: Any) -> Allocation:
        return self.row


def test_the_bank_takes_back_a_payment_while_two_inquiries_learn_of_it(
    served: Served, owner: Any, frozen_clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One hears that it was captured, the other that it was not; which of them is written first makes no difference in the end."""
    plain = Bank.inquire
    for _ in range(ROUNDS):
        row, bill = served()
        attempt = at_bank(bill, owner)
        lock, heard = threading.Lock(), []

        def inquire(self: Bank, *, lock: Any = lock, heard: list[str] = heard, **asked: Any) -> Any:  # type: ignore[type-arg]
            with lock:
                reply = plain(self, **asked)
                heard.append(reply.answer.result)
                Bank.book.decide(Attempt.objects.get(trackid=asked["trackid"]), "NOT CAPTURED")
            return reply

        monkeypatch.setattr(Bank, "inquire", inquire)
        frozen_clock.move(minutes=3)
        ends = at_once(*[lambda attempt=attempt: inquiries.inquire(attempt_id=attempt.pk, step=0)] * 2)
        assert [end for end in ends if isinstance(end, Exception)] == []
        assert heard[:2] == ["CAPTURED", "NOT CAPTURED"]
        run_due(("payments.inquire", "payments.hand_over"))
        frozen_clock.move(minutes=11)
        run_due()
        frozen_clock.move(minutes=11)
        run_due()
        taken_back(row, bill, attempt)
    whole()
