"""The sums of boards of a list are those of the rules that decide: `licensed_on` and `offers.waiting`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Exists, Min, OuterRef

from licensing import shop_cases
from licensing.models import Board
from licensing.shop_cases import NO_BOARDS, BoardSums, cases_of
from licensing.signage.renewals import offers, services
from licensing.signage.validity import licensed_on
from municipality.accounts.models import User
from municipality.documents import services as documents
from municipality.documents.states import LIVE, DocumentState
from municipality.kernel import clock
from municipality.kernel.actors import system
from shops.models import Shop
from tests.conftest import Clock
from tests.factories.boards import FRONT, licensed
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db
DAYS = (-40, -20, -1, 0, 20, 300)  # from today to the last day of the first board


def by_rules(shop: Shop) -> BoardSums:
    """The same sums by a query for each."""
    today, of_shop = clock.today(), Board.objects.filter(request__shop=shop)
    standing = of_shop.filter(last_day__gte=today, end=None)
    renewed = Exists(Board.objects.filter(previous=OuterRef("pk"), first_day__isnull=False))
    waiting = offers.waiting().filter(request__shop=shop)
    others = standing.exclude(pk__in=waiting)
    return BoardSums(
        licensed=licensed_on(today).filter(request__shop=shop).exclude(pk__in=waiting).count(),
        suspended=standing.filter(request__document__state=DocumentState.SUSPENDED).count(),
        until=others.filter(~renewed, request__document__state__in=LIVE).aggregate(first=Min("last_day"))["first"],
        ending=waiting.count(),
        due=waiting.filter(last_day__gte=today).count(),
        ends=waiting.aggregate(first=Min("last_day"))["first"],
    )


def sums(shop: Shop) -> BoardSums:
    return cases_of([shop]).boards.get(shop.key, NO_BOARDS)


@pytest.fixture
def officer(make_shop: Callable[..., Any], store: Path) -> User:
    return OfficerFactory(login="officer", branch_id=make_shop().branch_id, skills=["boards"])


@pytest.fixture
def shops(make_shop: Callable[..., Any], owner: User, officer: User) -> list[Shop]:
    """A shop with two boards for each of DAYS, and one without boards."""
    rows = [make_shop() for _days in DAYS]
    for row, days in zip(rows, DAYS, strict=True):
        licensed(row, owner, officer, FRONT, FRONT, ends_in=days)
    return [*rows, make_shop()]


def test_boards_of_every_age_are_counted_as_the_rules_say(shops: list[Shop]) -> None:
    found = [sums(shop) for shop in shops]
    assert found == [by_rules(shop) for shop in shops]
    assert [one.ending for one in found] == [0, 2, 2, 2, 2, 0, 0]
    assert [one.licensed for one in found] == [0, 0, 0, 0, 0, 2, 0] and [one.due for one in found] == [0, 0, 0, 2, 2, 0, 0]


def test_a_suspended_licence_and_a_document_of_later_are_counted_as_the_rules_say(shops: list[Shop]) -> None:
    held = shops[4]
    document = Board.objects.filter(request__shop=held)[0].request.document
    assert document is not None
    documents.suspend(document, reason="tests", actor=system("tests"))
    assert sums(held) == by_rules(held) and sums(held).suspended == 2 and sums(held).licensed == 0


def test_a_renewal_is_counted_as_the_rules_say_when_it_is_asked_for_and_when_it_is_licensed(
    shops: list[Shop], owner: User, officer: User, frozen_clock: Clock
) -> None:
    shop = shops[4]
    before = sums(shop)
    ready = [one for group in offers.of_user(owner) for one in group.ready if one.previous.request.shop_id == shop.pk]
    services.renew(user=owner, chosen=[one.previous.public_id for one in ready[:1]], expected_fils=ready[0].fils)
    assert sums(shop) == by_rules(shop) and before.ending == 2 and sums(shop).ending == 1
    last = ready[0].previous.last_day
    assert last is not None
    Board.objects.filter(previous=ready[0].previous).update(first_day=last + dt.timedelta(days=1), last_day=last + dt.timedelta(days=365))
    assert sums(shop) == by_rules(shop) and sums(shop).until is None


def test_a_board_whose_time_moved_after_an_incident_waits_for_its_renewal(shops: list[Shop], monkeypatch: pytest.MonkeyPatch) -> None:
    old = shops[0]
    assert sums(old).ending == 0
    ids = Board.objects.filter(request__shop=old).values_list("pk", flat=True)
    monkeypatch.setattr(shop_cases.incidents, "last_moved_day", clock.today)
    monkeypatch.setattr(shop_cases.incidents, "moved_into", lambda kind, first: ids)
    assert sums(old) == by_rules(old) and sums(old).ending == 2
