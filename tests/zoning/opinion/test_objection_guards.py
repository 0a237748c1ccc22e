"""The database refuses that who wrote or signed an opinion decides on it again; without its guards it takes place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.places.models import Branch
from municipality.review.models import Assignment, ConflictOfInterest, Decision, QueueEntry
from municipality.review.services import desk
from tests import desk_acts
from tests.database_guards import without_guards
from tests.factories.accounts import StaffFactory
from tests.factories.review import OfficerFactory
from zoning.models import Opinion, OpinionDraft, OpinionObjection
from zoning.objections import services
from zoning.opinion import queries
from zoning.opinion.services import study

pytestmark = [pytest.mark.django_db, pytest.mark.guards]
NEW = {"text_ar": "انتقلت المدرسة.", "text_en": "The school moved."}


@pytest.fixture
def objection(issued_opinion: Callable[..., Opinion], owner: Any) -> OpinionObjection:
    """An objection to an opinion that the planner wrote and the head signed, at a planner of another branch."""
    OfficerFactory(login="planner-JA", groups=["officer", "planner"], branch_id="JA", skills=["zoning"])
    StaffFactory(supervisor=True, login="head-JA", branch_id="JA")
    opinion = issued_opinion(outcome="conditional", code="special_decision")
    filed = services.file(case=opinion.case, person=owner, words="x")
    # What the guards of conflicts of interest refuse anyway is out of the way: these guards stand alone.
    ConflictOfInterest.objects.update(ended_at=clock.now(), ended_by=StaffFactory(supervisor=True, login="chief"))
    return filed


@pytest.fixture
def at_other(objection: OpinionObjection) -> Assignment:
    return desk_acts.checked(desk_acts.assigned(User.objects.get(login="planner-JA")))


def moved(user: User) -> User:
    """The user, who now works in the branch of the objection."""
    User.objects.filter(pk=user.pk).update(branch="JA")
    return User.objects.get(pk=user.pk)


def assign(case: Case, officer: User) -> Assignment:
    now = clock.now()
    with transaction.atomic():
        return Assignment.objects.create(place=QueueEntry.objects.get(case=case), officer=officer, drawn_at=now, touched_at=now)


def propose(case: Case, officer: User) -> Decision:
    words = {"code": "opinion_holds", "text_ar": "س", "text_en": "x", "article_ar": "م", "article_en": "a", "digest": "d" * 64}
    with transaction.atomic():
        return Decision.objects.create(case=case, outcome="refuse", made_by=officer, made_at=clock.now(), **words)


def write(case: Case, officer: User) -> OpinionDraft:
    with transaction.atomic():
        return OpinionDraft.objects.create(
            opinion=queries.opinion_of(case), outcome="not_permitted", agreement="agrees", made_by=officer, made_at=clock.now(), **NEW
        )


# The head has no skill, so that another guard already refuses to hand them a case.
@pytest.mark.parametrize(
    ("who", "act"), [("planner", assign), ("planner", propose), ("planner", write), ("head", propose), ("head", write)]
)
def test_neither_who_wrote_nor_who_signed_the_opinion_has_a_part(objection: OpinionObjection, who: str, act: Callable[..., Any]) -> None:
    with pytest.raises(IntegrityError, match="guard:decided_before"):
        act(objection.case, moved(User.objects.get(login=who)))
    without_guards()
    assert act(objection.case, User.objects.get(login=who)).pk, "without the guards they decide on their own opinion"


def test_the_first_signer_does_not_sign_the_refusal(objection: OpinionObjection, at_other: Assignment, head: User) -> None:
    decision = desk.propose_refusal(assignment=desk_acts.checked(at_other), code="opinion_holds")
    with pytest.raises(IntegrityError, match="guard:decided_before"):
        desk.sign(decision=decision, supervisor=moved(head), answers=desk_acts.ALL_YES)
    without_guards()
    assert desk.sign(decision=Decision.objects.get(pk=decision.pk), supervisor=moved(head), answers=desk_acts.ALL_YES).is_signed


def test_they_have_no_part_in_the_new_study_either(objection: OpinionObjection, at_other: Assignment, planner: User) -> None:
    services.choose_new_study(assignment=at_other, code="facts_not_seen")
    desk.sign(decision=desk.accept(assignment=at_other), supervisor=User.objects.get(login="head-JA"))
    anew = Opinion.objects.get(case__service="zoning.opinion", first=objection.opinion).case
    ConflictOfInterest.objects.filter(ended_at__isnull=True).update(ended_at=clock.now(), ended_by=User.objects.get(login="chief"))
    with pytest.raises(IntegrityError, match="guard:decided_before"):
        assign(anew, moved(planner))


def test_an_objection_is_not_filed_at_home(issued_opinion: Callable[..., Opinion], owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    opinion = issued_opinion()
    monkeypatch.setattr(services, "choose_branch_by_lot", lambda decided_in, _lot, skill: (Branch.objects.get(pk=decided_in), [decided_in]))
    with pytest.raises(IntegrityError, match="guard:objection_at_home"), transaction.atomic():
        services.file(case=opinion.case, person=owner, words="x")
    without_guards()
    assert services.file(case=opinion.case, person=owner, words="x").case.branch_id == "HA"


def test_a_question_is_studied_anew_only_after_an_upheld_objection(objection: OpinionObjection) -> None:
    like = Case.objects.get(pk=objection.opinion.case_id)
    like.pk = like.last_event = None
    like.public_id, like.reference, like.state, like.is_open, like.closed_at = "z" * 26, "ZO-2026-999999-X", "draft", True, None
    like._state.adding = True
    like.save()
    services._again(objection.opinion, like, {name: getattr(objection.opinion, name) for name in services._INSTANT})
    with pytest.raises(IntegrityError, match="guard:no_upheld_objection"), transaction.atomic():
        advance(Case.objects.get(pk=like.pk), "restudy", actor=system("tests"))
    without_guards()
    advance(Case.objects.get(pk=like.pk), "restudy", actor=system("tests"))


def test_a_new_study_needs_its_signed_reason(objection: OpinionObjection, at_other: Assignment) -> None:
    services.choose_new_study(assignment=at_other, code="facts_not_seen")
    with pytest.raises(IntegrityError, match="guard:deviates_unsigned"):
        _accept_alone(objection.case, at_other.officer)
    without_guards()
    _accept_alone(objection.case, at_other.officer)


def _accept_alone(case: Case, officer: User) -> None:
    with transaction.atomic():
        Decision.objects.create(case=case, outcome="accept", digest="d" * 64, made_by=officer, made_at=clock.now())
        advance(Case.objects.get(pk=case.pk), "accept", actor=Actor("officer", officer.key))


def test_a_yes_on_an_objection_of_a_body_is_refused_here_too(objection: OpinionObjection, at_other: Assignment) -> None:
    without_guards()
    assert queries.opinion_of(objection.case).consultations.filter(is_safety=True).update(answer="objection")
    study.write_draft(assignment=at_other, outcome="permitted", code="layer_outdated", **NEW)
    with pytest.raises(Refused, match="safety_open"):
        desk.accept(assignment=at_other)


def test_the_choice_of_a_new_study_stays_once_it_is_proposed(objection: OpinionObjection, at_other: Assignment) -> None:
    services.choose_new_study(assignment=at_other, code="facts_not_seen")
    desk.accept(assignment=at_other)
    rows = OpinionObjection.objects.filter(pk=objection.pk)
    with pytest.raises(IntegrityError, match="guard:not_under_study"), transaction.atomic():
        rows.update(study_code="")
    without_guards()
    assert rows.update(study_code="") == 1
