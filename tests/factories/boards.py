"""Requests for licences of boards, as far as they have come."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from django.http import QueryDict

from licensing.models import Board, BoardCheck, BoardRequest
from licensing.signage import queries
from licensing.signage.cards import Cards, query_of
from licensing.signage.documents import BoardLicenceFacts
from licensing.signage.renewals import offers
from licensing.signage.services import issue, requests
from licensing.signage.states import BOARDS
from licensing.signage.validity import days_of
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case, place_block
from municipality.documents import services as documents
from municipality.documents.numbers import next_number
from municipality.drafts import queries as drafts
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.periods import add_months
from municipality.kernel.transitions import transition
from municipality.rulebook.models import RuleSet
from municipality.rulebook.services import publish
from municipality.uploads.models import Upload
from payments import queries as payments
from payments.models import Attempt, Bill
from payments.services import settle
from payments.services.inquiries import ask
from shops.models import Shop
from tests import desk_acts
from tests.bank import Book
from tests.factories.payments import AttemptFactory
from tests.factories.uploads import UploadFactory

BY = system("licensing")
FRONT = {"board_class": "introductory", "medium": "fascia", "width": "6", "height": "0.80", "faces": "1", "months": "12", "place": "Door"}
BOX = FRONT | {"medium": "light_box", "width": "0.9", "height": "0.9", "faces": "2", "months": "24"}
CART = {"board_class": "commercial", "medium": "cart", "pieces": "2", "months": "3", "place": "Lane", "subject": "goods"}
GOODS = FRONT | {"board_class": "commercial", "medium": "roof", "subject": "goods", "place": "Roof"}
STANDING = BOX | {"board_class": "commercial", "subject": "goods", "is_standing": "on", "top": "4.80", "next_board": "310", "months": "12"}
FEE, DEPOSIT = 24_000 + 16_200, 12_000 + 8_100  # of the front for one year, and of the box for two


def typed(*boards: dict[str, str], **more: Any) -> dict[str, str]:
    """The fields of a page with these boards."""
    query = {f"{number}-{name}": value for number, board in enumerate(boards) for name, value in board.items()}
    return {"boards": str(len(boards)), **query, **{name: str(value) for name, value in more.items()}}


def cards_of(query: QueryDict) -> Cards:
    """The cards of a page by the rules of today."""
    return requests.cards_from(query, queries.rules())


def begun(shop: Shop, person: User, *boards: dict[str, str], with_files: bool = True) -> Draft:
    """A draft with a board on the front and a light box, and with the files that it needs."""
    cards = cards_of(query_of(typed(*(boards or (FRONT, BOX)))))
    opened = drafts.open_for(person, BOARDS, shop.key)
    draft = requests.keep(shop=shop, person=person, cards=cards, version=opened.version if opened else 0, actor=actor_of(person))
    if with_files:
        for slot, least in queries.slots(queries.rules()[2]).items():
            for _number in range(least):
                UploadFactory(owner=person, subject=requests.files_key(draft), slot=slot)
    return draft


def sent(shop: Shop, person: User, *boards: dict[str, str]) -> BoardRequest:
    """A request in the queue of officers."""
    return sent_of(shop, person, begun(shop, person, *boards))


def sent_of(shop: Shop, person: User, draft: Draft) -> BoardRequest:
    """The request of a draft in the queue of officers."""
    fils = cards_of(query_of(draft.answers[requests.PAGE])).fils
    actor = actor_of(person)
    case = requests.submit(shop=shop, person=person, draft=draft, version=draft.version, expected_fils=fils, actor=actor)
    return fresh(case)


def approved(shop: Shop, person: User, officer: User, *boards: dict[str, str]) -> BoardRequest:
    """A request that an officer approved, with its bill."""
    sent(shop, person, *boards)
    return fresh(desk_acts.approve(officer))


def paid(shop: Shop, person: User, officer: User, *boards: dict[str, str]) -> BoardRequest:
    """A request whose payment is confirmed, as the service is told."""
    return paid_of(approved(shop, person, officer, *boards).case)


def paid_of(case: Case) -> BoardRequest:
    """An approved request whose payment is confirmed."""
    issue.paid(bill_of(fresh(case)))
    return fresh(case)


def issued(shop: Shop, person: User, officer: User, *boards: dict[str, str]) -> BoardRequest:
    """A request whose licence is issued; needs a seal."""
    request = paid(shop, person, officer, *boards)
    issue.issue_licence(case=request.case)
    return fresh(request.case)


def issued_at_bank(shop: Shop, person: User, officer: User, bank: Book, *boards: dict[str, str]) -> BoardRequest:
    """A request whose licence is issued after a payment that the bank confirmed; needs a seal and the bank as gateway."""
    request = approved(shop, person, officer, *boards)
    pay_at_bank(request, bank)
    issue.paid(bill_of(request))
    issue.issue_licence(case=request.case)
    return fresh(request.case)


def pay_at_bank(request: BoardRequest, bank: Book) -> Attempt:
    """A payment of the bill of a request that the bank confirms."""
    return confirm_at_bank(at_bank(request), bank)


def at_bank(request: BoardRequest) -> Attempt:
    """The bill of a request is on the bank's page."""
    bill = Bill.objects.get(pk=bill_of(request))
    attempt: Attempt = AttemptFactory(bills=[bill], payer=bill.payer)
    return attempt


def confirm_at_bank(attempt: Attempt, bank: Book) -> Attempt:
    """The bank confirms the payment."""
    bank.decide(attempt)
    inquiry = ask(attempt)
    assert inquiry is not None
    settle(attempt=attempt, inquiry=inquiry)
    return Attempt.objects.get(pk=attempt.pk)


def photo(board: Board, person: User, **more: Any) -> Upload:
    """A photo of the place without a board."""
    return UploadFactory(owner=person, subject=f"board:{board.public_id}", **{"slot": "after"} | more)


@transaction.atomic
def licensed(shop: Shop, person: User, officer: User, *boards: dict[str, str], ends_in: int = 20) -> BoardRequest:
    """A request whose boards of one year are licensed by a paper without a file; the first of them ends in some days."""
    begins = add_months(clock.today() + dt.timedelta(days=ends_in + 1), -12)
    with clock.at(dt.datetime.combine(begins, dt.time(9), clock.KUWAIT)):
        request = paid(shop, person, officer, *(boards or (FRONT,)))
        rows = [(board, *days_of(board, begins)) for board in request.boards.order_by("line")]
        document = documents.draft(
            kind=BoardLicenceFacts.kind,
            number=next_number(f"ADL-{shop.branch_id}-{begins.year}"),
            subject=request.case.key,
            holder_key=person.key,
            valid_from=begins,
            valid_to=max(last for _board, _first, last in rows),
        )
        transition(document, "carry_over", actor=BY)
        BoardRequest.objects.filter(pk=request.pk).update(document=document)
        for board, first, last in rows:
            Board.objects.filter(pk=board.pk).update(first_day=first, last_day=last)
        advance(request.case, "issue", actor=BY)
    return fresh(request.case)


def bill_of(request: BoardRequest) -> int:
    """The primary key of the bill of a request."""
    bill = payments.bill_of(request.case.key)
    assert bill is not None
    return bill.pk


def fresh(case: Case) -> BoardRequest:
    """The request of a case, read anew."""
    return BoardRequest.objects.select_related("case__applicant", "case__branch", "shop", "document").get(case=case)


def forbid(shop: Shop, code: str) -> None:
    """What forbids boards of a shop: shop_closed, commercial_license or blocked."""
    yesterday = clock.today() - dt.timedelta(days=1)
    if code == "blocked":
        words = {"sentence_ar": "موقوف", "sentence_en": "blocked"}
        place_block(subject=shop.key, ground="test", source="test:1", stops=BOARDS, actor=BY, **words)
    else:
        facts = {"closed_on": yesterday} if code == "shop_closed" else {"commercial_license_end": yesterday}
        Shop.objects.filter(pk=shop.pk).update(**facts)


def raise_rates(times: int, *, first_day: dt.date | None = None, without: str = "") -> None:
    """A new edition of the fees from today or another day on: each rate so many times as high, and none of one medium."""
    old = RuleSet.objects.get(subject="fees.boards", version=3)
    maker, publisher = User.objects.filter(groups__name__startswith="rule_").order_by("pk")[:2]
    named = {"instrument_ar": "س", "instrument_en": "x", "made_by": maker, "made_at": clock.now()}
    new = RuleSet.objects.create(subject="fees.boards", version=4, first_day=first_day or clock.today(), **named)
    for rate in old.board_fees.exclude(medium=without):
        rate.pk, rate.ruleset, rate.rate_fils, rate.flat_fils = None, new, rate.rate_fils * times, rate.flat_fils * times
        rate.save(force_insert=True)
    publish(ruleset=new, publisher=publisher, actor=actor_of(publisher, "rule_publisher"))


@transaction.atomic
def opened(shop: Shop, owner: User, lane: str = "clean", subject: str = "", **sums: int) -> BoardRequest:
    """A request that is open and not sent yet, without boards."""
    titles = {"title_ar": "محل", "title_en": "Shop", "series": "ADV"}
    subject = subject or f"shop:{lane}{BoardRequest.objects.count()}"
    case = open_case(service=BOARDS, subject=subject, applicant=owner, branch=shop.branch, editions=[], actor=BY, **titles)
    facts = {"fee_fils": 24_000, "deposit_fils": 0, "edition": "x", "files_key": f"boards:{case.public_id}"} | sums
    rules = RuleSet.objects.get(subject="rules.boards", version=2)
    return BoardRequest.objects.create(case=case, shop=shop, lane=lane, rules=rules, checked_on=clock.today(), **facts)


def renewal(request: BoardRequest, old: Board, **other: Any) -> Board:
    """The board that renews another one, with its results, in a request."""
    (group,) = offers.offers(Board.objects.filter(pk=old.pk))
    (one,) = group.boards
    assert one.board is not None
    one.board.request, one.board.line = request, 1
    for name, value in other.items():
        setattr(one.board, name, value)
    one.board.save(force_insert=True)
    for result in one.results:
        result.pk, result.board = None, one.board
        result._state.adding = True
    BoardCheck.objects.bulk_create(one.results)
    return one.board
