"""The signed decision on a plot that an opinion rests on: its planner adds it, the applicant sees it with the signed opinion."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel.errors import Refused
from municipality.review.models import Assignment
from municipality.review.services import desk
from municipality.uploads import services as upload_services
from municipality.uploads.models import Upload
from municipality.uploads.registry import may_read, may_write
from tests import desk_acts
from tests.browsers import signed_in
from tests.factories.uploads import UploadFactory
from zoning.models import Opinion
from zoning.objections import services as objections
from zoning.opinion import queries, review
from zoning.opinion.services import issue, study

pytestmark = pytest.mark.django_db
WORDS = {"text_ar": "بموجب القرار رقم 7 لسنة 2026.", "text_en": "By decision 7 of 2026."}


@pytest.fixture
def decision(heard: Opinion, held: Assignment) -> Upload:
    """The decision, added by the planner who holds the request."""
    slot = queries.decision_slot(heard)
    return UploadFactory(owner=held.officer, subject=heard.files_key, slot=slot.code, name="decision-7.jpg")


def proposed(held: Assignment) -> Any:
    study.write_draft(assignment=held, outcome="permitted", code="special_decision", **WORDS)
    return desk.accept(assignment=held)


def pages(client: Client, row: Upload) -> list[int]:
    addresses = (f"/en/uploads/file/{row.public_id}/look/", f"/en/uploads/{row.subject}/{row.slot}/")
    return [client.get(address).status_code for address in addresses]


def test_the_planner_adds_it_on_the_page_of_the_draft(heard: Opinion, held: Assignment, planner: User) -> None:
    client, page = signed_in(planner), f"/admin/opinions/{heard.case.public_id}/"
    slot = queries.decision_slot(heard)
    assert str(slot.label) in client.get(page).content.decode()
    files = {f"files-{slot.code}": SimpleUploadedFile("d.jpg", b"\xff\xd8\xff\xe0 a picture")}
    assert client.post(f"/ar/uploads/{heard.files_key}/{slot.code}/?next={page}", files)["Location"] == page
    row = Upload.objects.get(slot=slot.code)
    assert row.owner == planner and "d.jpg" in client.get(page).content.decode()


def test_only_the_planner_who_holds_the_request_adds_it_and_to_no_slot_of_the_applicant(
    heard: Opinion, held: Assignment, planner: User, other: User, head: User, owner: Any
) -> None:
    key, slot = heard.files_key, queries.decision_slot(heard).code
    assert may_write(planner, key, slot)
    assert not any(may_write(user, key, slot) for user in (other, head, owner))
    assert not any(may_write(planner, key, other_slot) for other_slot in (*queries.SLOTS, queries.OBJECTION_SLOT.code))


def test_the_supervisor_who_signs_sees_it_and_nobody_changes_it_from_the_proposal_on(
    heard: Opinion, held: Assignment, decision: Upload, planner: User, head: User
) -> None:
    proposed(held)
    assert not may_write(planner, decision.subject, decision.slot)
    assert pages(signed_in(head), decision) == [200, 200]
    (item,) = [item for item in review.items(Case.objects.get(pk=heard.case_id)) if item.name == decision.slot]
    assert item.files == [decision] and not item.may_correct and not item.source


def test_the_applicant_sees_it_with_the_signed_opinion_and_not_before(
    heard: Opinion, held: Assignment, decision: Upload, head: User, owner: Any, other: User, sealed: None
) -> None:
    client, page = signed_in(owner), f"/en/cases/{heard.case.public_id}/"
    assert pages(client, decision) == [404, 404] and decision.name not in client.get(page).content.decode()
    signed = proposed(held)
    assert pages(client, decision) == [404, 404] and decision.name not in client.get(page).content.decode()
    desk.sign(decision=signed, supervisor=head)
    issue.issue_opinion(case=Case.objects.get(pk=heard.case_id))
    assert pages(client, decision) == [200, 200] and decision.name in client.get(page).content.decode()
    assert not may_write(owner, decision.subject, decision.slot)
    assert pages(signed_in(other), decision) == [404, 404]


def test_the_applicant_of_a_refused_request_does_not_see_it(
    heard: Opinion, held: Assignment, decision: Upload, head: User, owner: Any
) -> None:
    study.write_draft(assignment=held, outcome="permitted", code="special_decision", **WORDS)
    desk.sign(decision=desk.propose_refusal(assignment=held, code="no_standing"), supervisor=head, answers=desk_acts.ALL_YES)
    assert Case.objects.get(pk=heard.case_id).state == "refused"
    assert not may_read(owner, decision.subject, decision.slot) and pages(signed_in(owner), decision) == [404, 404]


def test_the_opinion_after_an_objection_has_a_place_of_its_own(
    issued_opinion: Callable[..., Opinion], owner: Any, planner: User, other: User
) -> None:
    issued = issued_opinion()
    row = objections.file(case=issued.case, person=owner, words="انتقلت المدرسة إلى شارع آخر.")
    desk_acts.assigned(other)
    first, again = (queries.decision_slot(one).code for one in (issued, queries.opinion_of(row.case)))
    key = issued.files_key
    assert may_write(other, key, again) and not may_write(other, key, first) and not may_write(planner, key, first)
    assert may_read(owner, key, first) and not may_read(owner, key, again), "the objection is still under study"


def test_an_objection_waits_for_its_own_file_that_is_still_being_checked(issued_opinion: Callable[..., Opinion], owner: Any) -> None:
    opinion = issued_opinion()
    paper = UploadFactory(owner=owner, subject=opinion.files_key, slot=queries.OBJECTION_SLOT.code, judged=False)
    with pytest.raises(Refused, match="files_waiting"):
        objections.file(case=opinion.case, person=owner, words="x")
    assert may_write(owner, opinion.files_key, queries.OBJECTION_SLOT.code), "it can be replaced, or the objection filed without it"
    upload_services.refuse(paper, "infected")
    objections.file(case=opinion.case, person=owner, words="x")
