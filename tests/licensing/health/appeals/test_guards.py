"""The database refuses that whoever refused, or their unit, decides the appeal; without its guards it takes place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from licensing.health.appeals import services
from licensing.models import Appeal
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.places.models import Branch
from municipality.review.models import Assignment, ConflictOfInterest, Decision, QueueEntry
from municipality.review.services import desk, queue
from tests import desk_acts
from tests.database_guards import without_guards
from tests.factories.accounts import StaffFactory

pytestmark = [pytest.mark.django_db, pytest.mark.guards]


@pytest.fixture
def appeal(refused: Case, owner: Any, decider: Callable[..., User]) -> Appeal:
    decider()
    filed = services.file(case=refused, person=owner, words="The drain was fitted in October.")
    # What the guards of conflicts of interest refuse anyway is out of the way: these guards stand alone.
    ConflictOfInterest.objects.update(ended_at=clock.now(), ended_by=StaffFactory(supervisor=True, login="chief"))
    return filed


def moved(user: User, branch: str = "JA") -> User:
    """The user, who now works in the branch of the appeal."""
    User.objects.filter(pk=user.pk).update(branch=branch)
    return User.objects.get(pk=user.pk)


def assign(appeal: Appeal, officer: User) -> Assignment:
    now = clock.now()
    with transaction.atomic():
        return Assignment.objects.create(place=QueueEntry.objects.get(case=appeal.case), officer=officer, drawn_at=now, touched_at=now)


def propose(appeal: Appeal, officer: User) -> Decision:
    words = {"code": "reason_proved", "text_ar": "س", "text_en": "x", "article_ar": "م", "article_en": "a", "digest": "d" * 64}
    with transaction.atomic():
        return Decision.objects.create(case=appeal.case, outcome="refuse", made_by=officer, made_at=clock.now(), **words)


def test_the_refuser_is_not_assigned_the_appeal(appeal: Appeal, refuser: User) -> None:
    with pytest.raises(IntegrityError, match="guard:decided_before"):
        assign(appeal, moved(refuser))


def test_without_the_guard_the_refuser_is_assigned_it(appeal: Appeal, refuser: User) -> None:
    without_guards()
    assert assign(appeal, moved(refuser)).pk


def test_a_colleague_of_the_refuser_is_not_assigned_the_appeal(appeal: Appeal, decider: Callable[..., User]) -> None:
    colleague = decider("HA")
    with pytest.raises(IntegrityError, match="guard:"):
        assign(appeal, colleague)
    with pytest.raises(IntegrityError, match="guard:decided_before"):
        propose(appeal, colleague)


def test_another_unit_is_assigned_it_and_decides(appeal: Appeal) -> None:
    assert desk_acts.approve(User.objects.get(login="decider-JA")).state == "allowed"


def test_neither_refuser_nor_signer_makes_the_decision(appeal: Appeal, refuser: User, signer: User) -> None:
    for user in (refuser, signer):
        with pytest.raises(IntegrityError, match="guard:decided_before"):
            propose(appeal, moved(user))
    without_guards()
    assert propose(appeal, refuser).pk


def test_the_first_signer_does_not_sign_the_refusal_of_the_appeal(appeal: Appeal, signer: User) -> None:
    decision = desk.propose_refusal(
        assignment=desk_acts.checked(desk_acts.assigned(User.objects.get(login="decider-JA"))), code="reason_proved"
    )
    with pytest.raises(IntegrityError, match="guard:decided_before"):
        desk.sign(decision=decision, supervisor=moved(signer), answers=desk_acts.ALL_YES)
    without_guards()
    assert desk.sign(decision=Decision.objects.get(pk=decision.pk), supervisor=moved(signer), answers=desk_acts.ALL_YES).is_signed


def test_an_appeal_is_not_filed_at_home(refused: Case, owner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "choose_branch_by_lot", lambda decided_in, _lot, skill: (Branch.objects.get(pk=decided_in), [decided_in]))
    with pytest.raises(IntegrityError, match="guard:appeal_at_home"), transaction.atomic():
        services.file(case=refused, person=owner, words="x")
    without_guards()
    assert services.file(case=refused, person=owner, words="x").case.branch_id == "HA"


def test_a_refused_renewal_is_opened_again_by_an_allowed_appeal_only(appeal: Appeal, refused: Case) -> None:
    with pytest.raises(IntegrityError, match="guard:no_allowed_appeal"), transaction.atomic():
        advance(Case.objects.get(pk=refused.pk), "allow_appeal", actor=system("tests"))


def test_an_appeal_without_words_is_not_filed(appeal: Appeal) -> None:
    appeal.pk, appeal.words = None, ""
    appeal._state.adding = True
    with pytest.raises(IntegrityError, match="licensing_appeal_has_words"), transaction.atomic():
        appeal.save()


def test_the_queue_passes_over_who_refused(appeal: Appeal, refused: Case, owner: Any, refuser: User) -> None:
    assert queue.next_case(officer=refuser) is None  # has the skill, and is of another branch than the appeal
