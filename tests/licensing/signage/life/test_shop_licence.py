"""Boards end, are suspended and resumed with their shop, in its transaction, and every page says the same."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction

from licensing.health import in_force
from licensing.health import services as health
from licensing.health.services.issue import supersede_previous
from licensing.models import Board, BoardEnd, BoardRequest, HealthLicence
from licensing.signage import invariants, moves, queries
from licensing.signage.life import shop_licence
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.documents import services as documents
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from payments.models import Attempt, RefundDue
from payments.services import inquiries, void_attempt
from shops.models import Shop
from shops.register import events
from shops.register.services import FactChange, change_register, refresh_search
from tests.bank import Book
from tests.browsers import signed_in
from tests.due_jobs import run_due
from tests.factories import boards

pytestmark = pytest.mark.django_db
BY = system("tests")


def states(shop: Shop) -> list[str]:
    return [queries.standing(row) for row in queries.licensed([shop])[shop.pk]]


def moved(shop: Shop, **address: Any) -> None:
    columns = {name: getattr(shop, name) for name in events.ADDRESS_COLUMNS} | address
    change = FactChange("address", columns, before={}, after={name: str(value) for name, value in address.items()})
    change_register(shop=shop, changes=[change], source=f"tests {len(address)} {address}"[:80], actor=BY)


def licence_of(shop: Shop) -> HealthLicence:
    return HealthLicence.objects.select_related("document").get(shop=shop, is_current=True)


def told(owner: User) -> list[str]:
    kinds = Message.objects.filter(person=owner, kind__startswith="licensing.boards_").order_by("pk").values_list("kind", flat=True)
    return [kind.removeprefix("licensing.boards_") for kind in kinds if kind not in ("licensing.boards_sent", "licensing.boards_issued")]


def test_a_closed_shop_has_no_boards_any_more_and_its_holder_hears_it_once(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    events.close(shop=shop, source="tests", actor=BY)
    assert states(shop) == ["with_shop", "with_shop"] and boards.fresh(licensed.case).document.state == "revoked"
    assert {end.day for end in BoardEnd.objects.all()} == {clock.today()} and not RefundDue.objects.exists()
    assert told(owner) == ["ended_with_shop"]
    body = Message.objects.get(kind="licensing.boards_ended_with_shop").body_en
    assert all(board.number in body for board in licensed.boards.all())
    refresh_search([shop.pk])
    assert told(owner) == ["ended_with_shop"] and not list(invariants.findings())


def test_it_is_undone_with_its_cause(licensed: BoardRequest, shop: Shop) -> None:
    class Undone(Exception):
        pass

    def undone() -> None:
        with transaction.atomic():
            events.close(shop=shop, source="tests", actor=BY)
            raise Undone

    with pytest.raises(Undone):
        undone()
    assert states(shop) == ["valid", "valid"] and not BoardEnd.objects.exists()


def test_the_deposit_of_such_a_board_goes_back_for_a_photo(licensed: BoardRequest, board: Board, shop: Shop, owner: User) -> None:
    from licensing.signage.life.services import end_by_holder

    events.close(shop=shop, source="tests", actor=BY)
    boards.photo(board, owner)
    end = end_by_holder(board=Board.objects.get(pk=board.pk), person=owner, day=clock.today())
    assert (end.reason, RefundDue.objects.get().fils) == ("with_shop", 12_000)


def test_a_suspended_licence_suspends_and_lifting_it_lifts_theirs(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    document = licence_of(shop).document
    for _round in range(2):
        documents.suspend(document, reason="tests", actor=BY)
        refresh_search([shop.pk])
        assert states(shop) == ["suspended_with_shop"] * 2
        documents.resume(document, reason="tests", actor=BY)
        refresh_search([shop.pk])
        assert states(shop) == ["valid"] * 2
    assert told(owner) == ["suspended_with_shop", "resumed"] * 2 and not list(invariants.findings())


def test_a_renewed_licence_that_is_unpaid_again_suspends_them_from_its_first_day_on(
    licensed: BoardRequest, shop: Shop, owner: User, frozen_clock: Any
) -> None:
    case = health.submit_renewal(shop=shop, applicant=owner)
    health.take_payment(case=case)
    health.issue_renewal(case=case)
    health.hold_licence(case=Case.objects.get(pk=case.pk))
    present, renewed = HealthLicence.objects.select_related("document").filter(shop=shop).order_by("pk")
    assert (present.document.live_state, renewed.document.live_state) == ("valid", "suspended")
    assert states(shop) == ["valid"] * 2 and shop_licence.follow_all() == 0 and told(owner) == []
    frozen_clock.move(days=(renewed.first_day - clock.today()).days)
    assert shop_licence.follow_all() == 1 and states(shop) == ["suspended_with_shop"] * 2
    health.take_payment(case=Case.objects.get(pk=case.pk))
    assert states(shop) == ["valid"] * 2 and told(owner) == ["suspended_with_shop", "resumed"] and not list(invariants.findings())


def test_boards_suspended_with_the_licence_before_are_resumed_when_the_renewed_one_begins(
    licensed: BoardRequest, shop: Shop, owner: User, frozen_clock: Any
) -> None:
    case = health.submit_renewal(shop=shop, applicant=owner)
    health.take_payment(case=case)
    health.issue_renewal(case=case)
    present, renewed = HealthLicence.objects.select_related("document").filter(shop=shop).order_by("pk")
    assert present.document.live_state == "valid" and renewed.first_day > clock.today()
    documents.suspend(present.document, reason="payment_voided", actor=BY)
    refresh_search([shop.pk])
    assert states(shop) == ["suspended_with_shop"] * 2
    known = in_force.licence_facts([shop.pk])[shop.pk]
    assert (known.state, known.end) == ("suspended", present.last_day), "search and open data say what the boards say"
    frozen_clock.move(days=(renewed.first_day - clock.today()).days)
    supersede_previous(licence_id=renewed.pk)
    assert states(shop) == ["valid"] * 2 and told(owner) == ["suspended_with_shop", "resumed"]
    known = in_force.licence_facts([shop.pk])[shop.pk]
    assert (known.state, known.end) == ("active", renewed.last_day)


@pytest.mark.guards
def test_a_revoked_licence_ends_them(licensed: BoardRequest, shop: Shop) -> None:
    documents.revoke(licence_of(shop).document, reason="tests", actor=BY)
    refresh_search([shop.pk])
    assert states(shop) == ["with_shop"] * 2


def test_a_suspended_shop_suspends_them_and_closing_it_ends_them(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    events.suspend(shop=shop, source="tests", actor=BY)
    assert states(shop) == ["suspended_with_shop"] * 2
    events.close(shop=Shop.objects.get(pk=shop.pk), source="tests", actor=BY)
    assert states(shop) == ["with_shop"] * 2 and told(owner) == ["suspended_with_shop", "ended_with_shop"]


@pytest.mark.parametrize("corrected", ["floor", "street", "building", "paci_number"])
@pytest.mark.parametrize("elsewhere", [{"block": "99"}, {"street": "Other", "paci_number": "20990099"}])
def test_a_shop_that_moves_leaves_its_boards_and_a_corrected_address_does_not(
    licensed: BoardRequest, shop: Shop, corrected: str, elsewhere: dict[str, str]
) -> None:
    moved(shop, **{corrected: "20770077" if corrected == "paci_number" else "7"})
    assert states(shop) == ["valid"] * 2
    moved(Shop.objects.get(pk=shop.pk), **elsewhere)
    assert states(shop) == ["with_shop"] * 2


def test_boards_licensed_after_a_move_stand(licensed: BoardRequest, shop: Shop, frozen_clock: Any, owner: User) -> None:
    before = moves.of_shops([shop.pk])
    frozen_clock.move(days=-2)
    moved(shop, block="99")
    frozen_clock.move(days=2)
    refresh_search([shop.pk])
    assert before == {} and states(shop) == ["valid"] * 2


def test_boards_that_ran_out_or_were_removed_before_stay_as_they_are(licensed: BoardRequest, shop: Shop, frozen_clock: Any) -> None:
    frozen_clock.move(days=400)
    events.close(shop=shop, source="tests", actor=BY)
    assert states(shop) == ["expired", "with_shop"]


def test_a_shop_that_closes_on_a_later_day_loses_them_on_that_day(licensed: BoardRequest, shop: Shop, frozen_clock: Any) -> None:
    events.close(shop=shop, source="tests", actor=BY, on=clock.today() + dt.timedelta(days=3))
    assert states(shop) == ["valid"] * 2 and shop_licence.follow_all() == 0
    frozen_clock.move(days=3)
    assert shop_licence.follow_all() == 1 and states(shop) == ["with_shop"] * 2
    assert shop_licence.follow_all() == 0


def test_boards_suspended_before_a_later_day_of_closing_end_on_it(
    licensed: BoardRequest, shop: Shop, owner: User, frozen_clock: Any
) -> None:
    events.close(shop=shop, source="tests", actor=BY, on=clock.today() + dt.timedelta(days=3))
    documents.suspend(licence_of(shop).document, reason="tests", actor=BY)
    refresh_search([shop.pk])
    assert states(shop) == ["suspended_with_shop"] * 2 and shop_licence.follow_all() == 0
    frozen_clock.move(days=3)
    assert shop_licence.follow_all() == 1 and states(shop) == ["with_shop"] * 2
    assert shop_licence.follow_all() == 0 and told(owner) == ["suspended_with_shop", "ended_with_shop"]


def test_a_payment_reversed_meanwhile_holds_them_after_the_suspension(licensed: BoardRequest, shop: Shop, bank: Book, owner: User) -> None:
    events.suspend(shop=shop, source="tests", actor=BY)
    attempt = Attempt.objects.get()
    bank.decide(attempt, "FAILURE(NOT CAPTURED)")
    inquiry = inquiries.ask(attempt)
    assert inquiry is not None and void_attempt(attempt=attempt, inquiry=inquiry)
    for _again in range(2):
        issue.voided(boards.bill_of(licensed))
    run_due(("payments.tell_void",))
    held = Message.objects.get(person=owner, kind="licensing.boards_held")
    assert "reversed the payment" in held.body_en, "told at once, and once: the end of the suspension says nothing"
    events.resume(shop=Shop.objects.get(pk=shop.pk), source="tests", actor=BY)
    assert states(shop) == ["suspended"] * 2
    boards.pay_at_bank(licensed, bank)
    issue.paid(boards.bill_of(licensed))
    assert states(shop) == ["valid"] * 2


@pytest.mark.parametrize(
    ("language", "suspended", "ended", "gone"),
    [
        ("ar", "موقوفة مع ترخيص المحل", "انتهت مع ترخيص المحل", "لا لوحة مرخصة"),
        ("en", "Suspended with the licence of the shop", "Ended with the licence of the shop", "No board is licensed"),
    ],
)
def test_every_page_says_the_same(
    language: str, suspended: str, ended: str, gone: str, licensed: BoardRequest, board: Board, shop: Shop, owner: User, client: Any
) -> None:
    def page(path: str, person: bool = False) -> str:
        reader = signed_in(owner) if person else client
        return str(
            reader.get(
                f"/{language}/{path}" if "verify" not in path else f"/{path}", follow=True, headers={"accept-language": language}
            ).content.decode()
        )

    code = licensed.document.code if licensed.document is not None else ""
    events.suspend(shop=shop, source="tests", actor=BY)
    for path in (f"boards/{board.public_id}/", f"verify/{code}", f"shops/{shop.public_id}/"):
        assert suspended in page(path), path
    assert suspended in page(f"cases/{licensed.case.public_id}/", person=True)
    events.close(shop=Shop.objects.get(pk=shop.pk), source="tests", actor=BY)
    for path in (f"boards/{board.public_id}/", f"verify/{code}"):
        assert ended in page(path), path
    assert ended in page(f"cases/{licensed.case.public_id}/", person=True)
    assert board.number not in page(f"shops/{shop.public_id}/")
    assert gone in page("my-shops/", person=True)


@pytest.mark.parametrize(
    ("language", "words"), [("ar", "انتهى ترخيصها، وكان آخر يوم فيه"), ("en", "not licensed any more; its last day was")]
)
def test_the_check_page_names_a_board_whose_time_is_over(
    licensed: BoardRequest, board: Board, box: Board, client: Any, frozen_clock: Any, language: str, words: str
) -> None:
    path, asked = f"/verify/{licensed.document.code}", {"accept-language": language}  # type: ignore[union-attr]
    first, last = sorted((board, box), key=lambda one: one.last_day or clock.today())
    assert words not in client.get(path, follow=True, headers=asked).content.decode()
    frozen_clock.move(days=((first.last_day or clock.today()) - clock.today()).days + 1)
    shown = client.get(path, follow=True, headers=asked).content.decode()
    assert shown.count(words) == 1 and first.number in shown.split(words)[0].rsplit("<li", 1)[-1] and last != first
