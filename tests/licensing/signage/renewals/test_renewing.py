"""Boards of several shops renewed in one act: a request a shop, the bills, the days of the new licence, and what is refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from licensing.health import services as health
from licensing.models import Board, BoardCheck, BoardRequest
from licensing.signage import invariants, queries
from licensing.signage.renewals import offers, services
from licensing.signage.services import issue, requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases.models import Effect
from municipality.cases.services import place_block
from municipality.documents import services as documents
from municipality.kernel import clock, guards
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review.models import QueueEntry
from payments.models import Bill, BillLine
from payments.rules import DEPOSITS
from shops.models import Shop
from shops.register import events
from shops.register.services import FactChange, change_register
from tests.browsers import signed_in
from tests.database_guards import without_guards
from tests.factories import boards
from tests.factories.accounts import UserFactory
from tests.factories.boards import BOX, FRONT, bill_of, fresh, licensed

pytestmark = pytest.mark.django_db
FRONT_FILS = 24_000
BY = system("tests")


def renew(user: User, *rows: Board, fils: int | None = None) -> list[BoardRequest]:
    """The requests that renew these boards, or all that can be renewed, for what the page shows."""
    ready = [one for group in offers.of_user(user) for one in group.ready]
    chosen = {row.public_id for row in rows} or {one.previous.public_id for one in ready}
    total = sum(one.fils for one in ready if one.previous.public_id in chosen) if fils is None else fils
    return [fresh(row.case) for row in services.renew(user=user, chosen=chosen, expected_fils=total)]


@pytest.mark.guards
def test_one_act_makes_a_request_and_a_bill_for_each_shop_without_an_officer(
    make_shop: Callable[..., Any], shop: Shop, owner: User, officer: User
) -> None:
    other = make_shop()
    first, second = licensed(shop, owner, officer, FRONT, FRONT), licensed(other, owner, officer)
    found = {request.shop_id: request for request in renew(owner)}
    assert set(found) == {shop.pk, other.pk}
    for old in (first, second):
        new = found[old.shop_id]
        assert (new.case.state, new.lane, new.case.due_on) == ("awaiting_payment", "clean", None)
        pairs = [(row.previous_id, row.width_cm, row.months, row.fee_fils, row.deposit_fils) for row in new.boards.order_by("line")]
        assert pairs == [(row.pk, 600, 12, FRONT_FILS, 0) for row in old.boards.order_by("line")]
        assert all(row.checks.exists() for row in new.boards.all())
        bill = Bill.objects.get(pk=bill_of(new))
        assert (bill.total_fils, bill.payer_id, bill.state) == (FRONT_FILS * old.boards.count(), owner.pk, "due")
        assert not BillLine.objects.filter(bill=bill, revenue_account=DEPOSITS).exists()
    assert not QueueEntry.objects.filter(case__in=[one.case_id for one in found.values()]).exists()
    assert Message.objects.filter(person=owner, kind="licensing.boards_renewed").count() == 2
    assert not list(invariants.findings())


def test_the_new_licence_begins_after_the_old_one_and_lasts_as_long(shop: Shop, owner: User, officer: User, sealed: None) -> None:
    old = licensed(shop, owner, officer, FRONT, BOX, ends_in=20).boards.get(line=1)
    (request,) = renew(owner)
    issue.paid(bill_of(request))
    issue.issue_licence(case=request.case)
    request = fresh(request.case)
    (new,) = request.boards.all()
    assert old.last_day is not None and new.first_day == old.last_day + dt.timedelta(days=1)
    assert new.last_day == old.last_day.replace(year=old.last_day.year + 1)
    assert request.document is not None and (request.document.valid_from, request.document.valid_to) == (new.first_day, new.last_day)
    new, old = (Board.objects.select_related("request__document").get(pk=row.pk) for row in (new, old))
    assert (queries.standing(new), queries.standing(old)) == ("not_yet", "valid")
    assert not list(invariants.findings())


def test_one_that_has_ended_is_licensed_from_the_day_of_its_payment_beside_one_that_has_not(
    make_shop: Callable[..., Any], shop: Shop, owner: User, officer: User, sealed: None, frozen_clock: Any
) -> None:
    licensed(shop, owner, officer, FRONT, ends_in=-5)
    later = licensed(shop, owner, officer, FRONT, ends_in=20).boards.get()
    (request,) = renew(owner)
    issue.paid(bill_of(request))
    frozen_clock.move(days=3)
    issue.issue_licence(case=request.case)
    request = fresh(request.case)
    assert later.last_day is not None
    days = [row.first_day for row in request.boards.order_by("line")]
    assert days == [clock.today(), later.last_day + dt.timedelta(days=1)]
    assert request.document is not None and request.document.valid_from == clock.today()
    ready, soon = (queries.standing(row) for row in Board.objects.filter(request=request).select_related("request__document"))
    assert (ready, soon) == ("valid", "not_yet")


def test_only_boards_of_the_window_are_offered(make_shop: Callable[..., Any], owner: User, officer: User) -> None:
    for days in (-31, -30, 60, 61):
        shop = make_shop()
        officer.branch_id = shop.branch_id
        licensed(shop, owner, officer, ends_in=days)
    today = clock.today()
    ends = [one.previous.last_day for group in offers.of_user(owner) for one in group.boards]
    assert ends == [today - dt.timedelta(days=30), today + dt.timedelta(days=60)]


def test_new_rates_change_nothing_of_what_was_sent(shop: Shop, owner: User, officer: User, frozen_clock: Any) -> None:
    licensed(shop, owner, officer, FRONT, FRONT)
    one, two = Board.objects.filter(request__shop=shop).order_by("line")
    (request,) = renew(owner, one)
    boards.raise_rates(10)
    frozen_clock.move(days=1)
    assert request.fee_fils == FRONT_FILS == Bill.objects.get(pk=bill_of(request)).total_fils
    requests.withdraw(case=request.case, person=owner)
    with pytest.raises(Refused, match="price_changed"):
        renew(owner, two, fils=FRONT_FILS)
    assert renew(owner, two)[0].fee_fils == 10 * FRONT_FILS
    assert not list(invariants.findings())


def test_a_renewal_that_no_bill_can_have_is_refused_before_anything_is_written(shop: Shop, owner: User, officer: User) -> None:
    licensed(shop, owner, officer)
    boards.raise_rates(50_000)
    with pytest.raises(Refused, match="too_much"):
        renew(owner)
    assert BoardRequest.objects.count() == 1


def test_what_is_under_way_is_offered_again_only_when_it_came_to_nothing(shop: Shop, owner: User, officer: User) -> None:
    old = licensed(shop, owner, officer).boards.get()
    (request,) = renew(owner)
    assert [one.stop for group in offers.of_user(owner) for one in group.boards] == ["under_way"]
    with pytest.raises(Refused, match="not_renewable"):
        renew(owner, old, fils=FRONT_FILS)
    requests.withdraw(case=request.case, person=owner)
    (second,) = renew(owner)
    requests.close_unpaid(case=second.case)
    (third,) = renew(owner)
    assert third.boards.get().previous == old and old.renewals.count() == 3


@pytest.mark.parametrize("code", ["shop_closed", "commercial_license", "blocked", "suspended", "other_request", "no_fee"])
def test_what_stops_a_renewal(shop: Shop, owner: User, officer: User, code: str) -> None:
    request = licensed(shop, owner, officer)
    assert request.document is not None
    if code == "suspended":
        documents.suspend(request.document, reason="payment_voided", actor=BY)
    elif code == "other_request":
        boards.sent(shop, owner)
    elif code == "no_fee":
        boards.raise_rates(1, without="fascia")
    else:
        boards.forbid(shop, code)
    (group,) = offers.of_user(owner)
    assert [one.stop for one in group.boards] == [code]
    with pytest.raises(Refused, match="not_renewable"):
        renew(owner, group.boards[0].previous, fils=0)
    assert Board.objects.filter(previous__isnull=False).count() == 0


@pytest.mark.parametrize(("how", "stop"), [("floor", ""), ("moved", "shop_moved"), ("cancelled", "health_licence_over")])
def test_a_board_that_had_ended_before_its_shop_left_it_is_not_renewed_there(
    shop: Shop, owner: User, officer: User, how: str, stop: str
) -> None:
    licensed(shop, owner, officer, ends_in=-5)
    if how in ("floor", "moved"):
        columns = {name: getattr(shop, name) for name in events.ADDRESS_COLUMNS} | {"floor" if how == "floor" else "block": "7"}
        change_register(shop=shop, changes=[FactChange("address", columns)], source="tests", actor=BY)
    else:
        health.cancel_licence(shop=shop, person=owner)
    (group,) = offers.of_user(owner)
    assert [one.stop for one in group.boards] == [stop]
    if stop:
        with pytest.raises(Refused, match="not_renewable"):
            services.renew(user=owner, chosen={group.boards[0].previous.public_id}, expected_fils=FRONT_FILS)
        page = signed_in(owner).get("/en/boards/renew/").content.decode()
        assert ("was cancelled or revoked" if how == "cancelled" else "The shop has moved or passed to another holder") in page
        assert ("Ask for the board anew" in page) == (how != "cancelled")


def test_a_board_that_a_new_rule_forbids_is_not_renewed(shop: Shop, owner: User, officer: User) -> None:
    old = licensed(shop, owner, officer, boards.GOODS).boards.get()
    _without_guards(lambda: Board.objects.filter(pk=old.pk).update(subject="tobacco"))
    (group,) = offers.of_user(owner)
    assert [(one.stop, [row.kind for row in one.results if row.stops]) for one in group.boards] == [("against_rules", ["subject"])]
    with pytest.raises(Refused, match="not_renewable"):
        renew(owner, old, fils=0)


def test_what_no_officer_has_judged_goes_to_one_with_all_boards_of_the_shop(
    make_shop: Callable[..., Any], shop: Shop, owner: User, officer: User
) -> None:
    licensed(shop, owner, officer, FRONT, boards.GOODS)
    licensed(make_shop(), owner, officer)
    row = Board.objects.get(medium="roof")
    _without_guards(lambda: Board.objects.filter(pk=row.pk).update(subject=""))  # as one from before the rule
    found = {request.shop_id: request for request in renew(owner)}
    studied = found.pop(shop.pk)
    assert (studied.lane, studied.case.state, studied.case.due_on is not None) == ("officer", "in_review", True)
    assert studied.deposit_fils == 0 and studied.boards.count() == 2 and not Bill.objects.filter(subject=studied.case.key).exists()
    assert QueueEntry.objects.get(case=studied.case).skill == "boards"
    assert [one.case.state for one in found.values()] == ["awaiting_payment"]
    assert BoardCheck.objects.filter(board__request=studied, kind="subject", outcome="unknown").count() == 1


def test_what_an_officer_has_judged_before_needs_none_again(shop: Shop, owner: User, officer: User) -> None:
    licensed(shop, owner, officer, boards.STANDING | {"next_board": ""}, ends_in=50)  # asked for after the rule of the distance began
    assert BoardCheck.objects.get(kind="distance").outcome == "unknown"
    assert [request.lane for request in renew(owner)] == ["clean"]
    assert BoardCheck.objects.filter(kind="distance", outcome="unknown").count() == 2


def test_a_block_that_refers_to_an_officer_sends_the_whole_shop_there(shop: Shop, owner: User, officer: User) -> None:
    licensed(shop, owner, officer)
    words = {"sentence_ar": "للدراسة", "sentence_en": "to be studied"}
    place_block(subject=shop.key, ground="test", source="test:1", stops=BOARDS, actor=BY, effect=Effect.REVIEW, **words)
    assert [(request.lane, request.case.state) for request in renew(owner)] == [("officer", "in_review")]


def test_nobody_renews_for_another_and_nothing_of_an_act_is_kept_that_fails(
    make_shop: Callable[..., Any], shop: Shop, owner: User, officer: User
) -> None:
    stranger = UserFactory()
    mine, other = licensed(shop, owner, officer).boards.get(), licensed(make_shop(), owner, officer).boards.get()
    assert offers.of_user(stranger) == []
    with pytest.raises(Refused, match="not_renewable"):
        services.renew(user=stranger, chosen=[mine.public_id], expected_fils=FRONT_FILS)
    with pytest.raises(Refused, match="nothing_chosen"):
        services.renew(user=owner, chosen=[], expected_fils=0)
    boards.forbid(other.request.shop, "shop_closed")
    with pytest.raises(Refused, match="not_renewable"):
        renew(owner, mine, other, fils=FRONT_FILS)
    assert BoardRequest.objects.count() == 2


def test_a_licence_suspended_before_the_payment_is_not_renewed_and_the_money_is_owed_back(shop: Shop, owner: User, officer: User) -> None:
    old = licensed(shop, owner, officer)
    (request,) = renew(owner)
    assert old.document is not None
    documents.suspend(old.document, reason="payment_voided", actor=BY)
    issue.paid(bill_of(request))
    assert fresh(request.case).case.state == "refused"
    assert Message.objects.filter(person=owner, kind="licensing.boards_not_issued").count() == 1


def _without_guards(act: Callable[[], object]) -> None:
    """A row as no service writes it; the guards are installed again."""
    without_guards()
    act()
    connection.check_constraints()
    guards.install(connection)
