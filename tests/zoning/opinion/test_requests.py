"""Ordering an opinion: question, documents, fee, queue, and what ends a request early."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup

from municipality.accounts.models import User
from municipality.cases.models import Case, Figure
from municipality.drafts import services as drafts
from municipality.drafts.models import Draft
from municipality.jobs.models import Job
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review.models import QueueEntry
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from municipality.uploads import queries as uploads
from payments import queries as payments
from payments.models import Bill
from tests import desk_acts
from tests.browsers import signed_in
from tests.due_jobs import assert_stays_open_after_the_review, closes_after_the_payment
from tests.factories.accounts import PersonFactory
from tests.factories.opinions import FEE, begun, paid, submitted
from tests.factories.uploads import UploadFactory
from zoning.models import Opinion, Plot
from zoning.opinion import panels
from zoning.opinion.services import consultations, issue, requests, study

pytestmark = pytest.mark.django_db


def test_the_instant_answer_of_the_day_is_kept_in_both_languages(plot: Plot, owner: User) -> None:
    opinion = submitted(plot, owner)
    assert (opinion.instant_outcome, opinion.activity_group, opinion.land_class) == ("not_permitted", "beauty", "COMMERCIAL")
    assert opinion.instant_edition == "zoning.uses v1"
    first = opinion.instant_grounds[0]
    assert "200 m" in first["en"] and "م" in first["ar"] and first["article_en"] and first["article_ar"]


def test_what_may_be_built_is_answered_by_the_limits_of_the_class(plot: Plot, owner: User) -> None:
    opinion = submitted(plot, owner, activity=None, floor=None)
    assert opinion.instant_outcome == "limits"
    assert "400%" in opinion.instant_grounds[0]["en"]


@pytest.mark.guards
def test_the_fee_is_of_the_rulebook_and_payment_leads_to_the_queue(plot: Plot, owner: User) -> None:
    opinion = submitted(plot, owner)
    bill = payments.bill_of(opinion.case.key)
    assert bill is not None and bill.total_fils == FEE
    assert (opinion.case.state, opinion.case.branch_id) == ("awaiting_payment", "HA")
    assert not QueueEntry.objects.exists()
    before = panels.paid_outcome(bill)
    issue.paid(bill.pk)
    after = panels.paid_outcome(bill)
    assert before is not None and not before.is_done and after is not None and after.is_done, "the result page waits no longer"
    case = Case.objects.get(pk=opinion.case_id)
    assert case.state == "in_review" and QueueEntry.objects.get(case=case).skill == "zoning"
    assert case.due_on is not None and case.due_on.isoformat() == "2026-12-01"  # five working days after Tuesday 24 November
    assert {row.kind for row in Message.objects.filter(person=owner)} >= {"zoning.opinion_submitted", "zoning.opinion_paid"}
    with pytest.raises(Refused):
        requests.take_payment(case=case)


@pytest.mark.parametrize(("fils", "code"), [(FEE, "no_documents"), (FEE - 1, "no_documents")])
def test_a_document_that_is_missing_stops_the_order(plot: Plot, owner: User, fils: int, code: str) -> None:
    draft = requests.begin(plot=plot, person=owner, answers={"asker": "office", "activity": "WSAL", "floor": 0})
    with pytest.raises(Refused, match=code):
        requests.submit(draft=draft, person=owner, version=draft.version, expected_fils=fils)
    assert not Opinion.objects.exists()


def test_another_price_than_the_one_read_is_refused(plot: Plot, owner: User) -> None:
    draft = begun(plot, owner)
    with pytest.raises(Refused, match="price_changed"):
        requests.submit(draft=draft, person=owner, version=draft.version, expected_fils=FEE - 1)


def test_an_unpaid_request_does_not_lapse_while_its_payment_is_open(plot: Plot, owner: User) -> None:
    opinion = submitted(plot, owner)
    closes_after_the_payment("zoning.close_unpaid", Bill.objects.get(subject=opinion.case.key))
    assert Case.objects.get(pk=opinion.case_id).state == "expired"


def test_an_opinion_can_be_paid_anew_after_a_review_that_ended_unpaid(plot: Plot, owner: User) -> None:
    opinion = submitted(plot, owner)
    assert_stays_open_after_the_review("zoning.close_unpaid", Bill.objects.get(subject=opinion.case.key))


def test_the_last_day_to_pay_an_opinion_is_shown(plot: Plot, owner: User) -> None:
    opinion = submitted(plot, owner)
    until = clock.day_of(Job.objects.get(kind="zoning.close_unpaid").due_at)
    for path in (f"/en/cases/{opinion.case.public_id}/", "/en/basket/", "/en/"):
        assert f'datetime="{until}"' in signed_in(owner).get(path).content.decode(), path


def test_the_result_page_of_a_payment_leads_to_the_issued_opinion(issued_opinion: Callable[..., Opinion]) -> None:
    opinion = issued_opinion()
    bill = payments.bill_of(opinion.case.key)
    outcome = panels.paid_outcome(bill) if bill is not None else None
    assert outcome is not None and outcome.is_done and opinion.document is not None and outcome.reference == opinion.document.number


def test_an_unpaid_request_is_withdrawn_or_lapses(plot: Plot, owner: User) -> None:
    opinion = submitted(plot, owner)
    requests.withdraw(case=opinion.case, person=owner)
    assert Case.objects.get(pk=opinion.case_id).state == "withdrawn"
    other = submitted(plot, owner)
    requests.close_unpaid(case=other.case)
    assert Case.objects.get(pk=other.case_id).state == "expired"


def test_a_reversed_payment_ends_the_study(plot: Plot, owner: User) -> None:
    opinion = paid(plot, owner)
    bill = payments.bill_of(opinion.case.key)
    assert bill is not None
    issue.voided(bill.pk)
    assert Case.objects.get(pk=opinion.case_id).state == "unpaid"
    assert Message.objects.filter(kind="zoning.opinion_held").count() == 1


def test_the_pages_lead_from_the_plot_to_the_payment(plot: Plot, owner: User) -> None:
    client = signed_in(owner)
    assert f"/en/plots/{plot.public_id}/opinion/" in client.get(f"/en/plots/{plot.public_id}/").content.decode()
    begin = f"/en/plots/{plot.public_id}/opinion/"
    assert client.get(begin).status_code == 200
    assert client.post(begin, {"asker": "", "activity": "WSAL", "floor": "0"}).status_code == 400
    sent = client.post(begin, {"asker": "owner", "activity": "WSAL", "floor": "0"})
    assert sent.status_code == 302 and "/en/opinions/" in sent["Location"]
    page = client.get(sent["Location"]).content.decode()
    assert "The opinion most likely says the same." in page, "before the fee, which does not come back"
    assert "Not permitted" in page and "10.000" in page and "Drawing of the place (optional)" in page
    assert "Service fee of the zoning department" not in page, "an assumption is no legal ground"
    again = client.get(f"/en/plots/{plot.public_id}/opinion/").content.decode()
    assert '<option value="WSAL" selected>' in again, "a change of the question begins with the question"
    whole = {"version": Draft.objects.get().version, "total": FEE}
    refused = client.post(sent["Location"], whole)
    assert refused.status_code == 409 and "Still missing: Title deed, or contract of use or lease." in refused.content.decode()
    assert 'data-missing="title"' in refused.content.decode()
    begun(plot, owner)
    ordered = client.post(sent["Location"], whole)
    assert ordered.status_code == 302 and "/en/pay/" in ordered["Location"]
    case = Case.objects.get(service="zoning.opinion")
    seen = client.get(f"/en/cases/{case.public_id}/").content.decode()
    assert seen.index("Pay the fee") < seen.index("Instant answer and opinion")


def test_a_question_changed_in_another_tab_is_seen_before_it_is_sent(plot: Plot, owner: User) -> None:
    client, draft = signed_in(owner), begun(plot, owner)
    page = f"/en/opinions/{draft.public_id}/"

    def shown() -> dict[str, str]:
        fields = BeautifulSoup(client.get(page).content, "html.parser").select("#form input[type=hidden]")
        return {str(field["name"]): str(field["value"]) for field in fields if field.get("value")}

    older = shown()
    requests.begin(plot=plot, person=owner, answers={"asker": "owner", "activity": None, "floor": None})
    refused = client.post(page, older)
    assert refused.status_code == 409 and not Case.objects.filter(service="zoning.opinion").exists()
    text = refused.content.decode()
    assert "The question has been changed on another page." in text and "What may be built on this plot?" in text
    assert client.post(page, shown()).status_code == 302 and Opinion.objects.get().activity_id is None


def test_the_first_page_says_what_is_needed_what_it_costs_and_how_long_it_took(plot: Plot, owner: User) -> None:
    client, draft = signed_in(owner), begun(plot, owner)
    begin = f"/en/plots/{plot.public_id}/opinion/"
    assert "half of the requests" not in client.get(begin).content.decode()
    Figure.objects.create(service="zoning.opinion", count=40, half=2, ninety=4, late=2, computed_at=requests.clock.now())
    first, order = client.get(begin).content.decode(), client.get(f"/en/opinions/{draft.public_id}/").content.decode()
    for text in (first, order):
        assert "10.000" in text and "does not come back" in text and "5 working days" in text
    assert "within 2 working days" in first and "half of the requests" not in order
    assert "a tenant with a contract" in first and "Mandate of the owner" in first and "No contract yet?" in first


def test_a_stranger_sees_neither_draft_nor_case(plot: Plot, owner: User) -> None:
    draft = begun(plot, owner)
    client = signed_in(PersonFactory(noura=True))
    assert client.get(f"/en/opinions/{draft.public_id}/").status_code == 404
    opinion = submitted(plot, owner)
    for path in ("", "corrections/", "withdraw/"):
        assert client.get(f"/en/opinions/{opinion.case.public_id}/{path}").status_code == 404, path
    assert client.get(f"/en/cases/{opinion.case.public_id}/").status_code == 404


def test_an_ended_plot_has_no_opinion(plot: Plot, owner: User, frozen_clock: Any) -> None:
    plot.valid_to = requests.clock.today()
    with pytest.raises(Refused, match="plot_ended"):
        requests.begin(plot=plot, person=owner, answers={"asker": "owner", "activity": None, "floor": None})


def test_no_fee_is_asked_for_a_plot_that_ended_since_the_draft_began(plot: Plot, owner: User) -> None:
    draft = begun(plot, owner)
    Plot.objects.filter(pk=plot.pk).update(valid_to=requests.clock.today())
    with pytest.raises(Refused, match="plot_ended"):
        requests.submit(draft=draft, person=owner, version=draft.version, expected_fils=FEE)


def test_a_document_that_is_asked_for_again_brings_the_case_back(plot: Plot, owner: User, planner: User, frozen_clock: Any) -> None:
    opinion, client = paid(plot, owner), signed_in(owner)
    desk.ask_corrections(assignment=desk_acts.assigned(planner), items=[CorrectionRequest("file_unreadable", "title")])
    page = f"/en/opinions/{opinion.case.public_id}/corrections/"
    assert "Title deed, or contract of use or lease" in client.get(page).content.decode()
    assert client.post(page).status_code == 409  # the old file is still the same
    frozen_clock.move(minutes=5)
    UploadFactory(owner=owner, subject=opinion.files_key, slot="title")
    assert client.post(page).status_code == 302
    assert Case.objects.get(pk=opinion.case_id).state == "in_review"
    assert client.get(page).status_code == 302  # nothing is asked for any more


def test_corrections_that_nobody_answers_close_the_request(plot: Plot, owner: User, planner: User, frozen_clock: Any) -> None:
    opinion = paid(plot, owner)
    desk.ask_corrections(assignment=desk_acts.assigned(planner), items=[CorrectionRequest("file_unreadable", "title")])
    frozen_clock.move(days=28)
    assert requests.lapse_unanswered() == 0
    frozen_clock.move(days=1)
    assert requests.lapse_unanswered() == 1
    assert Case.objects.get(pk=opinion.case_id).state == "expired"


def test_documents_of_a_discarded_draft_are_deleted(plot: Plot, owner: User) -> None:
    draft = begun(plot, owner)
    assert requests.drop_files() == 0
    drafts.discard(draft=draft)
    assert requests.drop_files() == 1
    assert not uploads.ready(requests.files_key(draft)).exists()


def test_an_issued_opinion_is_suspended_and_resumed_with_its_payment(
    plot: Plot, owner: User, planner: User, head: User, sealed: None
) -> None:
    opinion = paid(plot, owner, activity="LAUN")
    assignment = desk_acts.checked(desk_acts.assigned(planner))
    for row in opinion.consultations.all():
        consultations.record_answer(consultation=row, officer=planner, answer="no_objection")
    study.write_draft(assignment=assignment, outcome="permitted", text_ar="مسموح", text_en="Permitted")
    desk.sign(decision=desk.accept(assignment=assignment), supervisor=head)
    issue.issue_opinion(case=Case.objects.get(pk=opinion.case_id))
    bill = payments.bill_of(opinion.case.key)
    assert bill is not None
    issue.voided(bill.pk)
    assert Opinion.objects.get(pk=opinion.pk).document.state == "suspended"  # type: ignore[union-attr]
    issue.paid(bill.pk)
    assert Opinion.objects.get(pk=opinion.pk).document.state == "active"  # type: ignore[union-attr]
    with pytest.raises(Refused):
        issue.paid(bill.pk)
    issue.voided(bill.pk)
    issue.voided(bill.pk)
    issue.paid(bill.pk)
    told = {kind: Message.objects.filter(kind=f"zoning.opinion_{kind}").count() for kind in ("held", "paid_again")}
    assert told == {"held": 2, "paid_again": 2}, "each reversal and each payment once"


@pytest.mark.parametrize("is_over", [False, True])
def test_an_opinion_that_is_paid_again_after_its_last_day_is_not_called_in_force(
    issued_opinion: Callable[..., Opinion], owner: User, frozen_clock: Any, is_over: bool
) -> None:
    opinion = issued_opinion()
    assert opinion.document is not None and opinion.document.valid_to is not None
    bill = Bill.objects.get(subject=opinion.case.key)
    frozen_clock.move(days=(opinion.document.valid_to - clock.today()).days + is_over)
    issue.voided(bill.pk)
    held = Message.objects.get(kind="zoning.opinion_held")
    assert ("so the fee is due again" in held.body_en, "is not in force until" in held.body_en) == (is_over, not is_over)
    suspended = Opinion.objects.select_related("case", "document").get(pk=opinion.pk)
    assert suspended.document is not None and suspended.document.live_state == "suspended"
    step = panels.not_in_force(suspended.document, suspended)
    assert ("انقضى آخر يوم" in str(step.text)) is is_over, "what the page of an objection says"
    issue.paid(bill.pk)
    again = Message.objects.get(kind="zoning.opinion_paid_again")
    for text in (again.title_en, again.short_en, again.body_en):
        assert ("in force again" in text and "not in force" not in text) is not is_over, text
    assert ("انقضى" in again.body_ar, "انقضى" in again.short_ar) == (is_over, is_over)
    assert (panels.paid_outcome(bill) is None) is is_over
