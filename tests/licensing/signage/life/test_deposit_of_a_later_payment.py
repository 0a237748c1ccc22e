"""The bank takes back the payment of a board that has ended; another payment stands in its place, and the deposit goes back from that."""

from __future__ import annotations

import pytest

from licensing.models import Board
from licensing.signage.life import queries, services
from licensing.signage.services import issue
from municipality.accounts.models import User
from municipality.kernel import clock
from payments import invariants
from payments.models import Allocation, RefundDue
from payments.services import inquiries, settlement
from shops.models import Shop
from tests.bank import Book
from tests.factories import boards

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen_clock")]


def test_what_was_owed_back_of_the_first_payment_is_owed_back_of_the_second(
    shop: Shop, owner: User, officer: User, sealed: None, bank: Book
) -> None:
    request = boards.approved(shop, owner, officer, boards.FRONT)
    first = boards.at_bank(request)
    bank.decide(first, "NOT CAPTURED")
    inquiries.inquire(attempt_id=first.pk, step=1)
    second = boards.at_bank(request)
    bank.decide(first)
    inquiries.inquire(attempt_id=first.pk, step=2)
    settlement.hand_over(allocation_id=Allocation.objects.get(attempt=first).pk)
    issue.issue_licence(case=request.case)
    board = request.boards.get()
    boards.photo(board, owner)
    services.end_by_holder(board=board, person=owner, day=clock.today())
    bank.decide(first, "NOT CAPTURED")
    inquiries.confirm(attempt_id=first.pk)
    assert RefundDue.objects.get().state == "released", "the control: nothing of the first payment is left to give back"
    bank.decide(second)
    inquiries.inquire(attempt_id=second.pk, step=1)
    settlement.notify_void(allocation_id=Allocation.objects.get(attempt=first).pk)
    refund = RefundDue.objects.get(state="due")
    assert (refund.attempt, refund.fils) == (second, 12_000)
    assert queries.held_fils(queries.deposits_of(Board.objects.get(pk=board.pk))) == 0
    assert not list(invariants.findings())
