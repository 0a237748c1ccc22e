"""A request for boards: kept, sent, decided, billed, and what ends it early."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.utils import translation

from licensing.models import Board, BoardRequest
from licensing.signage import invariants, queries
from licensing.signage.cards import query_of
from licensing.signage.services import issue, requests
from licensing.signage.states import BOARDS
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.drafts.models import Draft
from municipality.drafts.services import EditConflict
from municipality.jobs.models import Job
from municipality.kernel import clock, money
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review.models import QueueEntry
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from municipality.uploads import queries as uploads
from payments.models import Bill, BillLine
from payments.rules import DEPOSITS
from shops.models import Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.due_jobs import assert_stays_open_after_the_review, closes_after_the_payment
from tests.factories import boards
from tests.factories.boards import BOX, CART, DEPOSIT, FEE, FRONT, begun, bill_of, fresh, sent
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db


def submit(shop: Shop, draft: Draft, fils: int = FEE + DEPOSIT, version: int = 0) -> Case:
    person = draft.person
    version = version or draft.version
    return requests.submit(shop=shop, person=person, draft=draft, version=version, expected_fils=fils, actor=actor_of(person))


@pytest.mark.guards
def test_a_request_is_sent_with_boards_rates_place_in_the_queue_and_message(shop: Shop, owner: User) -> None:
    request = sent(shop, owner)
    rows = list(request.boards.all())
    assert [(row.line, row.medium, row.width_cm, row.height_cm, row.faces, row.months) for row in rows] == [
        (1, "fascia", 600, 80, 1, 12),
        (2, "light_box", 90, 90, 2, 24),
    ]
    assert [(row.fee_fils, row.deposit_fils, row.rate_fils, row.deposit_percent) for row in rows] == [
        (24_000, 12_000, 5_000, 50),
        (16_200, 8_100, 5_000, 50),
    ]
    assert (request.fee_fils, request.deposit_fils, request.edition) == (FEE, DEPOSIT, "fees.boards v3")
    assert (request.case.state, request.case.subject, request.case.branch_id) == ("in_review", shop.key, shop.branch_id)
    assert QueueEntry.objects.get(case=request.case).skill == "boards"
    assert Message.objects.filter(person=owner, kind="licensing.boards_sent").count() == 1
    assert not Draft.objects.get(service=BOARDS).is_open
    assert not list(invariants.findings())


def test_what_is_counted_has_no_size(shop: Shop, owner: User) -> None:
    row = sent(shop, owner, CART).boards.get()
    assert (row.width_cm, row.pieces, row.fee_fils, row.deposit_fils) == (0, 2, 30_000, 0)


def test_an_approval_bills_each_fee_as_revenue_and_each_deposit_as_none(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    assert request.case.state == "awaiting_payment"
    bill = Bill.objects.get(kind=BOARDS)
    lines = list(BillLine.objects.filter(bill=bill).order_by("order").values_list("code", "fils", "revenue_account"))
    assert lines == [
        ("boards.fee_1", 24_000, "ADVERTISEMENTS"),
        ("boards.deposit_1", 12_000, DEPOSITS),
        ("boards.fee_2", 16_200, "ADVERTISEMENTS"),
        ("boards.deposit_2", 8_100, DEPOSITS),
    ]
    assert bill.total_fils == FEE + DEPOSIT == request.fils
    first = bill.lines.order_by("order")[0]
    assert first.formula_en.replace("\u00a0", " ") == "KD 5.000 × 4.80 m² × 1 face × 1 year"
    assert first.label_en == "Board 1: Board on the front (Introductory)" and "اللوحة 1" in first.label_ar
    assert Message.objects.filter(person=owner, kind="review.accepted").count() == 1
    assert not list(invariants.findings())


def test_a_new_edition_between_sending_and_payment_changes_nothing(shop: Shop, owner: User, officer: User, frozen_clock: Any) -> None:
    request = sent(shop, owner)
    boards.raise_rates(10, first_day=clock.today() + dt.timedelta(days=1))
    frozen_clock.move(days=1)
    desk_acts.approve(officer)
    assert Bill.objects.get(pk=bill_of(request)).total_fils == FEE + DEPOSIT
    assert not list(invariants.findings())


def test_who_sends_an_old_price_is_refused(shop: Shop, owner: User) -> None:
    with pytest.raises(Refused, match="price_changed"):
        submit(shop, begun(shop, owner), fils=FEE)
    assert not BoardRequest.objects.exists() and not Case.objects.filter(service=BOARDS).exists()


def test_a_sum_that_no_bill_can_have_is_refused_at_sending(shop: Shop, owner: User) -> None:
    boards.raise_rates(20_000)
    draft, total = begun(shop, owner), 20_000 * (FEE + DEPOSIT)
    assert total > money.MAX_FILS
    answer = signed_in(owner).post(f"/en/boards/new/{shop.public_id}/send/", {"version": draft.version, "total": total})
    assert answer.status_code == 409 and "more than 999,999.999 dinars" in answer.content.decode()
    assert not Case.objects.filter(service=BOARDS).exists()


def test_a_missing_file_stops_the_request(shop: Shop, owner: User) -> None:
    with pytest.raises(Refused, match="no_documents"):
        submit(shop, begun(shop, owner, with_files=False))


@pytest.mark.parametrize("language", ["en", "ar"])
def test_the_page_names_the_missing_files_and_marks_their_boxes(shop: Shop, owner: User, language: str) -> None:
    draft = begun(shop, owner, with_files=False)
    UploadFactory(owner=owner, subject=requests.files_key(draft), slot="plan")
    client, page = signed_in(owner), f"/{language}/boards/new/{shop.public_id}/send/"
    before = client.get(page)
    assert b"is-missing" not in before.content
    refused = client.post(page, {"version": draft.version, "total": before.context["total"]})
    text = BeautifulSoup(refused.content, "html.parser")
    with translation.override(language):
        label, plan = str(queries.SLOTS["front"].label), str(queries.SLOTS["plan"].label)
    alert = text.select_one("[role=alert]")
    assert refused.status_code == 409 and alert is not None and label in alert.text and plan not in alert.text
    assert [box["id"] for box in text.select(".kp-upload.is-missing")] == ["upload-front"]
    assert text.select_one("form[data-missing=front]") is not None and len(text.select("[data-upload-missing]")) == 1


def test_a_file_that_is_still_checked_stops_the_request(shop: Shop, owner: User) -> None:
    draft = begun(shop, owner)
    UploadFactory(owner=owner, subject=requests.files_key(draft), slot="front", judged=False)
    with pytest.raises(Refused, match="files_waiting"):
        submit(shop, draft)


def test_a_board_without_size_stops_the_request_but_is_kept(shop: Shop, owner: User) -> None:
    draft = begun(shop, owner, FRONT, BOX | {"width": ""})
    assert draft.answers["boards"]["1-width"] == "" and draft.answers["boards"]["1-place"] == "Door"
    with pytest.raises(Refused, match="not_complete"):
        submit(shop, draft, fils=36_000)


def test_another_device_is_not_overwritten(shop: Shop, owner: User) -> None:
    draft = begun(shop, owner)
    opened = draft.version
    actor = actor_of(owner)
    other = boards.cards_of(query_of(boards.typed(BOX)))
    later = requests.keep(shop=shop, person=owner, cards=other, version=opened, actor=actor)
    with pytest.raises(EditConflict):
        requests.keep(shop=shop, person=owner, cards=boards.cards_of(query_of(boards.typed(FRONT))), version=1, actor=actor)
    with pytest.raises(Refused, match="draft_changed"):
        submit(shop, later, version=opened, fils=24_300)


def test_one_request_of_a_shop_is_open_at_a_time(shop: Shop, owner: User) -> None:
    sent(shop, owner)
    with pytest.raises(Refused, match="already_open"):
        sent(shop, owner)
    assert BoardRequest.objects.count() == 1


@pytest.mark.parametrize("code", ["shop_closed", "commercial_license", "blocked"])
def test_what_forbids_boards_of_a_shop(shop: Shop, owner: User, code: str) -> None:
    draft = begun(shop, owner)
    boards.forbid(shop, code)
    shop.refresh_from_db()
    with pytest.raises(Refused, match=code):
        submit(shop, draft)
    with pytest.raises(Refused, match=code):
        begun(shop, owner)


def test_a_shop_that_closed_before_the_payment_gets_its_money_back(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    boards.forbid(shop, "shop_closed")
    issue.paid(bill_of(request))
    assert fresh(request.case).case.state == "refused"
    assert Message.objects.filter(person=owner, kind="licensing.boards_not_issued").count() == 1


def test_a_request_that_is_lost_at_its_approval_is_not_said_to_be_approved(shop: Shop, owner: User, officer: User) -> None:
    request = boards.sent(shop, owner)
    boards.forbid(shop, "shop_closed")
    desk_acts.approve(officer)
    assert fresh(request.case).case.state == "refused" and not Bill.objects.exists()
    told = set(Message.objects.filter(person=owner, subject_key=request.case.key).values_list("kind", flat=True))
    assert "licensing.boards_not_issued" in told and "review.accepted" not in told


def test_an_unpaid_request_does_not_lapse_while_its_payment_is_open(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    closes_after_the_payment("licensing.close_unpaid_boards", Bill.objects.get(pk=bill_of(request)))
    assert fresh(request.case).case.state == "expired"


def test_a_request_for_boards_can_be_paid_anew_after_a_review_that_ended_unpaid(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    assert_stays_open_after_the_review("licensing.close_unpaid_boards", Bill.objects.get(pk=bill_of(request)))


def test_the_last_day_to_pay_boards_is_shown(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    until = clock.day_of(Job.objects.get(kind="licensing.close_unpaid_boards").due_at)
    for path in (f"/en/cases/{request.case.public_id}/", "/en/basket/", "/en/my-shops/"):
        assert f'datetime="{until}"' in signed_in(owner).get(path).content.decode(), path


def test_an_unpaid_request_is_withdrawn_or_lapses(shop: Shop, owner: User, officer: User) -> None:
    request = boards.approved(shop, owner, officer)
    bill = bill_of(request)
    requests.withdraw(case=request.case, person=owner)
    assert fresh(request.case).case.state == "withdrawn" and Bill.objects.get(pk=bill).state == "void"
    other = boards.approved(shop, owner, officer)
    bill = bill_of(other)
    requests.close_unpaid(case=other.case)
    requests.close_unpaid(case=fresh(other.case).case)
    assert fresh(other.case).case.state == "expired"
    assert Message.objects.filter(person=owner, kind="licensing.boards_lapsed").count() == 1
    with pytest.raises(Refused):
        issue.paid(bill)


def test_a_request_under_study_is_withdrawn(shop: Shop, owner: User) -> None:
    request = sent(shop, owner)
    requests.withdraw(case=request.case, person=owner)
    assert fresh(request.case).case.state == "withdrawn"
    assert QueueEntry.objects.get(case=request.case).state == "left"


def test_a_signed_refusal_ends_the_request(shop: Shop, owner: User, officer: User, head: User) -> None:
    request = sent(shop, owner)
    desk_acts.refuse(officer, head, "banned_content")
    assert fresh(request.case).case.state == "refused" and not Bill.objects.exists()
    assert Message.objects.filter(person=owner, kind="review.refused").count() == 1


def test_corrections_are_answered_with_a_new_file_or_lapse(shop: Shop, owner: User, officer: User, frozen_clock: Any) -> None:
    request = sent(shop, owner)
    with pytest.raises(Refused, match="not_asked"):
        requests.answer_corrections(case=request.case, person=owner)
    assignment = desk_acts.assigned(officer)
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("plan_incomplete", "plan")])
    with pytest.raises(Refused, match="not_complete"):
        requests.answer_corrections(case=request.case, person=owner)
    frozen_clock.move(minutes=5)
    UploadFactory(owner=owner, subject=request.files_key, slot="plan")
    requests.answer_corrections(case=request.case, person=owner)
    assert fresh(request.case).case.state == "in_review"


def test_corrections_that_nobody_answers_close_the_request(shop: Shop, owner: User, officer: User, frozen_clock: Any) -> None:
    request = sent(shop, owner)
    desk.ask_corrections(assignment=desk_acts.assigned(officer), items=[CorrectionRequest("plan_incomplete", "plan")])
    frozen_clock.move(days=28)
    assert requests.lapse_unanswered() == 0
    frozen_clock.move(days=1)
    assert requests.lapse_unanswered() == 1
    assert fresh(request.case).case.state == "expired"


def test_files_of_a_discarded_draft_are_deleted(shop: Shop, owner: User) -> None:
    draft = begun(shop, owner)
    requests.discard(draft=draft, actor=actor_of(owner))
    assert not uploads.ready(requests.files_key(draft)).exists()
    late = begun(shop, owner)
    Draft.objects.filter(pk=late.pk).update(closed_at=clock.now(), answers={})
    assert requests.drop_files() == 2 and not uploads.ready(requests.files_key(late)).exists()


def test_the_files_of_a_sent_request_stay(shop: Shop, owner: User) -> None:
    request = sent(shop, owner)
    assert requests.drop_files() == 0 and uploads.ready(request.files_key).count() == 2
    assert Board.objects.filter(first_day__isnull=True).count() == 2
