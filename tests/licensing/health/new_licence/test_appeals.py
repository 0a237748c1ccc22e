"""A refused new licence is appealed like a refused renewal: another branch decides, and an allowed appeal approves the location."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.health.appeals import queries, review, services
from licensing.health.appeals.obligations import obligations
from licensing.models import Appeal, NewLicence
from municipality.accounts.models import User
from municipality.cases import invariants as case_invariants
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.documents.models import Document
from municipality.jobs.models import Job
from municipality.kernel.actors import system
from municipality.notifications.models import Message
from municipality.review import invariants as review_invariants
from municipality.review.models import Decision
from municipality.review.services import desk
from municipality.uploads.registry import PREFIXES
from tests import desk_acts
from tests.browsers import signed_in
from tests.database_guards import without_guards
from tests.factories.accounts import StaffFactory
from tests.factories.new_licences import sent
from tests.factories.review import OfficerFactory
from tests.factories.uploads import UploadFactory

pytestmark = pytest.mark.django_db
WORDS = "The corridor is 1.20 m wide; sheet 2 of the drawing shows it."


@pytest.fixture
def decider(rules: None) -> User:
    return OfficerFactory(login="decider", branch_id="JA", skills=["objections"])


def refuse(person: User, officer: User, head: User) -> Case:
    """A request for a new licence that was refused."""
    sent(person)
    return desk_acts.refuse(officer, head, code="location_not_allowed")


def file(case: Case) -> Appeal:
    return services.file(case=case, person=case.applicant, words=WORDS)


def fresh(case: Case) -> Case:
    return Case.objects.get(pk=case.pk)


def findings() -> list[str]:
    return [*case_invariants.findings(), *review_invariants.findings()]


def test_an_allowed_appeal_approves_the_location(
    plot: Any, owner: User, officer: User, head: User, decider: User, sealed: None, outbox: Any
) -> None:
    refused = refuse(owner, officer, head)
    reason = "The location does not allow this activity."
    for _paper in range(2):  # while the decision is being sealed, and after it
        page = signed_in(owner).get(f"/en/cases/{refused.public_id}/").content.decode()
        assert reason in page.partition('class="kp-next"')[2].partition("</section>")[0]
        outbox("licensing.refuse_new")
    letter = NewLicence.objects.get(case=refused).refusal
    assert letter is not None and "appeals_online" not in letter.facts
    appeal = file(refused)
    assert (appeal.case.branch_id, appeal.unit_id) == ("JA", "HA")
    desk_acts.approve(decider)
    assert (fresh(refused).state, fresh(refused).is_open, fresh(appeal.case).state) == ("location_approved", True, "allowed")
    letter.refresh_from_db()
    assert letter.state == "revoked"
    assert "its page says what comes next" in Message.objects.get(person=owner, kind="licensing.appeal_allowed").body_en
    outbox("licensing.approve_location", "licensing.appeal_document")
    assert NewLicence.objects.get(case=refused).approval is not None
    assert Document.objects.filter(kind="licensing.appeal_decision").count() == 1
    assert Job.objects.filter(kind="licensing.expire_new").count() == 1
    assert findings() == []


def test_an_appeal_waits_for_a_second_signature_where_zoning_did_not_permit_it(
    housing: Any, owner: User, officer: User, head: User, decider: User
) -> None:
    refused = refuse(owner, officer, head)
    appeal = file(refused)
    desk.accept(assignment=desk_acts.checked(desk_acts.assigned(decider)))
    assert (fresh(appeal.case).state, fresh(refused).state) == ("countersign", "refused")
    signs = StaffFactory(supervisor=True, login="signs", branch_id="JA")
    desk.sign(decision=Decision.objects.get(case=appeal.case), supervisor=signs, answers=desk_acts.ALL_YES)
    assert (fresh(appeal.case).state, fresh(refused).state) == ("allowed", "location_approved")
    assert findings() == []


@pytest.mark.guards
def test_the_database_refuses_an_allowed_appeal_against_zoning_that_nobody_signed(
    housing: Any, owner: User, officer: User, head: User, decider: User
) -> None:
    refused = refuse(owner, officer, head)
    file(refused)
    object.__setattr__(review.REVIEWED, "second_signature", lambda case: None)
    try:
        with pytest.raises(IntegrityError, match="guard:against_zoning_unsigned"), transaction.atomic():
            desk_acts.approve(decider)
    finally:
        object.__setattr__(review.REVIEWED, "second_signature", review.second_signature)


@pytest.mark.guards
def test_a_refused_new_licence_is_opened_again_by_an_allowed_appeal_only(plot: Any, owner: User, officer: User, head: User) -> None:
    refused = refuse(owner, officer, head)
    with pytest.raises(IntegrityError, match="guard:no_allowed_appeal"), transaction.atomic():
        advance(fresh(refused), "allow_appeal", actor=system("tests"))
    without_guards()
    advance(fresh(refused), "allow_appeal", actor=system("tests"))
    assert fresh(refused).state == "location_approved"


@pytest.mark.guards
def test_neither_the_refuser_nor_a_colleague_decides(plot: Any, owner: User, officer: User, head: User, decider: User) -> None:
    appeal = file(refuse(owner, officer, head))
    words = {"code": "reason_proved", "text_ar": "س", "text_en": "x", "article_ar": "م", "article_en": "a", "digest": "d" * 64}
    for user in (officer, OfficerFactory(login="colleague", branch_id="HA", skills=["objections"])):
        with pytest.raises(IntegrityError, match="guard:decided_before"), transaction.atomic():
            Decision.objects.create(case=appeal.case, outcome="refuse", made_by=user, made_at=appeal.filed_at, **words)


def test_a_request_for_the_place_that_was_sent_meanwhile_goes_first(
    plot: Any, owner: User, officer: User, head: User, decider: User
) -> None:
    refused = refuse(owner, officer, head)
    file(refused)
    later = sent(owner).case
    desk_acts.approve(decider)
    assert (fresh(refused).state, fresh(later).is_open) == ("refused", True)
    assert "another one about the same shop or place" in Message.objects.get(kind="licensing.appeal_allowed").body_en


def test_the_pages_offer_the_appeal_and_take_it_with_its_files(plot: Any, owner: User, officer: User, head: User, decider: User) -> None:
    refused = refuse(owner, officer, head)
    url = f"/en/cases/{refused.public_id}/appeal/"
    client = signed_in(owner)
    assert f'href="{url}">Appeal</a>' in client.get(f"/en/cases/{refused.public_id}/").content.decode()
    assert [offer.reference for offer in obligations(owner)] == [refused.reference]
    assert "You can appeal until" in client.get(url).content.decode()
    files = PREFIXES["case"]
    assert files.may_write(owner, refused.key) and set(files.slots(refused.key)) == {"appeal"}
    UploadFactory(owner=owner, subject=refused.key, slot="appeal")
    client.post(url, {"words": WORDS})
    appeal = queries.appeal_against(refused)
    assert appeal is not None and "appeal" in files.locked(refused.key)
    assert "To the appeal" in client.get(f"/en/cases/{refused.public_id}/").content.decode()
    names = [item.name for item in review.items(appeal.case)]
    assert {"words", "appeal", "activity", "zoning", "drawing"} <= set(names)
    request = NewLicence.objects.get(case=refused)
    assert not PREFIXES["new_licence"].may_read(decider, request.files_key)
    desk_acts.assigned(decider)
    assert PREFIXES["new_licence"].may_read(decider, request.files_key) and files.may_read(decider, refused.key)
