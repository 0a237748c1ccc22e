"""A board is ended by its holder, and its deposit goes back once, for a photo of the place, by two people."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from licensing.models import Board, BoardEnd, BoardRequest
from licensing.signage import invariants, panels, queries
from licensing.signage.life import queries as life
from licensing.signage.life import services
from licensing.signage.renewals import offers
from licensing.signage.renewals import services as renewals
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.uploads import services as uploads
from municipality.uploads.inspection import Reencoded
from municipality.uploads.refusals import FileRefused
from payments import balances
from payments import invariants as payment_invariants
from payments.models import Attempt, Bill, BillLine, RefundDue
from payments.services import approve_refund, inquiries, owe_deposit, propose_refund, void_attempt
from payments.services.returns import remaining_of
from shops.models import Shop
from shops.register.services import transfer
from tests.bank import Book
from tests.browsers import signed_in
from tests.database_guards import drop_guard
from tests.due_jobs import run_due
from tests.factories import boards
from tests.factories.accounts import PersonFactory
from tests.interleaving import acting_before

pytestmark = pytest.mark.django_db


def remove(board: Board, person: User, day: dt.date | None = None) -> BoardEnd:
    return services.end_by_holder(board=Board.objects.get(pk=board.pk), person=person, day=day or clock.today())


def refused(board: Board, person: User, day: dt.date | None = None) -> str:
    with pytest.raises(Refused) as refusal:
        remove(board, person, day)
    return refusal.value.code


def pay_out(refund: RefundDue, cashier: User, checker: User, frozen_clock: Any) -> None:
    frozen_clock.move(minutes=30)
    propose_refund(refund=refund, proposed_by=cashier, code="deposit_over", remaining_fils=remaining_of(refund))
    approve_refund(refund=refund, approved_by=checker, remaining_fils=remaining_of(refund))
    run_due(("payments.confirm", "payments.send_refund"))


@pytest.mark.guards
def test_a_removed_board_with_a_photo_gives_its_deposit_back_and_the_other_one_stays(
    board: Board, box: Board, owner: User, licensed: BoardRequest
) -> None:
    boards.photo(board, owner)
    end = remove(board, owner)
    refund = RefundDue.objects.get()
    assert (end.reason, end.day, end.by, end.photo is not None) == ("removed", clock.today(), owner, True)
    assert (refund.fils, refund.state, refund.payer, refund.reason) == (12_000, "due", owner, "board_ended")
    assert [queries.standing(row) for row in queries.licensed([licensed.shop])[licensed.shop_id]] == ["removed", "valid"]
    assert balances.balances()["deposits"] == -8_100 and boards.fresh(licensed.case).document.state == "active"
    told = Message.objects.get(kind="licensing.board_ended", person=owner)
    assert "12.000" in told.body_ar and board.number in told.title_en
    assert AuditEvent.objects.filter(action="board.ended", subject=licensed.case.key).count() == 1
    assert not list(invariants.findings()) and not list(payment_invariants.findings())


def test_the_licence_is_over_once_all_of_its_boards_have_ended(board: Board, box: Board, owner: User, licensed: BoardRequest) -> None:
    for one in (board, box):
        boards.photo(one, owner)
        remove(one, owner)
    document = boards.fresh(licensed.case).document
    assert document is not None and document.state == "revoked" and RefundDue.objects.count() == 2
    assert balances.balances()["deposits"] == 0 and not list(invariants.findings())


def test_without_a_photo_the_board_ends_and_nothing_goes_back_until_it_comes(board: Board, owner: User) -> None:
    end = remove(board, owner)
    assert end.photo is None and not RefundDue.objects.exists()
    assert "not returned without a photo" in Message.objects.get(kind="licensing.board_ended").body_en
    assert refused(board, owner) == "photo_missing"
    boards.photo(board, owner)
    assert remove(board, owner).photo is not None and RefundDue.objects.get().fils == 12_000
    assert Message.objects.filter(kind="licensing.board_ended").count() == 2
    assert refused(board, owner) == "returned_already" and RefundDue.objects.count() == 1
    assert not list(invariants.findings())


def test_it_goes_back_once_by_two_people(board: Board, owner: User, cashier: User, checker: User, frozen_clock: Any) -> None:
    boards.photo(board, owner)
    remove(board, owner)
    pay_out(RefundDue.objects.get(), cashier, checker, frozen_clock)
    (deposit,) = life.deposits_of(Board.objects.get(pk=board.pk))
    assert deposit.refunds and not deposit.is_held and RefundDue.objects.get().state == "paid_out"
    assert services.give_back(BoardEnd.objects.get(), actor=services.SYSTEM) == [] and RefundDue.objects.count() == 1
    assert not list(payment_invariants.findings()) and not list(invariants.findings())


def test_a_board_whose_licence_ran_out_ends_the_day_after_for_a_photo_only(board: Board, owner: User, frozen_clock: Any) -> None:
    frozen_clock.move(days=400)
    assert refused(board, owner) == "photo_missing" and not BoardEnd.objects.exists()
    boards.photo(board, owner)
    end = remove(board, owner)
    assert (end.reason, end.day) == ("lapsed", board.last_day + dt.timedelta(days=1)) and RefundDue.objects.count() == 1


def test_whoever_does_not_hold_the_shop_any_more_ends_a_board_with_a_photo_only_and_its_holder_is_told(
    board: Board, box: Board, owner: User, shop: Shop
) -> None:
    noura = PersonFactory(noura=True)
    transfer(shop=Shop.objects.get(pk=shop.pk), to=noura, source="case:of a claim", actor=services.SYSTEM)
    assert refused(board, owner) == "photo_missing" and not BoardEnd.objects.exists()
    boards.photo(board, owner)
    assert remove(board, owner).reason == "removed" and RefundDue.objects.get().payer == owner
    told = {message.person: message.body_en for message in Message.objects.filter(kind="licensing.board_ended")}
    assert "12.000" in told[owner] and "deposit" not in told[noura] and "whoever held the shop before" in told[noura]


def test_a_day_outside_the_licence_or_ahead_is_refused(board: Board, owner: User) -> None:
    for day in (clock.today() + dt.timedelta(days=1), board.first_day - dt.timedelta(days=1)):
        assert refused(board, owner, day) == "bad_day"
    assert not BoardEnd.objects.exists()


def test_a_photo_that_is_still_checked_is_waited_for(board: Board, owner: User) -> None:
    boards.photo(board, owner, judged=False)
    assert refused(board, owner) == "files_waiting"


def test_a_photo_is_not_removed_at_the_moment_in_which_the_board_ends_with_it(board: Board, owner: User) -> None:
    photo, ends = boards.photo(board, owner), list[BoardEnd]()
    with acting_before('FROM "uploads_upload"', lambda: ends.append(remove(board, owner))), pytest.raises(FileRefused, match="locked"):
        uploads.remove(photo, user=owner)
    assert ends[0].photo == photo


def test_a_photo_that_comes_at_the_moment_of_the_end_replaces_none(board: Board, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = boards.photo(board, owner)
    monkeypatch.setattr("municipality.uploads.queries.is_waiting", lambda subject: False)  # the other one begins to arrive just then
    later = boards.photo(board, owner, judged=False, replaces=photo)
    remove(board, owner)
    uploads.accept(later, Reencoded(b"", b"", "image/jpeg", 1, 640, 480))
    photo.refresh_from_db()
    assert photo.state == "ready" and BoardEnd.objects.get().photo == photo


def test_nobody_else_ends_a_board(board: Board, stranger: User, inspector: User) -> None:
    for person in (stranger, inspector):
        with pytest.raises(NotPermitted):
            remove(board, person)
    with pytest.raises(NotPermitted):
        services.end_by_inspector(board=board, inspector=stranger)


def test_an_inspector_who_finds_it_gone_ends_it_with_their_photo(board: Board, owner: User, inspector: User) -> None:
    with pytest.raises(Refused) as missing:
        services.end_by_inspector(board=board, inspector=inspector)
    assert missing.value.code == "photo_missing"
    boards.photo(board, inspector)
    end = services.end_by_inspector(board=board, inspector=inspector)
    assert (end.reason, end.by) == ("found_gone", inspector) and RefundDue.objects.get().payer == owner


def test_after_a_reversal_by_the_bank_it_is_returned_of_the_second_payment(
    board: Board, owner: User, licensed: BoardRequest, bank: Book, frozen_clock: Any
) -> None:
    boards.photo(board, owner)
    remove(board, owner)
    attempt = Attempt.objects.get()
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None and void_attempt(attempt=attempt, inquiry=inquiry)
    issue.voided(boards.bill_of(licensed))
    run_due(("payments.tell_void",))
    assert RefundDue.objects.get().state == "released" and life.held_fils(life.deposits_of(board)) == 0
    again = boards.pay_at_bank(licensed, bank)
    issue.paid(boards.bill_of(licensed))
    assert RefundDue.objects.exclude(state="released").get().attempt == again
    assert not list(payment_invariants.findings()) and not list(invariants.findings())


def test_a_second_payment_gives_back_what_ended_boards_of_its_own_request_hold(
    board: Board, owner: User, officer: User, shop: Shop, licensed: BoardRequest, bank: Book
) -> None:
    other = boards.issued_at_bank(shop, owner, officer, bank)
    for request in (licensed, other):
        end = remove(request.boards.get(line=1), owner)
        BoardEnd.objects.filter(pk=end.pk).update(photo=boards.photo(end.board, owner))  # not given back yet, as after a reversal
    services.give_back_all(licensed)
    assert RefundDue.objects.get().line.bill.subject == licensed.case.key


@pytest.mark.parametrize("language", ["ar", "en"])
def test_the_holder_of_an_ended_licence_hears_that_the_bank_took_its_payment_back(
    language: str, board: Board, box: Board, owner: User, licensed: BoardRequest, bank: Book
) -> None:
    """Its deposits were to go back, and the amount is due again; nothing that is paid puts the licence in force."""
    for one in (board, box):
        boards.photo(one, owner)
        remove(one, owner)
    page, told = f"/{language}/cases/{licensed.case.public_id}/", Message.objects.filter(kind="licensing.boards_held", person=owner)
    back_in_force, due_again = {"ar": ("يسري الترخيص من جديد", "مستحق من جديد"), "en": ("takes effect again", "due again")}[language]
    for turn in (1, 2):
        attempt = Attempt.objects.order_by("-pk")[0]
        bank.decide(attempt, "FAILURE(NOT CAPTURED)")
        inquiry = inquiries.ask(attempt)
        assert inquiry is not None and void_attempt(attempt=attempt, inquiry=inquiry)
        for _again in range(2):
            issue.voided(boards.bill_of(licensed))
        run_due(("payments.tell_void",))
        assert told.count() == turn, "each reversal once"
        shown = signed_in(owner).get(page).content.decode()
        assert due_again in shown and back_in_force not in shown
        boards.pay_at_bank(licensed, bank)
        issue.paid(boards.bill_of(licensed))
    body = told[0].body_en
    assert "due again" in body and "suspended until" not in body and "مستحق من جديد" in told[0].body_ar
    assert RefundDue.objects.exclude(state="released").count() == 2 and not list(payment_invariants.findings())
    assert panels.outcome(Bill.objects.get()) is None, "it is paid, and no board is licensed"


# What the database refuses.


def deposit_line(number: int = 1) -> BillLine:
    return BillLine.objects.get(code=f"boards.deposit_{number}")


def owe(number: int = 1) -> Any:
    return owe_deposit(line=deposit_line(number), reason="board_ended", actor=services.SYSTEM)


@pytest.mark.guards
def test_the_database_refuses_the_deposit_of_a_board_that_stands_and_the_control_shows_the_harm(board: Board, owner: User) -> None:
    def attack() -> None:
        with pytest.raises(DatabaseError, match="board_stands"), transaction.atomic():
            owe()

    attack()
    remove(board, owner)  # without a photo
    attack()
    with transaction.atomic():
        drop_guard("payments_refunddue_board_ended", "payments_refunddue")
        owe()
        assert [finding for finding in invariants.findings() if "stands" in finding]
        transaction.set_rollback(True)
    boards.photo(board, owner)
    remove(board, owner)
    with pytest.raises(DatabaseError, match="board_stands"), transaction.atomic():
        owe(2)  # of the box, which stands


@pytest.mark.guards
def test_the_database_refuses_a_second_return_and_the_control_shows_the_harm(
    board: Board, owner: User, cashier: User, checker: User, frozen_clock: Any
) -> None:
    boards.photo(board, owner)
    remove(board, owner)
    pay_out(RefundDue.objects.get(), cashier, checker, frozen_clock)
    bill = Bill.objects.get()
    line, attempt = deposit_line(), Attempt.objects.get()
    row = {"attempt": attempt, "payer": owner, "subject": bill.subject, "fils": 12_000, "reason": "x", "due_since": clock.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        RefundDue.objects.create(line=line, **row)
    with pytest.raises(DatabaseError), transaction.atomic():
        RefundDue.objects.create(allocation=attempt.allocations.get(), **row)  # the same through the bill


@pytest.mark.guards
def test_the_database_refuses_another_photo_and_the_control_shows_the_harm(board: Board, box: Board, owner: User) -> None:
    other = boards.photo(box, owner)
    before = boards.photo(board, owner, slot="before")
    waiting = boards.photo(board, owner, judged=False)
    facts = {"board": board, "reason": "removed", "day": clock.today(), "by": owner, "at": clock.now()}
    for photo in (other, before, waiting):
        with pytest.raises(DatabaseError, match="other_photo"), transaction.atomic():
            BoardEnd.objects.create(photo=photo, **facts)
    end = BoardEnd.objects.create(**facts)
    with pytest.raises(DatabaseError, match="other_photo"), transaction.atomic():
        BoardEnd.objects.filter(pk=end.pk).update(photo=other)
    with transaction.atomic():
        drop_guard("licensing_boardend_photo_update", "licensing_boardend")
        BoardEnd.objects.filter(pk=end.pk).update(photo=other)
        owe()  # a deposit for a photo of another place
        transaction.set_rollback(True)


@pytest.mark.guards
@pytest.mark.parametrize("change", [{"day": dt.date(2026, 1, 1)}, {"reason": "with_shop"}, {"photo": None}, {"by": None}])
def test_an_end_is_not_changed(change: dict[str, Any], board: Board, owner: User) -> None:
    boards.photo(board, owner)
    remove(board, owner)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        BoardEnd.objects.update(**change)
    with pytest.raises(DatabaseError, match="never_deleted"), transaction.atomic():
        BoardEnd.objects.all()._raw_delete("default")


def test_the_deposit_of_a_former_holder_is_promised_to_them_alone(
    board: Board, licensed: BoardRequest, owner: User, stranger: User, bank: Book, shop: Shop, sealed: None, frozen_clock: Any
) -> None:
    """An owner corrected in the register ends no boards, and a renewed board holds the deposit that the former one paid."""
    assert board.last_day is not None
    frozen_clock.set(dt.datetime.combine(board.last_day - dt.timedelta(days=1), dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=clock.today() + dt.timedelta(days=900), owner=stranger)
    (offer,) = [one for one in offers.of_user(stranger)[0].boards if one.previous.pk == board.pk]
    (request,) = renewals.renew(user=stranger, chosen=[board.public_id], expected_fils=offer.fils)
    boards.pay_at_bank(request, bank)
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=request.case)
    renewed = boards.fresh(request.case).boards.get()
    frozen_clock.move(days=10)
    boards.photo(renewed, stranger)
    remove(Board.objects.get(pk=renewed.pk), stranger)
    assert RefundDue.objects.get().payer == owner
    told = {message.person_id: message.body_en for message in Message.objects.filter(kind="licensing.board_ended")}
    assert "12.000" in told[owner.pk] and "12.000" not in told[stranger.pk]
