"""A claim takes a shop from its holder: heard first, and signed by two."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import translation
from django.utils.formats import date_format

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.incidents import services as incidents
from municipality.incidents.models import PortalPart
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.notifications.models import Message
from municipality.review.models import Assignment, Decision
from municipality.review.registry import SecondSignature
from municipality.review.services import desk, queue
from shops.claims import review
from shops.claims import services as claims
from shops.claims.states import ClaimState
from shops.models import Claim, Shop
from tests import desk_acts
from tests.browsers import signed_in
from tests.database_guards import drop_guard
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.claims import ClaimCaseFactory
from tests.factories.incidents import IncidentFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(db: Any) -> User:
    return PersonFactory(civil_id="290010100046")


@pytest.fixture
def claimant(db: Any) -> User:
    return PersonFactory(civil_id="290010100054", name_ar="نورة الرشيدي", name_en="Noura Al-Rashidi")


@pytest.fixture
def assignment(make_shop: Any, owner: User, claimant: User, settings: Any, tmp_path: Any) -> Assignment:
    """A claim by documents on the desk of an officer who has answered every question with yes."""
    settings.VAR_DIR = tmp_path
    ClaimCaseFactory(shop=make_shop(), applicant=claimant)
    return desk_acts.checked(desk_acts.assigned(OfficerFactory(skills=["health", "claims"])))


def test_it_is_not_approved_before_the_holder_could_answer(assignment: Assignment, owner: User, claimant: User, frozen_clock: Any) -> None:
    until = Claim.objects.get().dispute_until
    assert until is not None
    with translation.override("en"):
        assert f"before {date_format(until, 'DATE_FORMAT')} has passed" in Message.objects.get(person=owner).body_en
    for _day in range((until - clock.today()).days + 1):
        with pytest.raises(Refused, match="holder_not_heard"):
            desk.accept(assignment=assignment)
        frozen_clock.move(days=1)
    desk.accept(assignment=assignment)
    assert Shop.objects.get().owner == owner, "one person takes a shop from nobody"
    desk.sign(decision=Decision.objects.get(), supervisor=StaffFactory(supervisor=True))
    assert Case.objects.get().state == ClaimState.GRANTED and Shop.objects.get().owner == claimant


def test_it_is_not_approved_while_the_days_of_the_holder_may_still_move(assignment: Assignment, frozen_clock: Any) -> None:
    until = Claim.objects.get().dispute_until
    assert until is not None
    frozen_clock.set(clock.start_of(until) + dt.timedelta(hours=8))
    incident = IncidentFactory(part=PortalPart.SIGN_IN, started_at=clock.now(), ended_at=None)
    frozen_clock.move(days=1)
    with pytest.raises(Refused, match="holder_not_heard"):
        desk.accept(assignment=assignment)
    incidents.withhold(incident=incident, reason="The portal did work all day.", by=StaffFactory(supervisor=True, login="operator"))
    assert desk.accept(assignment=assignment).signed_at is None


def test_the_holder_disputes_what_the_claimant_corrects_after_their_days(assignment: Assignment, owner: User, frozen_clock: Any) -> None:
    until = Claim.objects.get().dispute_until
    assert until is not None
    frozen_clock.move(days=(until - clock.today()).days + 1)
    desk.ask_corrections(assignment=assignment, items=[desk.CorrectionRequest("file_unreadable", "ownership", "", "")])
    assert Case.objects.get().state == ClaimState.CORRECTIONS
    page = signed_in(owner).get("/en/my-shops/").content.decode()
    assert "Somebody claims a shop of yours" in page
    claims.dispute(claim=Claim.objects.get(), person=owner, text="The contract is not mine.")
    assert Claim.objects.get().disputed_by == owner and Case.objects.get().state == ClaimState.CORRECTIONS


@pytest.mark.parametrize("late", [True, False])
def test_the_holder_is_told_when_the_claimant_sends_corrections(
    assignment: Assignment, owner: User, frozen_clock: Any, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    until = Claim.objects.get().dispute_until
    assert until is not None
    frozen_clock.move(days=(until - clock.today()).days + late)
    desk.ask_corrections(assignment=assignment, items=[desk.CorrectionRequest("file_unreadable", "ownership", "", "")])
    monkeypatch.setattr(claims.claim_queries, "missing_documents", lambda case: [])
    case = Case.objects.get()
    claims.answer(case=case, person=case.applicant)
    told = Message.objects.get(kind="shops.claim_corrected")
    assert told.person == owner and told.path == f"/claims/{case.public_id}/dispute/"
    with translation.override("en"):
        day = date_format(until, "DATE_FORMAT")
    assert ("can be approved from now on" in told.body_en) is late and (day in told.body_en) is not late


def test_a_holder_who_has_disputed_is_not_told_of_corrections(assignment: Assignment, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ask_corrections(assignment=assignment, items=[desk.CorrectionRequest("file_unreadable", "ownership", "", "")])
    claims.dispute(claim=Claim.objects.get(), person=owner, text="The contract is not mine.")
    monkeypatch.setattr(claims.claim_queries, "missing_documents", lambda case: [])
    case = Case.objects.get()
    claims.answer(case=case, person=case.applicant)
    assert not Message.objects.filter(kind="shops.claim_corrected").exists()


def test_it_joins_the_queue_once_its_holder_was_heard_so_that_no_desk_waits_for_it(
    make_shop: Any, owner: User, claimant: User, settings: Any, tmp_path: Any, frozen_clock: Any
) -> None:
    settings.VAR_DIR = tmp_path
    case, officer = ClaimCaseFactory(shop=make_shop(), applicant=claimant, heard=False), OfficerFactory(skills=["health", "claims"])
    page = signed_in(claimant).get(f"/en/cases/{case.public_id}/").content.decode()
    assert "The holder can answer until" in page and "takes its place in the queue" in page
    with translation.override("en"):
        until = date_format(Claim.objects.get().dispute_until, "DATE_FORMAT")
    dispute = signed_in(owner).get(f"/en/claims/{case.public_id}/dispute/").content.decode()
    assert "If you send no statement, the claim can be approved after" in dispute and until in dispute.replace("\u00a0", " ")
    assert "the present holder can answer, then an officer decides" in page and "Claim granted" not in page
    for _day in range(6):
        assert claims.settle_due() == 0 and queue.next_case(officer=officer) is None
        frozen_clock.move(days=1)
    assert (claims.settle_due(), claims.settle_due()) == (1, 0)
    assert desk_acts.assigned(officer).place.case == case and case.due_on is not None and case.due_on >= clock.today()


def test_an_answer_of_the_holder_puts_it_into_the_queue_at_once(
    make_shop: Any, owner: User, claimant: User, settings: Any, tmp_path: Any
) -> None:
    settings.VAR_DIR = tmp_path
    case = ClaimCaseFactory(shop=make_shop(), applicant=claimant, heard=False)
    claims.dispute(claim=Claim.objects.get(), person=owner, text="لم أبعه")
    assert desk_acts.assigned(OfficerFactory(skills=["health", "claims"])).place.case == case


def test_once_the_holder_has_answered_it_waits_no_longer(assignment: Assignment, owner: User) -> None:
    claims.dispute(claim=Claim.objects.get(), person=owner, text="لم أبعه")
    assert desk.accept(assignment=assignment).signed_at is None


SIGNED = SecondSignature("holder_changes", "س", "x", [])


def _approve(assignment: Assignment) -> None:
    """By one person or by two, as the service says."""
    decision = desk.accept(assignment=assignment)
    if decision.signed_at is None and review.REVIEWED.second_signature(decision.case) is not None:
        desk.sign(decision=decision, supervisor=StaffFactory(supervisor=True))


@pytest.mark.guards
@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize(("name", "code", "forgets"), [("signed", "claim_unsigned", None), ("heard", "holder_not_heard", SIGNED)])
def test_the_database_refuses_one_person_and_a_holder_who_was_not_heard(
    name: str, code: str, forgets: SecondSignature | None, guarded: bool, assignment: Assignment, owner: User
) -> None:
    """A service that forgot one of the two, with its guard and without it: then the shop is gone."""
    if name == "signed":
        claims.dispute(claim=Claim.objects.get(), person=owner, text="لم أبعه")
    if not guarded:
        drop_guard(f"cases_caseevent_claim_{name}", "cases_caseevent")
    object.__setattr__(review.REVIEWED, "second_signature", lambda case: forgets)
    try:
        if guarded:
            with pytest.raises(IntegrityError, match=f"guard:{code}"), transaction.atomic():
                _approve(assignment)
        else:
            _approve(assignment)
    finally:
        object.__setattr__(review.REVIEWED, "second_signature", claims.second_signature)
    assert (Shop.objects.get().owner == owner) is guarded
