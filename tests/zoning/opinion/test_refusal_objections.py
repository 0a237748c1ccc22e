"""A refused request for an opinion is objected to as an issued opinion is: at another branch, by people who had no part in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.errors import NotPermitted, Refused
from municipality.notifications.models import Letter, Message
from municipality.review.models import ConflictOfInterest, Decision
from municipality.review.services import desk
from payments.models import Bill
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.database_guards import without_guards
from tests.factories.accounts import PersonFactory, StaffFactory
from tests.factories.opinions import submitted
from zoning.models import Opinion, OpinionDraft, OpinionObjection, Plot
from zoning.objections import queries, services
from zoning.objections.obligations import obligations
from zoning.opinion import queries as opinions
from zoning.opinion.services import consultations, issue, requests, study

pytestmark = pytest.mark.django_db
CODE = "no_standing"
WHY = "The plot is the one of the deed."
NEW = {"text_ar": "يُسمح به.", "text_en": "It is permitted."}


@pytest.fixture
def refused(opinion: Opinion, planner: User, head: User) -> Opinion:
    """A paid request that a planner and the head refused."""
    desk_acts.refuse(planner, head, code=CODE)
    return Opinion.objects.select_related("case__applicant", "case__branch").get(pk=opinion.pk)


@pytest.fixture
def objection(refused: Opinion, owner: Any, other: User, chief: User) -> OpinionObjection:
    return services.file(case=refused.case, person=owner, words=WHY)


def heard(objection: OpinionObjection, planner: User) -> None:
    for row in opinions.opinion_of(objection.case).consultations.filter(answer=""):
        consultations.record_answer(consultation=row, officer=planner, answer="no_objection")


@pytest.mark.parametrize(("language", "button", "sent"), [("ar", "الاعتراض على الرفض", "قُدم"), ("en", "Object to the refusal", "is filed")])
def test_it_is_offered_and_filed_on_the_page_of_the_request(
    refused: Opinion, owner: Any, other: User, language: str, button: str, sent: str
) -> None:
    client, address = signed_in(owner), f"/{language}/opinions/{refused.case.public_id}/objection/"
    page = client.get(f"/{language}/cases/{refused.case.public_id}/").content.decode()
    assert button in page and address in page
    (offer,) = obligations(owner)
    assert offer.until == queries.last_day(refused) and offer.reference == refused.case.reference
    decision = Decision.objects.get(case=refused.case)
    assert getattr(decision, f"text_{language}") in client.get(address).content.decode()
    answer = client.post(address, {"words": WHY})
    filed = OpinionObjection.objects.get()
    assert answer.status_code == 302 and filed.case.branch_id == "JA"
    told = Message.objects.get(person=owner, kind="zoning.objection_filed")
    assert sent in getattr(told, f"body_{language}") and refused.case.reference in told.body_en
    shown = client.get(f"/{language}/cases/{filed.case.public_id}/")
    assert shown.status_code == 200 and WHY in shown.content.decode()
    assert button not in client.get(f"/{language}/cases/{refused.case.public_id}/").content.decode()


def test_once_in_time_and_by_the_applicant(refused: Opinion, owner: Any, other: User, frozen_clock: Clock) -> None:
    with pytest.raises(NotPermitted):
        services.file(case=refused.case, person=PersonFactory(noura=True), words=WHY)
    frozen_clock.move(days=61)
    with pytest.raises(Refused, match="too_late"):
        services.file(case=refused.case, person=owner, words=WHY)
    frozen_clock.move(days=-61)
    services.file(case=refused.case, person=owner, words=WHY)
    with pytest.raises(Refused, match="objected_once"):
        services.file(case=refused.case, person=owner, words=WHY)


def test_the_fee_of_a_refused_request_that_the_bank_took_back_is_owed_and_taken_again(refused: Opinion, plot: Plot, owner: Any) -> None:
    bill = Bill.objects.get(subject=refused.case.key)
    for _time in range(2):
        issue.voided(bill.pk)
    message = Message.objects.get(person=owner, kind="zoning.opinion_held")
    assert "the fee is due again" in message.body_en and "مستحق من جديد" in message.body_ar
    page = signed_in(owner).get(f"/en/cases/{refused.case.public_id}/").content.decode()
    assert "so its fee is due again" in page and f"/en/pay/{bill.public_id}/" in page
    issue.paid(bill.pk)
    assert Case.objects.get(pk=refused.case_id).state == "refused"
    never = submitted(plot, owner)
    requests.close_unpaid(case=never.case)
    with pytest.raises(Refused, match="case_closed"):  # the control: nobody studied it
        issue.paid(Bill.objects.get(subject=never.case.key).pk)


def test_a_request_that_nobody_refused_is_not_objected_to(opinion: Opinion, owner: Any, other: User) -> None:
    with pytest.raises(Refused, match="nothing_against"):
        services.file(case=opinion.case, person=owner, words=WHY)


@pytest.mark.parametrize("is_owed", [False, True])
def test_an_opinion_takes_the_place_of_the_refusal(
    objection: OpinionObjection,
    refused: Opinion,
    owner: Any,
    other: User,
    chief: User,
    sealed: None,
    outbox: Callable[..., int],
    is_owed: bool,
) -> None:
    """Where the bank took the fee of the refused request back meanwhile, the opinion waits for it; else it is in force (the control)."""
    if not is_owed:  # the sample takes payments without the bank, so its bills stay due
        without_guards()
        Bill.objects.filter(subject=refused.case.key).update(state="paid")
    held = desk_acts.checked(desk_acts.assigned(other))
    heard(objection, other)
    desk_page = signed_in(other).get(f"/admin/desk/{objection.case.public_id}/").content.decode()
    assert Decision.objects.get(case=refused.case).text_ar in desk_page and WHY in desk_page
    study.write_draft(assignment=held, outcome="not_permitted", **NEW)
    decision = desk.accept(assignment=held)
    if decision.code:
        desk.sign(decision=decision, supervisor=chief)
    issue.issue_opinion(case=objection.case)
    outbox("zoning.objection_document")
    row = OpinionObjection.objects.get(pk=objection.pk)
    assert "an opinion takes the place of the refusal" in str(row.decision.facts)
    assert refused.case.reference in str(row.decision.facts)
    shown = signed_in(owner).get(f"/en/cases/{objection.case.public_id}/").content.decode()
    assert ("The opinion takes the place of the refusal." in shown) is not is_owed
    assert ("The bank took a payment back." in shown) is is_owed
    document = opinions.newest_document(refused.case)
    assert document is not None and document.state == ("suspended" if is_owed else "active")


def test_a_body_that_was_not_heard_is_asked_anew(
    opinion: Opinion, planner: User, head: User, owner: Any, other: User, frozen_clock: Clock
) -> None:
    held = desk_acts.checked(desk_acts.assigned(planner))
    consultations.record_answer(consultation=opinion.consultations.get(code="roads"), officer=planner, answer="no_objection")
    desk.sign(decision=desk.propose_refusal(assignment=held, code=CODE), supervisor=head, answers=desk_acts.ALL_YES)
    frozen_clock.move(days=20)
    filed = services.file(case=Case.objects.get(pk=opinion.case_id), person=owner, words=WHY)
    again = opinions.opinion_of(filed.case)
    assert set(again.consultations.values_list("code", "answer")) == {("roads", "no_objection"), ("fire", ""), ("electricity", "")}
    unheard = {str(row.pk): row for row in again.consultations.filter(answer="")}
    assert all(row.asked_at == clock.now() < row.due_at for row in unheard.values())
    written = Letter.objects.filter(key__in=unheard)
    assert {letter.reference for letter in written} == {filed.case.reference} and len(written) == 2
    frozen_clock.move(days=20)
    assert consultations.mark_silent() == 0, "their letters have no address and lie here"


def test_the_refusal_stands_or_is_studied_anew(
    objection: OpinionObjection, refused: Opinion, owner: Any, other: User, chief: User, outbox: Callable[..., int]
) -> None:
    held = desk_acts.checked(desk_acts.assigned(other))
    heard(objection, other)
    services.choose_new_study(assignment=held, code="facts_not_seen")
    desk.sign(decision=desk.accept(assignment=held), supervisor=chief)
    anew = Opinion.objects.get(case__service="zoning.opinion", first=refused)
    assert anew.case.state == "in_review" and anew.case.branch_id == "JA", "in the branch that decided"
    outbox("zoning.objection_document")
    facts = str(OpinionObjection.objects.get(pk=objection.pk).decision.facts)
    assert "studied anew without a fee" in facts and "old opinion stays" not in facts
    assert "without a fee" in signed_in(owner).get(f"/en/cases/{objection.case.public_id}/").content.decode()


@pytest.mark.guards
def test_who_refused_has_no_part_in_it(objection: OpinionObjection, planner: User, head: User) -> None:
    ConflictOfInterest.objects.update(ended_at=clock.now(), ended_by=StaffFactory(supervisor=True, login="chief"))
    for user in (planner, head):
        User.objects.filter(pk=user.pk).update(branch="JA")

    def write(user: User) -> OpinionDraft:
        with transaction.atomic():
            return OpinionDraft.objects.create(
                opinion=opinions.opinion_of(objection.case),
                outcome="permitted",
                agreement="agrees",
                made_by=user,
                made_at=clock.now(),
                **NEW,
            )

    for user in (planner, head):
        with pytest.raises(IntegrityError, match="guard:decided_before"):
            write(user)
    without_guards()
    assert write(planner).pk, "without the guards they decide on their own refusal"


@pytest.mark.guards
def test_the_database_takes_no_objection_before_the_refusal_is_signed(
    opinion: Opinion, planner: User, owner: Any, other: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.propose_refusal(assignment=desk_acts.checked(desk_acts.assigned(planner)), code=CODE)
    monkeypatch.setattr(queries, "require_open", lambda case: opinions.opinion_of(case))
    with pytest.raises(IntegrityError, match="guard:objection_at_home"), transaction.atomic():
        services.file(case=opinion.case, person=owner, words=WHY)
    without_guards()
    assert services.file(case=opinion.case, person=owner, words=WHY).pk
