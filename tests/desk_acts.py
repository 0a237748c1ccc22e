"""What officers do with cases at their desks."""

from __future__ import annotations

from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.review import queries
from municipality.review.models import Assignment
from municipality.review.models.desk import ANSWERS
from municipality.review.services import desk, queue

ALL_YES = dict.fromkeys(ANSWERS, True)


def assigned(officer: User) -> Assignment:
    """The next case of an officer; there must be one."""
    assignment = queue.next_case(officer=officer)
    assert assignment is not None
    return assignment


def checked(assignment: Assignment, answer: str = "yes") -> Assignment:
    """Every question of the checklist answered."""
    asked = [question.code for question in queries.questions(assignment.place.case)]
    desk.check_all(assignment=assignment, answers=dict.fromkeys(asked, answer))
    return assignment


def approve(officer: User) -> Case:
    """Take the next case, answer its checklist with yes, approve it."""
    assignment = checked(assigned(officer))
    desk.accept(assignment=assignment)
    return Case.objects.get(pk=assignment.place.case_id)


def refuse(officer: User, signer: User, code: str = "conditions_not_met", **note: str) -> Case:
    """Take the next case, propose to refuse it, sign."""
    decision = desk.propose_refusal(assignment=checked(assigned(officer)), code=code, **note)
    desk.sign(decision=decision, supervisor=signer, answers=ALL_YES)
    return Case.objects.get(pk=decision.case_id)
