"""Boards follow the licence of their shop: a move ends them once it is paid, a cancellation too, a duplicate leaves them."""

from __future__ import annotations

import pytest

from licensing.health import services
from licensing.health.states import CHANGE, DUPLICATE
from licensing.health.transfers import services as transfers
from licensing.models import BoardRequest
from licensing.signage import queries
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.notifications.models import Message
from shops.models import Shop
from tests import desk_acts
from tests.factories.accounts import NOURA, PersonFactory
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db


def states(shop: Shop) -> set[str]:
    return {queries.standing(row) for row in queries.licensed([shop])[shop.pk]}


def issue(case: Case) -> None:
    services.take_payment(case=Case.objects.get(pk=case.pk))
    services.issue_renewal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))


def test_a_move_ends_the_boards_when_it_is_paid_and_not_before(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    before = states(shop)
    reader = OfficerFactory(login="health", branch_id=shop.branch_id, skills=["health"])
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["address"], service=CHANGE)
    desk_acts.approve(reader)
    assert states(shop) == before
    issue(case)
    assert states(shop) == {"with_shop"} != before
    assert Message.objects.filter(person=owner, kind="licensing.boards_ended_with_shop").count() == 1


def test_a_duplicate_leaves_the_boards_and_a_cancellation_ends_them(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    before = states(shop)
    issue(services.submit(shop=shop, applicant=owner, service=DUPLICATE)[0])
    assert states(shop) == before
    services.cancel_licence(shop=shop, person=owner)
    assert states(shop) == {"with_shop"}
    assert Message.objects.filter(person=owner, kind="licensing.boards_ended_with_shop").count() == 1


def test_a_change_of_something_else_leaves_the_boards(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    before = states(shop)
    reader = OfficerFactory(login="health", branch_id=shop.branch_id, skills=["health"])
    case = RenewalCaseFactory(shop=shop, applicant=owner, changed=["manager"], service=CHANGE)
    desk_acts.approve(reader)
    issue(case)
    assert states(shop) == before


@pytest.mark.guards
def test_a_transfer_ends_the_boards_with_the_issue_and_not_before(licensed: BoardRequest, shop: Shop, owner: User) -> None:
    before, noura = states(shop), PersonFactory(noura=True)
    reader = OfficerFactory(login="health", branch_id=shop.branch_id, skills=["health"])
    case = transfers.agree(transfer=transfers.ask(shop=shop, person=owner, number=NOURA), user=noura)
    desk_acts.approve(reader)
    services.take_payment(case=Case.objects.get(pk=case.pk))
    assert states(shop) == before
    services.issue_renewal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))
    assert states(shop) == {"with_shop"}
    assert Message.objects.filter(person=owner, kind="licensing.boards_ended_with_shop").count() == 1
