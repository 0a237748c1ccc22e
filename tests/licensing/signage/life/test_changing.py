"""A licensed board is changed: what is paid, what goes back, who decides, and which one is in force."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from licensing.measures import unpaid
from licensing.models import Board, BoardEnd, BoardRequest, Lane
from licensing.signage import invariants, queries
from licensing.signage.changes import queries as changes
from licensing.signage.changes import services
from licensing.signage.life import queries as life
from licensing.signage.life import reminders
from licensing.signage.life import services as ends
from licensing.signage.life.grounds import grounds
from licensing.signage.services import issue, requests
from licensing.signage.validity import licensed_on
from municipality.accounts.models import User
from municipality.delegation.authorization import authorize
from municipality.kernel import clock, ids
from municipality.kernel.errors import Refused
from municipality.kernel.periods import add_months
from municipality.notifications.models import Message
from municipality.uploads.models import Upload
from payments import balances
from payments.models import Attempt, Bill, RefundDue
from payments.services import approve_refund, inquiries, propose_refund, start_attempt
from payments.services.returns import remaining_of
from payments.services.settlement import void_attempt
from shops.models import Shop
from tests import desk_acts
from tests.bank import Book
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import drop_guard
from tests.due_jobs import run_due
from tests.factories import boards, drawings
from tests.factories.accounts import StaffFactory
from tests.licensing.signage.life.changed_boards import approved, begun, changed, held, seen, sent, sound

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def five_months_left(licensed: BoardRequest, frozen_clock: Clock) -> None:
    """Seven months and three days after the licence began: four months are left and a begun one."""
    now = add_months(clock.today(), 7) + dt.timedelta(days=3)
    frozen_clock.set(dt.datetime.combine(now, dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=licensed.shop_id).update(commercial_license_end=now + dt.timedelta(days=900))


def refusal(act: Any) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_a_smaller_board_is_decided_by_an_officer_and_the_difference_of_its_deposit_goes_back(
    board: Board, owner: User, officer: User
) -> None:
    draft = begun(board, owner, width="3")  # 12 dinars instead of 24 a year, so a deposit of 6 instead of 12
    assert refusal(lambda: sent(draft)) == "no_documents"
    request = sent(draft, with_files=True)
    assert (request.lane, request.case.state, request.fils) == ("officer", "in_review", 0) and not RefundDue.objects.exists()
    request = boards.fresh(desk_acts.approve(officer))
    assert request.case.state == "paid" and not Bill.objects.filter(subject=request.case.key)
    told = Message.objects.get(kind="review.accepted", subject_key=request.case.key)
    assert "Nothing is to be paid" in told.body_en and "لا رسوم مستحقة" in told.body_ar and "bill" not in f"{told.body_en}{told.short_en}"
    assert set(licensed_on(clock.today())) == {board, *board.request.boards.exclude(pk=board.pk)}  # until the licence is issued
    new = changed(request)
    assert not RefundDue.objects.exists() and held(new) == 12_000 and sound(), "nobody saw yet that it is smaller"
    seen(new)
    refund = RefundDue.objects.get()
    assert (refund.fils, refund.reason, refund.payer, refund.state) == (6_000, "board_changed", owner, "due")
    assert (new.width_cm, new.first_day, new.last_day, new.months, new.months_left) == (300, clock.today(), board.last_day, 12, 5)
    assert new.previous is not None and queries.standing(new.previous) == "changed" and queries.standing(new) == "valid"
    assert set(licensed_on(clock.today())) == {new, *board.request.boards.exclude(pk=board.pk)}
    assert held(new) == 6_000 and balances.balances()["deposits"] == -6_000 - 8_100 and sound()
    assert new.previous.request.document is not None and new.previous.request.document.state == "active"  # of the light box


def test_a_smaller_board_without_a_deposit_is_changed_by_the_rule_at_once(shop: Shop, owner: User, officer: User) -> None:
    (glass,) = boards.issued(shop, owner, officer, boards.FRONT | {"medium": "glass", "width": "2"}).boards.all()
    request = sent(begun(glass, owner, width="1"))
    assert (request.lane, request.case.state, request.fils) == ("clean", "paid", 0)
    assert changed(request).width_cm == 100 and not RefundDue.objects.exists() and sound()


@pytest.mark.guards
def test_the_database_gives_no_deposit_back_without_an_officer(board: Board, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "lane_of", lambda cards, shop: Lane.CLEAN)
    draft = begun(board, owner, width="3")
    with pytest.raises(IntegrityError, match="needs_officer"), transaction.atomic():
        sent(draft)
    drop_guard("cases_caseevent_boards_clean", "cases_caseevent")
    assert sent(draft).case.state == "paid"


@pytest.mark.parametrize(
    ("facts", "lane"),
    [
        ({"projection": "0.10"}, "clean"),
        ({"projection": "0.31"}, "officer"),
        ({"projection": ""}, "officer"),
        ({"is_lit": "on"}, "officer"),
    ],
    ids=["flatter", "farther out", "not known", "lit"],
)
def test_a_board_that_is_lit_or_stands_farther_out_is_another_one(
    shop: Shop, owner: User, officer: User, facts: dict[str, str], lane: str
) -> None:
    front = boards.FRONT | {"medium": "fascia", "width": "2", "projection": "0.30"}
    (old,) = boards.issued(shop, owner, officer, front).boards.all()
    draft = begun(old, owner, **facts)
    assert draft.answers[requests.PAGE]["0-projection"] == facts.get("projection", "0.30"), "the draft begins with what is licensed"
    assert sent(draft, with_files=True).lane == lane


@pytest.mark.guards
def test_a_larger_board_pays_the_difference_for_the_months_that_are_left(board: Board, owner: User, officer: User, bank: Book) -> None:
    draft = begun(board, owner, height="1.60")  # 48 dinars instead of 24 a year: 24 × 5 of 12 months; a deposit of 24 instead of 12
    request = sent(draft, with_files=True)
    assert (request.lane, request.case.state, request.fee_fils, request.deposit_fils) == ("officer", "in_review", 10_000, 12_000)
    desk_acts.approve(officer)
    boards.pay_at_bank(request, bank)
    issue.paid(boards.bill_of(request))
    new = changed(request)
    assert not RefundDue.objects.exists() and held(new) == 24_000 and balances.balances()["deposits"] == -24_000 - 8_100 and sound()


def test_another_place_costs_nothing_and_an_officer_decides(board: Board, owner: User, officer: User) -> None:
    request = sent(begun(board, owner, place="Side"), with_files=True)
    assert (request.case.state, request.fils) == ("in_review", 0)
    desk_acts.approve(officer)
    new = changed(boards.fresh(request.case))
    assert (new.place, held(new)) == ("Side", 12_000) and not RefundDue.objects.exists() and sound()


def test_changes_follow_each_other_and_the_end_gives_all_of_the_rest_back(board: Board, owner: User, officer: User) -> None:
    new = seen(changed(approved(seen(changed(approved(board, owner, officer, width="3"))), owner, officer, height="0.40")))
    assert [refund.fils for refund in RefundDue.objects.order_by("pk")] == [6_000, 3_000] and held(new) == 3_000 and sound()
    boards.photo(new, owner)
    ends.end_by_holder(board=new, person=owner, day=clock.today())
    assert [refund.fils for refund in RefundDue.objects.order_by("pk")] == [6_000, 3_000, 3_000] and not held(new) and sound()
    assert set(BoardEnd.objects.order_by("pk").values_list("reason", flat=True)) == {"changed", "removed"}


def test_what_changes_give_back_is_owed_again_once_a_reversed_payment_is_made_again(
    board: Board, box: Board, owner: User, officer: User, licensed: BoardRequest, bank: Book
) -> None:
    seen(changed(approved(board, owner, officer, width="3")))
    seen(changed(approved(box, owner, officer, width="0.5")))
    owed = [refund.fils for refund in RefundDue.objects.order_by("pk")]
    head = StaffFactory(supervisor=True, login="head", branch_id=licensed.shop.branch_id)
    attempt, bill = Attempt.objects.order_by("pk")[0], boards.bill_of(licensed)
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None and void_attempt(attempt=attempt, inquiry=inquiry)
    for _time in range(2):
        issue.voided(bill)
    run_due(("payments.tell_void",))
    assert set(RefundDue.objects.values_list("state", flat=True)) == {"released"} and len(owed) == 2
    assert "cannot suspend the licence" in Message.objects.get(person=head, kind="licensing.licence_unpaid").body_en
    assert [line.case for line in unpaid.of_branch(head.branch_id)] == [licensed.case]
    boards.pay_at_bank(licensed, bank)
    for _time in range(2):
        issue.paid(bill)
    again = RefundDue.objects.exclude(state="released").order_by("pk")
    assert sorted(refund.fils for refund in again) == sorted(owed) and unpaid.of_branch(head.branch_id) == [] and sound()


def test_two_people_release_the_difference(
    board: Board, owner: User, officer: User, cashier: User, checker: User, frozen_clock: Clock
) -> None:
    seen(changed(approved(board, owner, officer, width="3")))
    frozen_clock.move(minutes=30)
    refund = RefundDue.objects.get()
    propose_refund(refund=refund, proposed_by=cashier, code="deposit_over", remaining_fils=remaining_of(refund))
    approve_refund(refund=refund, approved_by=checker, remaining_fils=remaining_of(refund))
    run_due(("payments.confirm", "payments.send_refund"))
    assert RefundDue.objects.get().state == "paid_out" and sound()


def test_the_licence_is_superseded_with_its_last_board(board: Board, box: Board, owner: User, officer: User) -> None:
    changed(approved(board, owner, officer, width="3"))
    second = changed(approved(box, owner, officer, width="0.5"))
    old = boards.fresh(board.request.case).document
    assert old is not None and old.state == "superseded" and old.replaced_by == second.request.document and sound()


def test_the_drawing_comes_with_the_board(board: Board, owner: User, licensed: BoardRequest, officer: User, bank: Book) -> None:
    shop = licensed.shop
    drawings.sent_drawn(shop, owner)
    request = boards.fresh(desk_acts.approve(officer))
    boards.pay_at_bank(request, bank)
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=request.case)
    drawn = request.boards.get()
    request = sent(begun(drawn, owner, place="Side"), with_files=True)
    copy = request.boards.select_related("drawing__photo").get().drawing
    assert copy.photo.subject == request.files_key and copy.outline == drawn.drawing.outline and copy.photo != drawn.drawing.photo
    assert sound()


def test_a_change_is_refused_that_is_none_or_of_a_board_that_is_not_in_force(board: Board, box: Board, owner: User) -> None:
    draft = begun(board, owner)
    assert refusal(lambda: sent(draft)) == "nothing_changed"
    assert refusal(lambda: services.begin(board=reread(box), draft=draft, access=rights(box, owner))) == "draft_open"
    assert services.begin(board=reread(board), draft=draft, access=rights(board, owner)) == draft
    ends.end_by_holder(board=board, person=owner, day=clock.today())
    assert refusal(lambda: sent(draft)) == "not_in_force"
    assert refusal(lambda: services.begin(board=reread(board), draft=None, access=rights(board, owner))) == "not_in_force"


def reread(board: Board) -> Board:
    return Board.objects.select_related(*changes.RELATED).get(pk=board.pk)


def rights(board: Board, owner: User) -> Any:
    return authorize(owner, Shop.objects.get(pk=board.request.shop_id), "licensing.boards")


def test_while_a_change_is_asked_for_the_board_is_neither_changed_nor_removed(board: Board, owner: User, box: Board) -> None:
    request = sent(begun(board, owner, place="Side"), with_files=True)
    assert refusal(lambda: ends.end_by_holder(board=board, person=owner, day=clock.today())) == "renewal_open"
    assert refusal(lambda: services.begin(board=reread(board), draft=None, access=rights(board, owner))) == "under_way"
    assert refusal(lambda: services.begin(board=reread(box), draft=None, access=rights(box, owner))) == "request_open"
    requests.withdraw(case=request.case, person=owner)
    assert changes.obstacle(reread(board)) is None and board in licensed_on(clock.today())


def test_a_change_that_is_approved_after_the_end_of_the_board_is_refused(board: Board, owner: User, officer: User) -> None:
    sent(begun(board, owner, place="Side"), with_files=True)
    BoardEnd.objects.create(board=board, reason="with_shop", day=clock.today(), at=clock.now())
    assert boards.fresh(desk_acts.approve(officer)).case.state == "refused"
    assert "Nothing is to be paid" in Message.objects.get(kind="licensing.boards_not_issued").body_en


def test_the_months_that_are_left_count_whole_once_they_have_begun(board: Board) -> None:
    assert board.last_day is not None and board.first_day is not None
    days = {0: 1, 27: 1, 31: 2, 364: 12}
    assert {back: changes.months_left(board, board.last_day - dt.timedelta(days=back), 1) for back in days} == days
    assert changes.months_left(board, board.last_day, 12) == 12  # the whole year


OTHER = {"fee": {"fee_fils": 9_999}, "deposit": {"deposit_fils": 11_999}, "returned": {"returned_fils": 1}, "months": {"months_left": 13}}


@pytest.mark.guards
@pytest.mark.parametrize("what", OTHER)
def test_the_database_refuses_other_amounts_and_another_period(what: str, board: Board, owner: User) -> None:
    facts = {"width": "3"} if what == "months" else {"height": "1.60"}  # what is smaller is free for any months
    cards = requests.cards_of(begun(board, owner, **facts), queries.rules())
    (row,) = requests.rows_of(cards)
    row.request, row.line = boards.opened(board.request.shop, owner), 1
    for name, value in OTHER[what].items():
        setattr(row, name, value)
    with pytest.raises(IntegrityError, match="other_period" if what == "months" else "other_amount"), transaction.atomic():
        row.save(force_insert=True)
    drop_guard("licensing_board_change_priced", "licensing_board")
    drop_guard("licensing_board_change_of", "licensing_board")
    row.save(force_insert=True)


@pytest.mark.guards
def test_the_database_changes_a_board_once(board: Board, owner: User) -> None:
    (row,) = requests.rows_of(requests.cards_of(begun(board, owner, width="3"), queries.rules()))
    row.request, row.line = boards.opened(board.request.shop, owner), 1
    row.save(force_insert=True)
    row.pk, row.public_id, row.request = None, ids.public_id(), boards.opened(board.request.shop, owner)
    with pytest.raises(IntegrityError, match="renewed_already"), transaction.atomic():
        row.save(force_insert=True)
    drop_guard("licensing_board_renewed_once", "licensing_board")
    row.save(force_insert=True)


@pytest.mark.guards
def test_the_database_refuses_to_return_more_than_the_changes_say(board: Board, owner: User, officer: User) -> None:
    seen(changed(approved(board, owner, officer, width="3")))
    refund = RefundDue.objects.get()
    more = {"attempt": refund.attempt, "line": refund.line, "payer": owner, "subject": refund.subject, "due_since": clock.now()}
    with pytest.raises(DatabaseError, match="not_changed"), transaction.atomic():
        RefundDue.objects.create(**more, fils=1, reason="board_changed")
    with pytest.raises(DatabaseError, match="board_stands"), transaction.atomic():
        RefundDue.objects.create(**more, fils=1, reason="board_ended")
    drop_guard("payments_refunddue_board_changed", "payments_refunddue")
    RefundDue.objects.create(**more, fils=1, reason="board_changed")
    assert [text for text in invariants.findings() if "of deposit are held" in text]


def test_a_board_that_was_changed_without_a_bill_waits_for_its_photo_while_a_deposit_is_held(
    board: Board, owner: User, officer: User, frozen_clock: Clock
) -> None:
    new = seen(changed(approved(board, owner, officer, width="3")))
    assert new.last_day is not None
    frozen_clock.set(dt.datetime.combine(new.last_day + dt.timedelta(days=9), dt.time(9), clock.KUWAIT))
    reminders.remind()
    assert "6.000" in Message.objects.get(kind="licensing.board_photo_missing", key=new.public_id).body_ar
    frozen_clock.move(days=40)
    assert new in reminders.to_visit(new.request.shop.branch_id)
    boards.photo(new, owner)
    ends.end_by_holder(board=new, person=owner, day=clock.today())
    assert new not in reminders.to_visit(new.request.shop.branch_id)


def test_one_that_holds_nothing_is_visited_without_a_reminder(shop: Shop, owner: User, officer: User, frozen_clock: Clock) -> None:
    (glass,) = boards.issued(shop, owner, officer, boards.FRONT | {"medium": "glass", "width": "2"}).boards.all()
    new = changed(sent(begun(glass, owner, width="1")))
    assert new.last_day is not None
    frozen_clock.set(dt.datetime.combine(new.last_day + dt.timedelta(days=9), dt.time(9), clock.KUWAIT))
    reminders.remind()
    assert not Message.objects.filter(kind="licensing.board_photo_missing", key=new.public_id).exists()
    frozen_clock.move(days=40)
    assert new in reminders.to_visit(shop.branch_id)


def test_the_deposits_of_a_chain_are_read_in_three_statements(
    board: Board, owner: User, officer: User, django_assert_num_queries: Any
) -> None:
    newest = seen(changed(approved(seen(changed(approved(board, owner, officer, width="3"))), owner, officer, height="0.40")))
    newest = Board.objects.select_related("request__case").get(pk=newest.pk)
    with django_assert_num_queries(3):  # the boards, the lines of their bills, what goes back of these
        deposits = life.deposits_of(newest)
    assert len(life.chain(newest)) == 3 and life.held_fils(deposits) == 3_000
    board = Board.objects.select_related("request__case").get(pk=board.pk)
    with django_assert_num_queries(2):
        life.deposits_of(board)


def test_cashiers_see_the_board_that_paid_what_goes_back(board: Board, box: Board, owner: User, officer: User) -> None:
    seen(changed(approved(board, owner, officer, width="3")))
    seen(changed(approved(box, owner, officer, width="0.5")))
    pages = [
        [page.split("/")[-3 if "/look/" in page else -2] for _label, page in grounds(refund)] for refund in RefundDue.objects.order_by("pk")
    ]
    photos = [upload.public_id for upload in Upload.objects.filter(slot="smaller").order_by("pk")]
    assert pages == [[photos[0], board.public_id], [photos[1], box.public_id]]


def test_a_change_of_a_board_that_ended_before_the_issue_is_refused(shop: Shop, owner: User, officer: User) -> None:
    (glass,) = boards.issued(shop, owner, officer, boards.FRONT | {"medium": "glass", "width": "2"}).boards.all()
    request = sent(begun(glass, owner, width="1"))
    BoardEnd.objects.create(board=glass, reason="with_shop", day=clock.today(), at=clock.now())
    issue.issue_licence(case=request.case)
    request = boards.fresh(request.case)
    assert (request.case.state, request.document) == ("refused", None)
    assert request.case.last_event is not None and request.case.last_event.reason == "previous_licence"


def test_a_free_standing_board_is_not_its_own_neighbour(shop: Shop, owner: User, officer: User) -> None:
    """Its stated distance passes as before, so nothing new is left to an officer for it."""
    Shop.objects.filter(pk=shop.pk).update(latitude=29.3, longitude=48.0)
    board = boards.licensed(shop, owner, officer, boards.STANDING, ends_in=300).boards.get()
    assert queries.nearest_standing(fresh(shop), "commercial", clock.today(), within_cm=30_000) is not None
    request = sent(begun(board, owner, top="4.50"), with_files=True)
    assert request.boards.get().checks.get(kind="distance").outcome == "passes"


def fresh(shop: Shop) -> Shop:
    return Shop.objects.get(pk=shop.pk)


def test_a_change_of_a_board_that_has_ended_meanwhile_cannot_be_paid(board: Board, owner: User, officer: User, frozen_clock: Clock) -> None:
    """The fee would be taken, the request refused and the fee given back."""
    request = approved(board, owner, officer, height="1.60")
    bill = Bill.objects.get(pk=boards.bill_of(request))
    frozen_clock.set(dt.datetime.combine(board.last_day + dt.timedelta(days=1), dt.time(9), clock.KUWAIT))  # type: ignore[operator]
    browser = signed_in(owner)
    assert "cannot be paid now" in browser.get(f"/en/pay/{bill.public_id}/").content.decode()
    assert "This cannot be paid now" in browser.get(f"/en/cases/{request.case.public_id}/").content.decode()
    with pytest.raises(Refused, match="stopped"):
        start_attempt(bills=[bill], payer=owner, language="en", session_key="x")
