"""Requests for licences of boards, as far as they have come."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict

from licensing.models import Board, BoardRequest
from licensing.signage import queries
from licensing.signage.cards import Cards, query_of
from licensing.signage.services import issue, requests
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.drafts.models import Draft
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

FRONT = {"board_class": "introductory", "medium": "fascia", "width": "6", "height": "0.80", "faces": "1", "months": "12", "place": "Door"}
BOX = FRONT | {"medium": "light_box", "width": "0.9", "height": "0.9", "faces": "2", "months": "24"}
CART = {"board_class": "commercial", "medium": "cart", "pieces": "2", "months": "3", "place": "Lane", "subject": "goods"}
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
    draft = requests.keep(shop=shop, person=person, cards=cards, version=0, actor=actor_of(person))
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
    bill = Bill.objects.get(pk=bill_of(request))
    attempt = AttemptFactory(bills=[bill], payer=bill.payer)
    bank.decide(attempt)
    inquiry = ask(attempt)
    assert inquiry is not None
    settle(attempt=attempt, inquiry=inquiry)
    return Attempt.objects.get(pk=attempt.pk)


def photo(board: Board, person: User, **more: Any) -> Upload:
    """A photo of the place without a board."""
    return UploadFactory(owner=person, subject=f"board:{board.public_id}", **{"slot": "after"} | more)


def bill_of(request: BoardRequest) -> int:
    """The primary key of the bill of a request."""
    bill = payments.bill_of(request.case.key)
    assert bill is not None
    return bill.pk


def fresh(case: Case) -> BoardRequest:
    """The request of a case, read anew."""
    return BoardRequest.objects.select_related("case__applicant", "case__branch", "shop", "document").get(case=case)
