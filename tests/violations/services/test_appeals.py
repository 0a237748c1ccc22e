"""Rulings of a higher court: two people, and what is owed, paid back, stopped, said and published follows the ruling in force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from municipality.audit.models import AuditEvent
from municipality.cases import queries as cases
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.kernel.transitions import transition
from municipality.notifications.models import Message
from payments import invariants as payment_invariants
from payments.models import Attempt, Bill, Inquiry, RefundDue
from payments.services import owe_part
from payments.services.settlement import void_attempt
from shops.models import Shop
from tests.bank import Bank
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import drop_guard
from tests.due_jobs import run_due
from tests.factories.accounts import StaffFactory
from tests.factories.payments import AttemptFactory
from tests.violations.conftest import pay
from violations import invariants, publication, queries
from violations.models import AppealRuling, Charge, Violation
from violations.services import appeals, blocks, court, court_sums, dues, notices, settlements, terms

pytestmark = pytest.mark.django_db
RENEWAL = "licensing.renewal"


def fresh(row: Violation) -> Violation:
    return Violation.objects.select_related("shop", "party", "judgment__appeal").get(pk=row.pk)


def sound() -> bool:
    assert list(invariants.findings()) == [] and list(payment_invariants.findings()) == []
    return True


@pytest.fixture
def two(rules: None) -> tuple[Any, Any]:
    return tuple(StaffFactory(groups=["court_clerk"], login=login) for login in ("one", "two"))


@pytest.fixture
def referred(write: Callable[..., Violation], owner: Any, two: tuple[Any, Any], frozen_clock: Clock) -> Violation:
    row = write("CLN-03")
    notices.record_opening(violation=row, person=owner)
    frozen_clock.move(days=31)
    terms.lapse_due()
    blocks.place_due()
    court.refer(clerk=two[0])
    return fresh(row)


def judge(row: Violation, two: tuple[Any, Any], fils: int | None = 150_000) -> Violation:
    facts: dict[str, Any] = {"ruling_no": "7/2026", "ruled_on": clock.today(), "fils": fils}
    ruling = court.enter_judgment(violation=row, clerk=two[0], **facts)
    court.confirm_judgment(judgment=ruling, clerk=two[1], **facts)
    return fresh(row)


@pytest.fixture
def judged(referred: Violation, two: tuple[Any, Any]) -> Violation:
    """The court set KD 150; the renewal of the shop is stopped."""
    return judge(referred, two)


def facts(outcome: str, fils: int | None = None, **more: Any) -> dict[str, Any]:
    return {"court": "appeal", "ruling_no": "9/2026", "ruled_on": clock.today(), "outcome": outcome, "fils": fils} | more


def rule(row: Violation, two: tuple[Any, Any], outcome: str, fils: int | None = None, **more: Any) -> Violation:
    whole = facts(outcome, fils, **more)
    appeal = appeals.enter_appeal(violation=row, clerk=two[0], **whole)
    appeals.confirm_appeal(appeal=appeal, clerk=two[1], **whole)
    return fresh(row)


def take_back(bill: Bill) -> Bill:
    """The bank reverses the payment of a bill, and the violation hears of it."""
    attempt = Attempt.objects.get(allocations__bill=bill, allocations__is_settled=True)
    void_attempt(attempt=attempt, inquiry=Inquiry.objects.filter(attempt=attempt).order_by("-pk")[0])
    run_due(("payments.tell_void",))
    return Bill.objects.get(pk=bill.pk)


# --- Two people ---------------------------------------------------------------------------------------------------------------


def test_a_second_clerk_reads_it_anew(judged: Violation, two: tuple[Any, Any]) -> None:
    whole = facts("changed", 100_000)
    appeal = appeals.enter_appeal(violation=judged, clerk=two[0], **whole)
    assert settlements.payable(fresh(judged)).fils == 150_000, "nothing changes before the second person"  # type: ignore[union-attr]
    with pytest.raises(NotPermitted, match="same_person"):
        appeals.confirm_appeal(appeal=appeal, clerk=two[0], **whole)
    for wrong in ({"fils": 10_000}, {"court": "cassation"}, {"ruling_no": "8/2026"}, {"outcome": "upheld"}):
        with pytest.raises(Refused, match="differs"):
            appeals.confirm_appeal(appeal=appeal, clerk=two[1], **whole | wrong)
    with pytest.raises(Refused, match="entered"):
        appeals.enter_appeal(violation=judged, clerk=two[1], **whole)
    appeals.delete_appeal(appeal=appeal, clerk=two[1])
    assert not AppealRuling.objects.exists()
    for late in (appeals.delete_appeal, lambda **by: appeals.confirm_appeal(**by, **whole)):
        with pytest.raises(Refused, match="done"):
            late(appeal=appeal, clerk=two[1])
    actions = AuditEvent.objects.filter(action__startswith="appeal.", subject=judged.key).order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["appeal.entered", "appeal.dropped"]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"ruling_no": " "}, "bad_ruling"),
        ({"court": "first"}, "bad_ruling"),
        ({"ruled_on": dt.date(2099, 1, 1)}, "bad_ruling"),
        ({"ruled_on": dt.date(2020, 1, 1)}, "bad_ruling"),
        ({"fils": 0}, "bad_amount"),
        ({"fils": None}, "bad_amount"),
        ({"outcome": "x"}, "bad_amount"),
        ({"fils": 150_000}, "no_change"),
    ],
)
def test_a_ruling_that_cannot_be_is_refused(judged: Violation, two: tuple[Any, Any], values: dict[str, Any], code: str) -> None:
    with pytest.raises(Refused) as refused:
        appeals.enter_appeal(violation=judged, clerk=two[0], **facts("changed", 100_000) | values)
    assert refused.value.code == code


def test_only_a_judgment_that_holds_is_changed_and_by_a_clerk_of_the_court(referred: Violation, two: tuple[Any, Any]) -> None:
    with pytest.raises(Refused, match="not_judged"):
        appeals.enter_appeal(violation=referred, clerk=two[0], **facts("upheld"))
    with pytest.raises(NotPermitted):
        appeals.enter_appeal(
            violation=judge(referred, two), clerk=StaffFactory(groups=["violation_clerk"], login="other"), **facts("upheld")
        )


# --- What is owed -------------------------------------------------------------------------------------------------------------


def test_an_unpaid_fine_is_replaced(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    stale = settlements.bill_for(violation=judged, person=owner)
    row = rule(judged, two, "changed", 100_000)
    stale.refresh_from_db()
    assert (row.state, stale.state) == ("judged", "void")
    bill = settlements.bill_for(violation=row, person=owner)
    assert bill.total_fils == 100_000 and "9/2026" in bill.lines.get().formula_en
    assert not RefundDue.objects.exists() and pay(row, owner).state == "paid" and sound()


def test_what_is_paid_above_a_lower_fine_goes_back(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    pay(judged, owner)
    row = rule(fresh(judged), two, "changed", 100_000)
    refund = RefundDue.objects.get()
    assert (row.state, refund.fils, refund.reason, refund.payer, refund.allocation) == ("paid", 50_000, "court_appeal", owner, None)
    assert court_sums.kept_fils(row) == 100_000 and Bill.objects.get(pk=refund.bill.pk).state == "paid"  # type: ignore[union-attr]
    message = Message.objects.get(kind="violations.appeal_ruled", person=owner)
    assert "The 50.000 dinars that were paid above what is owed are returned." in message.body_en and "50.000 د.ك" in message.body_ar
    assert sound()
    assert Violation.objects.values_list(queries.COURT_FILS, flat=True).get(pk=row.pk) == 0
    last = rule(row, two, "acquitted", court="cassation")
    assert (last.state, sorted(RefundDue.objects.values_list("fils", flat=True))) == ("acquitted", [50_000, 100_000])
    assert court_sums.kept_fils(last) == 0 and sound()


def test_an_acquittal_gives_all_back_and_ends_the_stops(judged: Violation, two: tuple[Any, Any], owner: Any, shop: Shop) -> None:
    assert cases.active_blocks(shop.key, RENEWAL) and queries.owed_by(owner).exists()
    row = rule(judged, two, "acquitted")
    assert row.state == "acquitted" and not cases.active_blocks(shop.key, RENEWAL)
    assert not queries.owed_by(owner).exists() and not queries.owed_on([shop]), "the certificate says that nothing is owed"
    assert Message.objects.filter(kind="violations.services_free", person=owner).count() == 1
    assert settlements.payable(row) is None and sound()


def test_an_acquittal_after_payment_returns_the_whole_bill(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    pay(judged, owner)
    row = rule(fresh(judged), two, "acquitted")
    refund = RefundDue.objects.get()
    assert (row.state, refund.fils, refund.allocation is not None) == ("acquitted", 150_000, True)
    assert refund.bill is not None and refund.bill.state == "refund_due" and sound()


def test_of_a_higher_fine_the_rest_is_owed(judged: Violation, two: tuple[Any, Any], owner: Any, shop: Shop, frozen_clock: Clock) -> None:
    pay(judged, owner)
    row = rule(fresh(judged), two, "changed", 200_000)
    assert row.state == "judged" and queries.owed_by(owner).exists()
    assert blocks.place_due() == 0 and row.block_from == clock.today() + dt.timedelta(days=31), "not before the days of the rulebook"
    assert settlements.bill_for(violation=row, person=owner).total_fils == 50_000
    assert Violation.objects.values_list(queries.COURT_FILS, flat=True).get(pk=row.pk) == 50_000, "what the lists name"
    assert pay(row, owner).state == "paid" and court_sums.kept_fils(fresh(row)) == 200_000 and sound()


@pytest.mark.parametrize("is_paid", [False, True], ids=["unpaid", "paid"])
def test_an_upheld_judgment_stays_with_its_bill(judged: Violation, two: tuple[Any, Any], owner: Any, is_paid: bool) -> None:
    bill = settlements.bill_for(violation=judged, person=owner)
    if is_paid:
        pay(judged, owner)
    row = rule(fresh(judged), two, "upheld")
    assert (row.state, row.judgment.ruling.fils) == ("paid" if is_paid else "judged", 150_000)
    bill.refresh_from_db()
    assert bill.state == ("paid" if is_paid else "due") and not RefundDue.objects.exists() and sound()


def test_a_fine_after_an_acquittal_is_owed(referred: Violation, two: tuple[Any, Any], owner: Any) -> None:
    row = rule(judge(referred, two, None), two, "changed", 80_000)
    assert row.state == "judged" and settlements.bill_for(violation=row, person=owner).total_fils == 80_000
    assert rule(row, two, "upheld", court="cassation").judgment.ruling.fils == 80_000
    assert pay(fresh(row), owner).state == "paid" and sound()


def test_a_payment_at_the_bank_is_waited_for(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    AttemptFactory(bills=[settlements.bill_for(violation=judged, person=owner)])
    with pytest.raises(Refused, match="payment_open"):
        rule(judged, two, "changed", 100_000)
    assert fresh(judged).judgment.appeal is None


# --- The bank takes a payment back ----------------------------------------------------------------------------------------------


def test_the_bank_takes_back_what_was_paid_of_a_fine_that_was_lowered(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    pay(judged, owner)
    row = rule(fresh(judged), two, "changed", 100_000)
    bill = take_back(Charge.objects.get(violation=row).bill)
    row = fresh(row)
    assert (row.state, bill.state, RefundDue.objects.get().state) == ("judged", "void", "released")
    assert settlements.bill_for(violation=row, person=owner).total_fils == 100_000
    assert pay(row, owner).state == "paid" and sound()


def test_the_bank_takes_one_of_two_payments_back(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    pay(judged, owner)
    row = rule(fresh(judged), two, "changed", 200_000)
    rest = settlements.bill_for(violation=row, person=owner)
    bill = take_back(Charge.objects.filter(violation=row).earliest("pk").bill)
    rest.refresh_from_db()
    assert (bill.state, rest.state, settlements.bill_for(violation=fresh(row), person=owner).total_fils) == ("void", "void", 200_000)
    assert sound()


# --- What is said ---------------------------------------------------------------------------------------------------------------


def test_page_and_public_state_say_the_new_outcome(judged: Violation, two: tuple[Any, Any], owner: Any, shop: Shop) -> None:
    row = rule(judged, two, "changed", 100_000)
    page = signed_in(owner).get(f"/en/violations/{row.public_id}/").content.decode()
    assert "9/2026" in page and "100.000" in page and "Ruling on appeal: a fine is owed" in page and "Court of Appeal" in page
    assert "100.000" in signed_in(owner).get("/en/violations/mine/").content.decode()
    assert publication.finding(row.public_id).status == "contested"  # type: ignore[union-attr]
    row = rule(row, two, "acquitted", court="cassation")
    page = signed_in(owner).get(f"/en/violations/{row.public_id}/").content.decode()
    assert "Ruling on appeal: no violation" in page and "Nothing is owed" in page and "Court of Cassation" in page
    assert publication.finding(row.public_id) is None
    public = publication.of_shops([shop.pk])[shop.pk]
    assert (public.findings, public.annulled) == ((), (clock.today(),))


# --- What the database refuses --------------------------------------------------------------------------------------------------


@pytest.mark.guards
def test_no_part_of_a_fine_goes_back_without_a_ruling_on_appeal(judged: Violation, owner: Any) -> None:
    pay(judged, owner)
    line = Charge.objects.get(violation=judged).bill.lines.get()

    def give_back() -> None:
        with transaction.atomic():
            owe_part(line=line, most_fils=50_000, reason="x", actor=settlements.ME)

    with pytest.raises(IntegrityError, match="part_without_appeal"):
        give_back()
    drop_guard("violations_part_given_back", "payments_refunddue")
    give_back()
    assert any("less is paid than the court set" in finding for finding in invariants.findings())


@pytest.mark.guards
def test_a_ruling_moves_the_violation_once(judged: Violation, two: tuple[Any, Any]) -> None:
    row = rule(judged, two, "upheld")

    def move_again() -> None:
        with transaction.atomic():
            transition(fresh(row), "appeal_fined", actor=settlements.ME)

    with pytest.raises(IntegrityError, match="moved_without_appeal"):
        move_again()
    drop_guard("violations_violationevent_appealed", "violations_violationevent")
    move_again()
    assert row.events.filter(move="appeal_fined").count() == 2


def test_red_control_a_bill_that_is_kept_asks_for_the_old_fine(
    judged: Violation, two: tuple[Any, Any], owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = settlements.bill_for(violation=judged, person=owner)
    monkeypatch.setattr(settlements, "cancel_bills", lambda *_row, **_facts: None)
    rule(judged, two, "changed", 100_000)
    stale.refresh_from_db()
    assert (stale.state, stale.total_fils) == ("due", 150_000)
    assert any("waits for payment of another sum" in finding for finding in invariants.findings())


def test_red_control_what_is_kept_above_the_fine_is_found(
    judged: Violation, two: tuple[Any, Any], owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pay(judged, owner)
    monkeypatch.setattr(court_sums, "owe_part", lambda **_facts: None)
    rule(fresh(judged), two, "changed", 100_000)
    assert any("more is paid than the court set" in finding for finding in invariants.findings())


# --- A payment that is not heard of yet, and what is left ---------------------------------------------------------------------


def test_a_ruling_that_upholds_waits_for_a_payment_that_is_not_heard_of(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    """Taken for paid before the payment is heard of, it would be given back as no longer owed."""
    bill = settlements.bill_for(violation=judged, person=owner)
    Bank.book.decide(AttemptFactory(bills=[bill]))
    with clock.at(clock.now() + dt.timedelta(minutes=3)):
        run_due(("payments.inquire",))
    appeal = appeals.enter_appeal(violation=fresh(judged), clerk=two[0], **facts("upheld"))
    with pytest.raises(Refused, match="payment_open"):
        appeals.confirm_appeal(appeal=appeal, clerk=two[1], **facts("upheld"))
    with clock.at(clock.now() + dt.timedelta(minutes=10)):
        run_due()
    appeals.confirm_appeal(appeal=appeal, clerk=two[1], **facts("upheld"))
    assert fresh(judged).state == "paid" and not RefundDue.objects.exists() and sound()


def test_the_rest_of_a_raised_fine_is_called_a_rest(judged: Violation, two: tuple[Any, Any], owner: Any) -> None:
    pay(judged, owner)
    row = rule(fresh(judged), two, "changed", 200_000)
    page = signed_in(owner).get(f"/en/violations/{row.public_id}/").content.decode()
    assert "Rest of the amount set by the court" in page and "Amount set by the court" not in page
    (due,) = dues.dues(owner)
    assert (due.fils, due.title_en) == (50_000, f"Rest of the amount set by the court for violation {row.reference}")
    assert settlements.bill_for(violation=row, person=owner).title_ar == f"باقي مبلغ الحكم في المخالفة {row.reference}"
    outcome = dues.outcome(Bill.objects.get(subject=row.key, state="paid"))
    assert outcome is not None and outcome.is_done and "still open" in str(outcome.text)


def test_what_was_fined_on_appeal_and_then_acquitted_keeps_its_public_date(referred: Violation, two: tuple[Any, Any], shop: Shop) -> None:
    row = judge(referred, two, None)
    assert publication.finding(row.public_id) is None, "nobody had set a fine"
    row = rule(row, two, "changed", 80_000)
    assert publication.finding(row.public_id) is not None
    row = rule(row, two, "acquitted", court="cassation")
    assert publication.of_shops([shop.pk])[shop.pk].annulled == (clock.today(),)


def test_the_invariants_ask_as_often_for_many_as_for_one(
    referred: Violation, two: tuple[Any, Any], write: Callable[..., Violation], owner: Any, frozen_clock: Clock
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert list(invariants._appeals()) == []
        return len(queries)

    assert rule(judge(referred, two), two, "changed", 100_000).state == "judged"
    settlements.bill_for(violation=fresh(referred), person=owner)
    once = asked()
    more = write("CLN-03")
    notices.record_opening(violation=more, person=owner)
    frozen_clock.move(days=31)
    terms.lapse_due()
    court.refer(clerk=two[0])
    rule(judge(fresh(more), two), two, "acquitted")
    assert asked() == once <= 5
