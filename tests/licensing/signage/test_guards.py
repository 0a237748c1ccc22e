"""What the database refuses of boards; without its guards it takes place."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from licensing.models import Board, BoardCheck, BoardRequest
from licensing.signage import invariants, queries
from licensing.signage.checks import results_of
from licensing.signage.services import requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases.models import Case, CaseEvent
from municipality.cases.services import open_case
from municipality.kernel import clock, ids
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.rulebook.models import RuleSet
from shops.models import Shop
from tests.database_guards import drop_guard, without_guards
from tests.factories import boards
from tests.factories.boards import sent
from zoning.answer.places import PlaceLand

pytestmark = [pytest.mark.django_db, pytest.mark.guards]
BY = system("tests")


def join(request: BoardRequest, **other: Any) -> Board:
    """Another board of a request, like its first one but for `other`."""
    row = request.boards.order_by("line")[0]
    row.pk, row.public_id, row.line = None, ids.public_id(), 9
    for name, value in other.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def change(**values: Any) -> Callable[[BoardRequest], object]:
    return lambda request: request.boards.update(**values)


ATTACKS: dict[str, tuple[str, Callable[[BoardRequest], object]]] = {
    "a larger board": ("frozen", change(width_cm=9_000)),
    "a lower fee": ("frozen", change(fee_fils=1)),
    "no deposit": ("frozen", change(deposit_fils=0)),
    "another rate": ("frozen", change(rate_fils=1)),
    "another place": ("frozen", change(place="Roof")),
    "another height": ("frozen", change(top_cm=1)),
    "another subject": ("frozen", change(subject="tobacco")),
    "another day of the check": ("frozen", lambda request: BoardRequest.objects.update(checked_on=None)),
    "another account": ("frozen", change(revenue_account="deposits")),
    "other sums": ("frozen", lambda request: BoardRequest.objects.update(fee_fils=1)),
    "another shop": ("frozen", lambda request: BoardRequest.objects.update(files_key="boards:x")),
    "one more board": ("sent_already", join),
}


def write(act: Callable[[], object]) -> None:
    with transaction.atomic():
        act()


@pytest.mark.parametrize("name", ATTACKS)
def test_what_was_sent_does_not_change(shop: Shop, owner: User, name: str) -> None:
    request = sent(shop, owner)
    code, attack = ATTACKS[name]
    with pytest.raises(IntegrityError, match=f"guard:{code}"):
        write(lambda: attack(request))
    without_guards()
    write(lambda: attack(request))


@pytest.mark.parametrize("table", ["licensing_board", "licensing_boardrequest"])
def test_boards_are_never_deleted(shop: Shop, owner: User, table: str) -> None:
    sent(shop, owner)

    def delete() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {table}")

    with pytest.raises(IntegrityError, match="guard:never_deleted"):
        write(delete)


@pytest.fixture
def being_sent(shop: Shop, owner: User, rules: None) -> BoardRequest:
    """A request whose case is open and not sent yet, without boards; its sums are those of one board."""
    titles = {"title_ar": "محل", "title_en": "Shop", "series": "ADV"}
    case = open_case(service=BOARDS, subject=shop.key, applicant=owner, branch=shop.branch, editions=[], actor=BY, **titles)
    facts = {"fee_fils": 24_000, "deposit_fils": 12_000, "edition": "x", "files_key": "boards:x"}
    rules = RuleSet.objects.get(subject="rules.boards", version=2)
    return BoardRequest.objects.create(case=case, shop=shop, rules=rules, checked_on=clock.today(), **facts)


def front(request: BoardRequest, **other: Any) -> Board:
    row = requests.rows_of(boards.cards_of(requests.query_of(boards.typed(boards.FRONT))))[0]
    row.request = request
    for name, value in other.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def checked(board: Board, **other: Any) -> Board:
    """The board with a result of each rule, of a board that breaks none; `other` are facts of the results."""
    for result in results_of(board, queries.rules()[-1].board_limits, clock.today(), PlaceLand):
        result.board = board
        for name, value in other.items():
            setattr(result, name, value)
        result.save(force_insert=True)
    return board


@pytest.mark.parametrize("other", [{"fee_fils": 23_999}, {"deposit_fils": 12_001}, {"months": 13}, {"rate_fils": 4_999}, {"faces": 2}])
def test_a_board_has_the_amounts_of_its_rate(being_sent: BoardRequest, other: dict[str, int]) -> None:
    with pytest.raises(IntegrityError, match="guard:other_amount"):
        write(lambda: front(being_sent, **other))
    front(being_sent)
    without_guards()
    front(being_sent, line=2, **other)


def send(case: Case) -> CaseEvent:
    with transaction.atomic():
        event: CaseEvent = transition(case, "send_to_officer", actor=BY)
        return event


@pytest.mark.parametrize("lines", [(), (1, 2)])
def test_the_sums_of_a_request_are_those_of_its_boards(being_sent: BoardRequest, lines: tuple[int, ...]) -> None:
    for line in lines:
        checked(front(being_sent, line=line))
    with pytest.raises(IntegrityError, match="guard:other_sum"):
        send(being_sent.case)
    without_guards()
    send(being_sent.case)
    assert any("its boards" in finding for finding in invariants.findings())


def without_results(request: BoardRequest) -> None:
    front(request)


def without_one_result(request: BoardRequest) -> None:
    board = front(request, is_standing=True, medium="light_box", top_cm=400)
    results = results_of(board, queries.rules()[-1].board_limits, clock.today(), PlaceLand)
    for result in results[1:]:
        result.board = board
        result.save(force_insert=True)


def against_a_rule(request: BoardRequest) -> None:
    board = front(request, is_standing=True, medium="light_box", top_cm=501)
    checked(board)


def by_no_edition(request: BoardRequest) -> None:
    checked(front(request))
    BoardRequest.objects.filter(pk=request.pk).update(checked_on=dt.date(2020, 1, 1))


def by_other_rules(request: BoardRequest) -> None:
    checked(front(request))
    BoardRequest.objects.filter(pk=request.pk).update(rules=RuleSet.objects.get(subject="limits.boards", version=1))


def by_a_withdrawn_edition(request: BoardRequest) -> None:
    checked(front(request))
    rules = RuleSet.objects.get(pk=request.rules_id)
    two = {"withdrawal_by": rules.made_by, "withdrawal_at": clock.now(), "withdrawn_by": rules.published_by}
    RuleSet.objects.filter(pk=rules.pk).update(withdrawn_on=rules.first_day - dt.timedelta(days=1), **two)


UNCHECKED = (without_results, without_one_result, against_a_rule, by_no_edition, by_other_rules, by_a_withdrawn_edition)


@pytest.mark.parametrize("prepare", UNCHECKED, ids=lambda one: one.__name__)
def test_a_request_is_sent_with_the_results_of_its_rules(being_sent: BoardRequest, prepare: Callable[[BoardRequest], None]) -> None:
    connection.check_constraints()
    drop_guard("licensing_boardrequest_frozen", "licensing_boardrequest")
    prepare(being_sent)
    with pytest.raises(IntegrityError, match="guard:not_checked"):
        send(being_sent.case)
    without_guards()
    send(being_sent.case)


def test_a_checked_request_is_sent(being_sent: BoardRequest) -> None:
    checked(front(being_sent))
    assert send(being_sent.case).to_state == "in_review"


CHECKS: dict[str, tuple[str, Callable[[BoardCheck], object]]] = {
    "another outcome": ("frozen", lambda check: BoardCheck.objects.filter(pk=check.pk).update(outcome="unknown")),
    "another article": ("frozen", lambda check: BoardCheck.objects.filter(pk=check.pk).update(article_en="x")),
    "another rule": ("frozen", lambda check: BoardCheck.objects.filter(pk=check.pk).update(kind="land")),
    "no result": ("never_deleted", lambda check: check.delete()),
    "one more": ("sent_already", lambda check: checked(check.board, kind="distance", outcome="passes", measured_value=2, limit_value=1)),
}


@pytest.mark.parametrize("name", CHECKS)
def test_results_stay_as_they_were_sent(shop: Shop, owner: User, name: str) -> None:
    check = BoardCheck.objects.filter(board__request=sent(shop, owner, boards.BOX), kind="subject").get()
    code, attack = CHECKS[name]
    with pytest.raises(IntegrityError, match=f"guard:{code}"):
        write(lambda: attack(check))
    without_guards()
    write(lambda: attack(check))


WRONG: tuple[dict[str, Any], ...] = (
    {"kind": "height", "outcome": "passes", "measured_value": 501, "limit_value": 500},
    {"kind": "height", "outcome": "fails", "measured_value": 500, "limit_value": 500},
    {"kind": "distance", "outcome": "passes", "measured_value": 29_999, "limit_value": 30_000},
    {"kind": "share", "outcome": "passes", "measured_value": 1001, "limit_value": 1000},
    {"kind": "height", "outcome": "passes", "measured_value": None, "limit_value": 500},
    {"kind": "height", "outcome": "unknown", "measured_value": 400, "limit_value": 500},
    {"kind": "height", "outcome": "unknown", "measured_value": None, "limit_value": None},
    {"kind": "subject", "outcome": "passes", "measured_value": 1, "limit_value": 1},
    {"kind": "other"},
    {"outcome": "perhaps"},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_result_is_what_its_comparison_gives(being_sent: BoardRequest, wrong: dict[str, Any]) -> None:
    board = front(being_sent, medium="light_box")
    with pytest.raises(IntegrityError):
        write(lambda: checked(board, **wrong))


def test_a_licence_is_not_issued_without_days(shop: Shop, owner: User, officer: User) -> None:
    request = boards.paid(shop, owner, officer)

    def issue() -> None:
        transition(Case.objects.get(pk=request.case_id), "issue", actor=BY)

    with pytest.raises(IntegrityError, match="guard:no_days"):
        write(issue)
    without_guards()
    write(issue)
    assert f"{request.case.reference} is issued without a licence" in list(invariants.findings())


def test_the_days_of_a_board_are_set_once(shop: Shop, owner: User) -> None:
    rows = sent(shop, owner).boards
    rows.update(first_day=clock.today(), last_day=clock.today())
    with pytest.raises(IntegrityError, match="guard:frozen"):
        write(lambda: rows.update(last_day=clock.today().replace(year=2040)))
    without_guards()
    rows.update(last_day=clock.today().replace(year=2040))


@pytest.mark.parametrize("other", [{"width_cm": 0}, {"faces": 0}, {"fee_fils": 0}, {"board_class": "x"}, {"line": 0}])
def test_impossible_boards_are_refused_by_constraints(being_sent: BoardRequest, other: dict[str, Any]) -> None:
    without_guards()
    with pytest.raises(IntegrityError):
        write(lambda: front(being_sent, **other))
