"""The one licence of all boards: its days, its file, and what a reversal of the payment does."""

from __future__ import annotations

import datetime as dt
from io import BytesIO
from typing import Any

import pikepdf
import pytest

from licensing.models import HealthLicence
from licensing.signage import invariants, panels, queries
from licensing.signage.documents import ONE_PAGE, BoardLicenceFacts
from licensing.signage.services import issue, requests
from municipality.accounts.models import User
from municipality.documents import rendering, store
from municipality.documents import services as documents
from municipality.jobs.models import Job
from municipality.jobs.services import run
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.ui.templatetags.portal import day
from payments.models import Bill
from shops.models import Shop
from shops.register.services import refresh_search
from tests.browsers import signed_in
from tests.factories import boards
from tests.factories.boards import bill_of, fresh
from tests.killed_issue import assert_ends_as_undisturbed
from tests.poppler import sizes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sealed")]


@pytest.mark.guards
def test_after_the_payment_a_job_seals_one_licence_with_the_days_of_each_board(
    shop: Shop, owner: User, officer: User, frozen_clock: Any
) -> None:
    request = boards.paid(shop, owner, officer)
    assert request.case.state == "paid"
    run(Job.objects.get(kind="licensing.issue_boards").pk)
    request = fresh(request.case)
    document, today = request.document, clock.today()
    assert request.case.state == "issued" and document is not None and document.file is not None
    days = [(row.number, row.first_day, row.last_day) for row in request.boards.order_by("line")]
    one, two = today.replace(year=today.year + 1), today.replace(year=today.year + 2)
    assert days == [(f"{document.number}/1", today, one - dt.timedelta(1)), (f"{document.number}/2", today, two - dt.timedelta(1))]
    assert (document.valid_from, document.valid_to) == (today, two - dt.timedelta(1))
    shown = panels.outcome(Bill.objects.get(pk=bill_of(request)))
    assert shown is not None and all(str(day(last)) in str(shown.text) for _number, _first, last in days), "each period, after the payment"
    told = Message.objects.get(person=owner, kind="licensing.boards_issued")
    assert document.number in str(vars(told))
    lines = document.facts["sections"][0]["lines_en"]
    assert "6.00 m wide, 0.80 m high, 1 face" in lines[0] and f"{document.number}/2" in lines[1]
    assert not list(invariants.findings())
    issue.issue_licence(case=request.case)
    assert fresh(request.case).document == document
    frozen_clock.move(days=366)
    assert [queries.standing(row) for row in queries.licensed([shop])[shop.pk]] == ["expired", "valid"]


@pytest.mark.parametrize(
    ("count", "is_long", "pages", "layouts"),
    [(1, False, 1, 1), (2, False, 1, 1), (3, False, 1, 1), (ONE_PAGE, False, 1, 1), (ONE_PAGE, True, 2, 2), (20, False, 3, 1)],
)
def test_the_licence_of_few_boards_is_one_page_and_laid_out_once_and_every_board_is_in_type_of_eight_points(
    shop: Shop, owner: User, officer: User, count: int, is_long: bool, pages: int, layouts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_long:
        Shop.objects.filter(pk=shop.pk).update(name_ar="متجر الواحة " * 13, name_en="Oasis Shop of " * 11)
    board = boards.FRONT | {"is_lit": "on", "projection": "0.15"} | ({"place": "فوق المدخل الرئيسي " * 6} if is_long else {})
    write, written = rendering._write_pdf, []
    monkeypatch.setattr(rendering, "_write_pdf", lambda *given, **named: (written.append(given), write(*given, **named))[1])
    request = boards.issued(shop, owner, officer, *[board] * count)
    assert request.document is not None
    content = store.read(request.document.file)
    with pikepdf.open(BytesIO(content)) as pdf:
        assert len(pdf.pages) == pages
    assert 1 <= len(written) <= layouts
    found = [size for word, size in sizes(content) if word == "Place:"]
    assert len(found) == count and min(found) > 7.9


def test_a_payment_that_the_bank_takes_back_before_the_seal_closes_the_request(shop: Shop, owner: User, officer: User) -> None:
    request = boards.paid(shop, owner, officer)
    issue.voided(bill_of(request))
    issue.issue_licence(case=request.case)
    request = fresh(request.case)
    assert (request.case.state, request.document) == ("unpaid", None)
    assert Message.objects.filter(person=owner, kind="licensing.boards_held").count() == 1


def test_a_licence_is_suspended_and_resumed_with_its_payment(shop: Shop, owner: User, officer: User) -> None:
    request = boards.issued(shop, owner, officer)
    bill = bill_of(request)
    for _time in range(2):
        issue.voided(bill)
        issue.voided(bill)
        assert fresh(request.case).document.state == "suspended"  # type: ignore[union-attr]
        assert [queries.standing(row) for row in queries.licensed([shop])[shop.pk]] == ["suspended", "suspended"]
        issue.paid(bill)
        issue.paid(bill)
        assert fresh(request.case).document.state == "active"  # type: ignore[union-attr]
    told = {kind: Message.objects.filter(kind=f"licensing.boards_{kind}").count() for kind in ("held", "paid_again")}
    assert told == {"held": 2, "paid_again": 2}, "each reversal and each payment once"


@pytest.mark.parametrize(("days", "is_over"), [(364, False), (800, True)])
def test_boards_that_are_paid_again_after_their_last_day_are_not_called_in_force(
    shop: Shop, owner: User, officer: User, days: int, is_over: bool, frozen_clock: Any
) -> None:
    request = boards.issued(shop, owner, officer)
    bill, page = bill_of(request), f"/en/cases/{request.case.public_id}/"
    frozen_clock.move(days=days)
    issue.voided(bill)
    held = Message.objects.get(kind="licensing.boards_held")
    assert ("suspended until it is paid" in held.body_en, "has ended or was replaced" in held.body_en) == (not is_over, is_over)
    assert ("takes effect again" in signed_in(owner).get(page).content.decode()) is not is_over
    issue.paid(bill)
    again = Message.objects.get(kind="licensing.boards_paid_again")
    for text in (again.title_en, again.short_en, again.body_en):
        assert ("in force" in text and "not in force" not in text) is not is_over, text
    assert ("انتهى" in again.body_ar, "انتهى" in again.short_ar) == (is_over, is_over)
    assert (panels.outcome(Bill.objects.get(pk=bill)) is None) is is_over


def test_a_withdrawn_request_takes_no_payment(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    bill = bill_of(request)
    requests.withdraw(case=request.case, person=owner)
    with pytest.raises(Refused, match="case_closed"):
        issue.paid(bill)


def suspended_shop(shop: Shop) -> None:
    """The licence of the shop is suspended by a measure, and its boards have followed."""
    documents.suspend(HealthLicence.objects.get(shop=shop).document, reason="tests", actor=system("tests"))
    refresh_search([shop.pk])


def test_boards_that_are_paid_again_stay_suspended_with_their_shop(shop: Shop, owner: User, officer: User) -> None:
    request = boards.issued(shop, owner, officer)
    bill = bill_of(request)
    issue.voided(bill)
    suspended_shop(shop)
    issue.paid(bill)
    assert fresh(request.case).document.state == "suspended"  # type: ignore[union-attr]
    kinds = set(Message.objects.filter(person=owner).values_list("kind", flat=True))
    assert "licensing.boards_paid_again" not in kinds and "licensing.boards_suspended_with_shop" in kinds


def test_boards_that_are_issued_while_their_shop_is_suspended_are_suspended(shop: Shop, owner: User, officer: User) -> None:
    request = boards.paid(shop, owner, officer)
    suspended_shop(shop)
    issue.issue_licence(case=request.case)
    request = fresh(request.case)
    assert request.document is not None and (request.case.state, request.document.state) == ("issued", "suspended")


@pytest.mark.parametrize("is_drawn", [False, True])
def test_boards_that_are_forbidden_between_payment_and_issue_are_paid_back(
    shop: Shop, owner: User, officer: User, is_drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = boards.paid(shop, owner, officer)
    owed: list[str] = []
    monkeypatch.setattr(issue, "owe_back", lambda *, reason, **_facts: owed.append(reason))
    draw = documents.render_and_seal

    def drawn_meanwhile(*given: Any) -> bytes:
        boards.forbid(shop, "shop_closed")
        return draw(*given)

    if is_drawn:
        monkeypatch.setattr(documents, "render_and_seal", drawn_meanwhile)
        with pytest.raises(Refused, match="shop_closed"):
            issue.issue_licence(case=request.case)
    else:
        boards.forbid(shop, "shop_closed")
    issue.issue_licence(case=request.case)
    request = fresh(request.case)
    assert (request.case.state, request.document, owed) == ("refused", None, ["shop_closed"])
    assert Message.objects.filter(person=owner, kind="licensing.boards_not_issued").count() == 1


@pytest.mark.guards
def test_a_worker_that_dies_leaves_one_licence_of_boards(shop: Shop, owner: User, officer: User) -> None:
    request = boards.paid(shop, owner, officer)
    assert_ends_as_undisturbed(lambda: issue.issue_licence(case=fresh(request.case).case), BoardLicenceFacts)


def test_without_its_draft_a_dead_worker_uses_a_second_number(
    shop: Shop, owner: User, officer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, whole = boards.paid(shop, owner, officer), documents.issue
    monkeypatch.setattr(documents, "issue", lambda facts, **more: whole(facts, **(more | {"draft_lookup": None})))
    with pytest.raises(AssertionError, match="after a death at drafted"):
        assert_ends_as_undisturbed(lambda: issue.issue_licence(case=fresh(request.case).case), BoardLicenceFacts)
