"""A board that was made smaller: a part of its deposit goes back for a photo of it, and not before."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from licensing.models import Board, BoardEnd
from licensing.signage import invariants
from licensing.signage.changes import smaller
from licensing.signage.changes.replacing import REASON, SYSTEM
from licensing.signage.life import queries as life
from licensing.signage.life import reminders
from licensing.signage.life import services as ends
from licensing.signage.renewals import offers
from licensing.signage.renewals import services as renewals
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.audit.models import AuditEvent
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.services import staff
from municipality.uploads import registry
from payments.models import BillLine, RefundDue
from payments.services import owe_deposit
from shops.models import Shop
from tests.bank import Book
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import drop_guard, without_guards
from tests.factories import boards
from tests.licensing.signage.life.changed_boards import approved, changed, held, seen, sound

pytestmark = pytest.mark.django_db


@pytest.fixture
def new(board: Board, owner: User, officer: User) -> Board:
    """The board at half its width: 6 of 12 dinars of its deposit wait for a photo."""
    return changed(approved(board, owner, officer, width="3"))


def returned() -> list[int]:
    return list(RefundDue.objects.order_by("pk").values_list("fils", flat=True))


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.code


def test_the_difference_goes_back_for_a_photo_and_once(new: Board, owner: User) -> None:
    assert not returned() and held(new) == 12_000
    assert refusal(lambda: smaller.prove_by_holder(board=new, person=owner)) == "photo_missing"
    boards.photo(new, owner)  # of a removal
    assert refusal(lambda: smaller.prove_by_holder(board=new, person=owner)) == "photo_missing"
    seen(new)
    assert returned() == [6_000] and held(new) == 6_000 and sound()
    assert "6.000" in Message.objects.get(kind="licensing.board_smaller", person=owner).body_ar
    assert refusal(lambda: smaller.prove_by_holder(board=new, person=owner)) == "nothing_waits" and returned() == [6_000]


def test_the_photo_of_the_newest_board_is_that_of_those_before_it(new: Board, owner: User, officer: User) -> None:
    newest = changed(approved(new, owner, officer, height="0.40"))
    assert newest.returned_fils == 3_000, "what waits already is not counted twice"
    assert refusal(lambda: seen(new)) == "nothing_waits", "it was changed since"
    seen(newest)
    assert sum(returned()) == 9_000 and held(newest) == 3_000 and sound()


def test_a_change_that_returns_nothing_between_two_that_do_stops_no_photo(new: Board, owner: User, officer: User) -> None:
    farther = changed(approved(new, owner, officer, projection="0.20"))
    newest = changed(approved(farther, owner, officer, projection="0.30"))
    assert not farther.returned_fils and not newest.returned_fils
    seen(newest)
    assert returned() == [6_000] and held(newest) == 6_000 and sound()
    assert len(set(Board.objects.filter(pk__in=[new.pk, farther.pk, newest.pk]).values_list("smaller_photo", flat=True))) == 1


def test_what_went_back_for_a_change_waits_for_no_photo(new: Board, owner: User, officer: User, frozen_clock: Clock) -> None:
    without_guards()  # of before a photo was asked for
    line = BillLine.objects.get(code="boards.deposit_1", bill__subject=new.previous.request.case.key)  # type: ignore[union-attr]
    owe_deposit(line=line, reason=REASON, actor=SYSTEM, most_fils=6_000)
    assert not life.waiting_fils(new) and refusal(lambda: seen(new)) == "nothing_waits"
    frozen_clock.move(days=39)
    assert not reminders.to_visit(new.request.shop.branch_id)
    newest = changed(approved(new, owner, officer, height="0.40"))
    assert (newest.returned_fils, life.waiting_fils(newest)) == (3_000, 3_000), "what went back is not subtracted twice"
    seen(newest)
    assert returned() == [6_000, 3_000] and sound()


def test_one_that_was_renewed_is_still_visited(new: Board, owner: User, inspector: User, bank: Book, frozen_clock: Clock) -> None:
    shop, last = new.request.shop, new.last_day
    assert last is not None
    frozen_clock.set(dt.datetime.combine(last - dt.timedelta(days=20), dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=last + dt.timedelta(days=900))
    (one,) = [one for group in offers.of_user(owner) for one in group.ready]
    (request,) = renewals.renew(user=owner, chosen=[new.public_id], expected_fils=one.fils)
    boards.pay_at_bank(boards.fresh(request.case), bank)
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=request.case)
    renewed = request.boards.get()
    assert list(reminders.to_visit(shop.branch_id)) == [new]
    frozen_clock.set(dt.datetime.combine(last + dt.timedelta(days=2), dt.time(9), clock.KUWAIT))
    assert list(reminders.to_visit(shop.branch_id)) == [renewed]
    assert "مصغرة دون صورة" in signed_in(inspector).get("/admin/boards/").content.decode()


def test_who_paid_the_deposit_hears_that_a_part_of_it_returns(
    new: Board, owner: User, stranger: User, bank: Book, frozen_clock: Clock
) -> None:
    """An owner corrected in the register renews the board, and sends the photo; the money goes to who paid."""
    shop, last = new.request.shop, new.last_day
    assert last is not None
    frozen_clock.set(dt.datetime.combine(last - dt.timedelta(days=20), dt.time(9), clock.KUWAIT))
    Shop.objects.filter(pk=shop.pk).update(commercial_license_end=last + dt.timedelta(days=900), owner=stranger)
    (one,) = [one for group in offers.of_user(stranger) for one in group.ready]
    (request,) = renewals.renew(user=stranger, chosen=[new.public_id], expected_fils=one.fils)
    boards.pay_at_bank(boards.fresh(request.case), bank)
    issue.paid(boards.bill_of(request))
    issue.issue_licence(case=request.case)
    renewed = request.boards.get()
    frozen_clock.set(dt.datetime.combine(last + dt.timedelta(days=2), dt.time(9), clock.KUWAIT))
    boards.photo(renewed, stranger, slot="smaller")
    smaller.prove_by_holder(board=renewed, person=stranger)
    assert RefundDue.objects.get().payer == owner and returned() == [6_000] and sound()
    told = Message.objects.get(kind="licensing.board_smaller")
    assert told.person == owner and "6.000" in told.body_en


def test_an_inspector_who_finds_a_smaller_board_gone_records_that(new: Board, inspector: User) -> None:
    client, page = signed_in(inspector), f"/admin/boards/{new.public_id}/"
    assert "تسجيل الإزالة" in client.get(page).content.decode()
    boards.photo(new, inspector, slot="after")
    assert client.post(page, {"gone": "1"}).status_code == 302
    assert returned() == [12_000] and Board.objects.get(pk=new.pk).end.reason == "found_gone" and sound()


@pytest.mark.parametrize("sent", [{}, {"gone": "1"}])
def test_what_an_inspector_records_rests_on_their_own_photo(new: Board, owner: User, inspector: User, sent: dict[str, str]) -> None:
    slot = "after" if sent else "smaller"
    photo = boards.photo(new, owner, slot=slot)
    client, page = signed_in(inspector), f"/admin/boards/{new.public_id}/"
    answer = client.post(page, sent)
    assert answer.status_code == 409 and "ليست من هذه المعاينة" in answer.content.decode() and not returned()
    boards.photo(new, inspector, slot=slot, replaces=photo)
    assert client.post(page, sent).status_code == 302 and returned() == [12_000 if sent else 6_000] and sound()


def test_a_removal_returns_all_of_it_without_the_photo_of_the_change(new: Board, owner: User) -> None:
    boards.photo(new, owner)
    ends.end_by_holder(board=new, person=owner, day=clock.today())
    assert returned() == [12_000] and sound() and refusal(lambda: seen(new)) == "nothing_waits"


def test_nobody_else_sends_it(new: Board, stranger: User, cashier: User, inspector: User) -> None:
    for other in (stranger, cashier):
        assert not registry.may_write(other, life.key_of(new), "smaller")
    with pytest.raises(NotPermitted):
        smaller.prove_by_holder(board=new, person=stranger)
    with pytest.raises(NotPermitted):
        smaller.prove_by_inspector(board=new, inspector=cashier)
    boards.photo(new, inspector, slot="smaller")
    assert not registry.may_read(cashier, life.key_of(new), "smaller")
    smaller.prove_by_inspector(board=new, inspector=inspector)
    assert returned() == [6_000] and registry.may_read(cashier, life.key_of(new), "smaller")
    assert not registry.may_write(inspector, life.key_of(new), "smaller"), "money went back for it"


def test_an_inspector_with_a_tie_to_the_shop_owes_nothing_back(new: Board, owner: User, inspector: User) -> None:
    staff.declare_conflict(officer=inspector, party_key=owner.key, kind="relative", declared_by=inspector)
    boards.photo(new, inspector, slot="smaller")
    boards.photo(new, inspector, slot="after")
    client = signed_in(inspector)
    for sent in ({}, {"gone": "1"}):
        assert client.post(f"/admin/boards/{new.public_id}/", sent).status_code == 409
    assert not returned() and not BoardEnd.objects.filter(board=new).exists()
    assert AuditEvent.objects.filter(action="shop.tied_attempt", subject=new.request.shop.key).count() == 2
    smaller.prove_by_holder(board=new, person=owner)
    assert returned() == [6_000], "its holder is not shut out"


def test_who_sends_none_is_reminded_and_then_visited(new: Board, owner: User, inspector: User, frozen_clock: Clock) -> None:
    frozen_clock.move(days=8)
    assert reminders.remind() and reminders.remind()
    told = Message.objects.get(kind="licensing.board_photo_missing", key=f"{new.public_id}:smaller")
    assert "6.000" in told.body_en and "licensed smaller than before" in told.body_en and "المصغرة" in told.short_ar
    assert not reminders.to_visit(new.request.shop.branch_id)
    frozen_clock.move(days=30)
    client = signed_in(inspector)
    listed, page = client.get("/admin/boards/").content.decode(), f"/admin/boards/{new.public_id}/"
    assert page in listed and "مصغرة دون صورة" in listed
    assert "تسجيل أنها صُغرت" in client.get(page).content.decode() and client.post(page).status_code == 409
    boards.photo(new, inspector, slot="smaller")
    assert client.post(page).status_code == 302 and returned() == [6_000]
    assert not reminders.to_visit(new.request.shop.branch_id) and sound()


WORDS = {
    "ar": (
        "بانتظار صورة",
        "لا يُرد جزء التأمين إلا بها",
        "قيد الرد",
        "يُرد من التأمين بعد وصول صورة",
        "وصلت الصورة. ويظهر ما يُرد من التأمين في صفحة اللوحة.",
    ),
    "en": (
        "Waiting for a photo",
        "a part of the deposit goes back only with it",
        "Being returned",
        "goes back for a photo of the smaller board",
        "We have received the photo. The page of the board shows what is returned.",
    ),
}


@pytest.mark.parametrize("language", ["ar", "en"])
def test_its_holder_sends_it_from_the_page_of_the_board(language: str, new: Board, owner: User, stranger: User) -> None:
    client, (waits, missing, due, of_case, received) = signed_in(owner), WORDS[language]
    page = f"/{language}/boards/{new.public_id}/"
    assert waits in client.get(page).content.decode() and f"{page}smaller/" in client.get(page).content.decode()
    assert of_case in client.get(f"/{language}/cases/{new.request.case.public_id}/").content.decode()
    assert "6.000" in client.get(f"{page}smaller/").content.decode()
    refused = client.post(f"{page}smaller/")
    assert refused.status_code == 409 and missing in refused.content.decode()
    assert signed_in(stranger).get(f"{page}smaller/").status_code in (403, 404)
    boards.photo(new, owner, slot="smaller")
    answer = client.post(f"{page}smaller/", follow=True)
    assert answer.redirect_chain == [(page, 302)] and due in answer.content.decode() and waits not in answer.content.decode()
    assert received in answer.content.decode()
    assert client.get(f"{page}smaller/").status_code == 302 and returned() == [6_000]


def test_where_nothing_can_go_back_the_photo_promises_nothing(new: Board, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("licensing.signage.changes.replacing.owe_deposit", lambda **_facts: None)  # as after a reversed payment
    boards.photo(new, owner, slot="smaller")
    shown = signed_in(owner).post(f"/en/boards/{new.public_id}/smaller/", follow=True).content.decode()
    assert not returned() and "returning" not in shown and "being returned" not in shown.lower()


@pytest.mark.guards
def test_the_database_returns_no_part_without_the_photo(new: Board) -> None:
    line = BillLine.objects.get(code="boards.deposit_1", bill__subject=new.previous.request.case.key)  # type: ignore[union-attr]
    with pytest.raises(DatabaseError, match="not_changed"), transaction.atomic():
        owe_deposit(line=line, reason=REASON, actor=SYSTEM, most_fils=6_000)
    drop_guard("payments_refunddue_board_changed", "payments_refunddue")
    owe_deposit(line=line, reason=REASON, actor=SYSTEM, most_fils=6_000)
    assert [text for text in invariants.findings() if "of deposit are held" in text], "the harm that the guard prevents"


@pytest.mark.guards
@pytest.mark.parametrize("what", ["of the removal", "of another board", "before it is licensed", "another afterwards", "none afterwards"])
def test_the_database_takes_no_other_photo(what: str, new: Board, box: Board, owner: User, make_shop: Callable[..., Any]) -> None:
    target = new
    photo = boards.photo(new, owner, slot="after" if what in ("of the removal", "another afterwards") else "smaller")
    if what == "of another board":
        photo = boards.photo(box, owner, slot="smaller")
    elif what == "before it is licensed":
        target = boards.sent(make_shop(), owner).boards.get(line=1)
    elif what.endswith("afterwards"):
        if what == "another afterwards":
            boards.photo(new, owner, slot="smaller")
        smaller.prove_by_holder(board=new, person=owner)
    value = None if what == "none afterwards" else photo

    def write() -> None:
        with transaction.atomic():
            Board.objects.filter(pk=target.pk).update(smaller_photo=value)

    with pytest.raises(IntegrityError, match="frozen|other_photo" if what.endswith("afterwards") else "other_photo"):
        write()
    without_guards()
    write()
