"""A request for a new licence: kept, sent, decided, and what ends it early."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.utils.formats import date_format
from django.utils.translation import override

from licensing.health.new_licence import queries
from licensing.health.new_licence.services import approval, requests
from licensing.health.new_licence.states import NEW_LICENCE
from licensing.models import NewLicence
from municipality.accounts.models import Organisation, Signatory, User
from municipality.cases.models import Case
from municipality.documents.models import Document
from municipality.drafts.models import Draft
from municipality.drafts.services import EditConflict
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Message
from municipality.review.models import Decision, QueueEntry
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from payments.models import Bill
from tests import desk_acts
from tests.due_jobs import closes_after_the_payment
from tests.factories import new_licences
from tests.factories.accounts import OrganisationFactory
from tests.factories.new_licences import answers, begun, fresh, send, sent
from tests.factories.uploads import UploadFactory
from zoning.models import Plot

pytestmark = pytest.mark.django_db


@pytest.mark.guards
def test_a_request_is_sent_with_its_facts_and_the_zoning_answer(plot: Plot, owner: User) -> None:
    request = sent(owner)
    case = request.case
    assert (case.state, case.branch_id, case.title_ar) == ("in_review", "HA", "صالون الواحة")
    assert (request.activity_id, request.plot, request.area_m2, request.ends_with_commercial) == ("BARB", "12", 60, False)
    assert request.zoning_answer["outcome"] == "permitted" and request.zoning_answer["plot"] == plot.public_id
    assert not request.against_zoning and request.manager_civil_id_masked.endswith("0038")
    assert QueueEntry.objects.get(case=case).skill == "health"
    assert Message.objects.filter(person=owner, kind="licensing.new_licence_sent").count() == 1
    assert not Draft.objects.get(service=NEW_LICENCE).is_open


def test_the_draft_for_the_same_place_goes_on(plot: Plot, owner: User) -> None:
    draft = begun(owner)
    again = requests.keep(person=owner, answers=answers(name_en="Another"))
    assert again.pk == draft.pk and requests.answers_of(again)["name_en"] == "Another"
    assert begun(owner, floor="1", with_files=False).pk != draft.pk


def test_one_request_of_a_person_for_a_place_is_open(plot: Plot, owner: User) -> None:
    sent(owner)
    with pytest.raises(Refused, match="already_open"):
        begun(owner)
    sent(owner, floor="1")
    assert NewLicence.objects.count() == 2


def test_a_second_draft_for_a_place_that_was_asked_for_is_not_sent(plot: Plot, owner: User) -> None:
    first, second = begun(owner), begun(owner, floor="1")
    second = requests.keep(person=owner, answers=answers(), draft=second)
    send(first)
    with pytest.raises(Refused, match="already_open"):
        send(second)
    assert Case.objects.filter(service=NEW_LICENCE).count() == 1


def test_food_is_licensed_elsewhere(plot: Plot, owner: User) -> None:
    from tests.factories.licensing import food_activity

    with pytest.raises(Refused, match="competent_authority"):
        begun(owner, activity=food_activity())


@pytest.mark.parametrize(
    ("shown", "code"),
    [({"expected_fils": 1}, "price_changed"), ({"version": 99}, "draft_changed"), ({"expected_zoning": "x"}, "zoning_changed")],
)
def test_what_the_page_showed_must_still_hold(plot: Plot, owner: User, shown: dict[str, Any], code: str) -> None:
    draft = begun(owner)
    with pytest.raises(Refused, match=code):
        send(draft, **shown)
    assert not NewLicence.objects.exists() and not Case.objects.filter(service=NEW_LICENCE).exists()


def test_files_are_needed_and_waited_for(plot: Plot, owner: User) -> None:
    with pytest.raises(Refused, match="no_documents"):
        send(begun(owner, with_files=False))
    draft = begun(owner, floor="1")
    UploadFactory(owner=owner, subject=requests.files_key(draft), slot="tenure", judged=False)
    with pytest.raises(Refused, match="files_waiting"):
        send(draft)


def test_a_sent_draft_is_closed_and_another_device_is_not_overwritten(plot: Plot, owner: User) -> None:
    draft = begun(owner)
    opened = draft.version
    requests.keep(person=owner, answers=answers(area_m2=61), draft=draft, version=opened)
    with pytest.raises(EditConflict):
        requests.keep(person=owner, answers=answers(area_m2=62), draft=draft, version=opened - 1)
    draft.refresh_from_db()
    send(draft)
    with pytest.raises(Refused, match="draft_closed"):
        send(draft)


def test_an_organisation_that_one_signs_for_may_hold_it(plot: Plot, owner: User) -> None:
    organisation: Organisation = OrganisationFactory(name_ar="شركة", name_en="Company", commercial_register_no="77009")
    with pytest.raises(NotPermitted):
        begun(owner, holder=organisation.public_id)
    Signatory.objects.create(organisation=organisation, person=owner, first_day=clock.today())
    request = sent(owner, holder=organisation.public_id)
    assert request.holder == organisation and request.case.held_under == f"organisation:{organisation.public_id}"


def test_approval_issues_a_sealed_letter_and_no_bill(plot: Plot, owner: User, officer: User, sealed: None) -> None:
    request = new_licences.approved(owner, officer)
    assert request.case.state == "location_approved"
    approval.write_approval(case=request.case)
    approval.write_approval(case=request.case)
    request = fresh(request.case)
    document = request.approval
    assert document is not None and document.state == "active" and document.file_id
    assert document.valid_to == clock.today() + dt.timedelta(days=180)
    assert Document.objects.filter(kind="licensing.location").count() == 1
    told = Message.objects.get(person=owner, kind="licensing.location_approved")
    with override("en"):
        assert f"on that page by {date_format(queries.location_until(request.case))};" in told.body_en


def test_against_zoning_a_second_person_signs(housing: Plot, owner: User, officer: User, head: User) -> None:
    request = sent(owner)
    assert request.against_zoning and request.zoning_answer["outcome"] == "not_permitted"
    desk_acts.approve(officer)
    assert fresh(request.case).case.state == "countersign"
    decision = Decision.objects.get(case=request.case)
    assert decision.code == "against_zoning"
    desk.sign(decision=decision, supervisor=head)
    assert fresh(request.case).case.state == "location_approved"


def test_a_refusal_becomes_a_letter(plot: Plot, owner: User, officer: User, head: User, sealed: None) -> None:
    request = sent(owner)
    case = desk_acts.refuse(officer, head, "location_not_allowed")
    approval.write_refusal(case=Case.objects.select_related("applicant", "branch").get(pk=case.pk))
    refusal = fresh(request.case).refusal
    assert refusal is not None and refusal.state == "active"
    assert Message.objects.filter(person=owner, kind="licensing.refusal_ready").count() == 1


def test_corrections_are_answered_with_a_new_file_or_lapse(plot: Plot, owner: User, officer: User, frozen_clock: Any) -> None:
    request = sent(owner)
    desk.ask_corrections(
        assignment=desk_acts.checked(desk_acts.assigned(officer)), items=[CorrectionRequest("drawing_incomplete", "drawing")]
    )
    with pytest.raises(Refused, match="not_complete"):
        requests.answer_corrections(case=request.case, person=owner)
    assert queries.requested_slots(fresh(request.case).case) == ["drawing"]
    frozen_clock.move(minutes=5)
    UploadFactory(owner=owner, subject=request.files_key, slot="drawing")
    requests.answer_corrections(case=request.case, person=owner)
    assert fresh(request.case).case.state == "in_review"
    other = sent(owner, floor="1")
    frozen_clock.move(minutes=5)
    desk_acts.approve(officer)
    desk.ask_corrections(
        assignment=desk_acts.checked(desk_acts.assigned(officer)), items=[CorrectionRequest("drawing_incomplete", "drawing")]
    )
    frozen_clock.move(days=29)
    assert requests.lapse_unanswered() == 1
    assert fresh(other.case).case.state == "expired"


def test_a_request_is_withdrawn_or_lapses_after_its_days(plot: Plot, owner: User, officer: User, outbox: Any, frozen_clock: Any) -> None:
    request = sent(owner)
    requests.withdraw(case=request.case, person=owner)
    assert fresh(request.case).case.state == "withdrawn" and QueueEntry.objects.get(case=request.case).state == "left"
    other = new_licences.approved(owner, officer)
    frozen_clock.move(days=179)
    outbox("licensing.expire_new")
    assert fresh(other.case).case.state == "location_approved"
    frozen_clock.move(days=2)
    outbox("licensing.expire_new")
    assert fresh(other.case).case.state == "expired"
    assert Message.objects.filter(person=owner, kind="licensing.new_licence_lapsed").count() == 1


def test_a_request_does_not_lapse_while_its_payment_is_open(plot: Plot, owner: User, officer: User, inspectors: Any) -> None:
    request = new_licences.billed(owner, officer)
    closes_after_the_payment("licensing.expire_new", Bill.objects.get(pk=new_licences.bill_of(request)))
    assert fresh(request.case).case.state == "expired"


def test_a_stranger_withdraws_nothing(plot: Plot, owner: User) -> None:
    from tests.factories.accounts import PersonFactory

    with pytest.raises(NotPermitted):
        requests.withdraw(case=sent(owner).case, person=PersonFactory(noura=True))


def test_a_draft_is_discarded_with_its_files(plot: Plot, owner: User) -> None:
    draft = begun(owner)
    requests.discard(draft=draft, person=owner)
    assert not queries.uploads.ready(requests.files_key(draft)).exists()
