"""Objecting to an opinion, and what follows from the decision."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from municipality.accounts.models import User, actor_of
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.delegation.authorization import authorize
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.registry import MessageKind
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.models import Assignment
from municipality.review.services import case_clock, queue
from municipality.review.services.other_branch import Lot, choose_branch_by_lot, keep_out
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.uploads import services as upload_services
from zoning.answer import queries as answers
from zoning.models import Opinion, OpinionObjection
from zoning.objections import queries
from zoning.objections.documents import ObjectionDecisionFacts, facts_of
from zoning.objections.notifications import OpinionObjectionFiled, OpinionObjectionLapsed
from zoning.objections.states import OBJECTION, STUDIED, OpinionObjectionState
from zoning.opinion import queries as opinions
from zoning.opinion.services import consultations, study
from zoning.opinion.states import OPINION

SYSTEM = system("zoning")
SKILL = "zoning"
MAX_WORDS = 4000  # characters
_QUESTION = ("plot_id", "asker", "activity_id", "floor", "files_key")
_INSTANT = (
    *("instant_outcome", "instant_grounds", "instant_edition"),
    *("activity_group", "land_class", "longitude", "latitude"),
)


@transaction.atomic
def file(*, case: Case, person: User, words: str, lot: Lot = secrets.choice) -> OpinionObjection:
    """Object to an issued opinion or to the refusal of a request for one; a planner of another branch, drawn by lot, decides it.

    The study begins with the instant answer and the answers of the bodies of the opinion; who was not heard yet is asked anew.
    `person` is the applicant or who acts for them. Raises NotPermitted, Refused: no_words, too_long, files_waiting,
    or as `queries.require_open`.
    """
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=case.pk)
    access = authorize(person, row)
    first, words = queries.require_open(row), words.strip()
    if not words:
        raise Refused("no_words", _("Please write what is wrong with the opinion."))
    if len(words) > MAX_WORDS:
        raise Refused("too_long", _("Please shorten the objection to 4,000 characters."))
    upload_services.refuse_waiting(first.files_key, opinions.OBJECTION_SLOT.code)
    today = clock.today()
    rules = rulebook.editions([queries.LIMITS, queries.REPLIES, queries.CHECKS, opinions.LIMITS], today)
    branch, candidates = choose_branch_by_lot(row.branch_id, lot, skill=SKILL)
    objection_case = open_case(
        service=OBJECTION,
        subject=row.subject,
        title_ar=row.title_ar,
        title_en=row.title_en,
        applicant=access.person,
        branch=branch,
        series="ZOB",
        editions=[*rules, rulebook.calendar_edition()],
        actor=access.actor,
        due_on=case_clock.promised_day(rules[0]),
    )
    again = _again(first, objection_case, {name: getattr(first, name) for name in _INSTANT})
    consultations.take_over(again, first)
    objection = OpinionObjection.objects.create(
        case=objection_case,
        opinion=first,
        words=words,
        answer_by=today + dt.timedelta(days=rules[0].limits["objection_answer_days"].value),
        draw={"decided_in": row.branch_id, "among": candidates},
        filed_at=clock.now(),
    )
    advance(objection_case, "send", actor=access.actor)
    queue.join(case=objection_case, actor=access.actor)
    record("opinion_objection.filed", subject=row.key, actor=access.actor, data={"case": objection_case.key, "branch": branch.pk})
    due_at = clock.start_of(objection.answer_by + dt.timedelta(days=1))
    enqueue("zoning.lapse_objection", key=objection_case.public_id, due_at=due_at, objection_id=objection.pk)
    _tell(OpinionObjectionFiled, objection_case, first=row, until=objection_case.due_on)
    return objection


def _again(first: Opinion, case: Case, instant: dict[str, Any]) -> Opinion:
    """The question of an opinion in another case, without those who had a part in it."""
    again = Opinion.objects.create(case=case, first=first, **{name: getattr(first, name) for name in _QUESTION}, **instant)
    keep_out(case=case, officers=queries.took_part(first))
    return again


def _tell(kind: type[MessageKind], case: Case, **context: object) -> None:
    send(kind, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case, **context})


@transaction.atomic
def choose_new_study(*, assignment: Assignment, code: str) -> None:
    """Choose that the question is studied anew, in place of a draft that replaces the opinion; a draft written later takes it back.

    Raises Refused: not_on_desk, no_reason.
    """
    row, entry = queue.lock_assignment(assignment)
    if entry.state != QueueEntryState.HELD:
        raise Refused("not_on_desk", _("This case is not open on the desk."))
    if code not in {reason.code for reason in review.replies(entry.case).reasons_of("new_study")}:
        raise Refused("no_reason", _("Choose why the question has to be studied anew."))
    OpinionObjection.objects.filter(case=entry.case).update(study_code=code)
    Assignment.objects.filter(pk=row.pk).update(touched_at=clock.now())
    record("opinion_objection.new_study_chosen", subject=entry.case.key, actor=actor_of(row.officer), data={"code": code})


def upheld(case: Case) -> None:
    """The objection is upheld: the draft becomes the new opinion, or the question is studied anew. In the decision's transaction."""
    objection = queries.objection_of(case)
    if objection.study_code:
        advance(case, "send_back", actor=SYSTEM, reason=objection.study_code)
        _study_anew(objection)
    else:
        study.accepted(case)
    enqueue("zoning.objection_document", key=case.public_id, case_id=case.pk)


def _study_anew(objection: OpinionObjection) -> None:
    """A new request with the question, without a fee, in the branch that decided; an old opinion stays until the new one is issued."""
    case, first = objection.case, objection.opinion
    uses = answers.rules_on(clock.today())
    rules = rulebook.editions([subject for subject in opinions.EDITIONS if subject != opinions.FEES], clock.today())
    anew = open_case(
        service=OPINION,
        subject=case.subject,
        title_ar=case.title_ar,
        title_en=case.title_en,
        applicant=case.applicant,
        branch=case.branch,
        series="ZO",
        editions=[*rules, *([uses] if uses is not None else []), rulebook.calendar_edition()],
        actor=SYSTEM,
        due_on=case_clock.promised_day(rules[0]),
    )
    again = _again(first, anew, vars(opinions.instant(first.plot, first.activity_id, first.floor)))
    advance(anew, "restudy", actor=SYSTEM, data={"objection": case.reference})
    queue.join(case=anew, actor=SYSTEM)
    consultations.ask(again)
    record("opinion_objection.studied_anew", subject=case.key, actor=SYSTEM, data={"case": anew.key})


def refused(case: Case) -> None:
    """The objection is refused: the decision stands. In the transaction of the refusal, whose message says until when one can sue."""
    enqueue("zoning.objection_document", key=case.public_id, case_id=case.pk)


@transaction.atomic
def lapse(*, objection_id: int) -> None:
    """Refuse an objection that was not answered in the legal time. Does nothing for one that is decided. Idempotent."""
    objection = OpinionObjection.objects.select_related("opinion__case").get(pk=objection_id)
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=objection.case_id)
    if case.state not in STUDIED or clock.today() <= objection.answer_by:
        return
    advance(case, "lapse", actor=SYSTEM)
    queue.leave(case=case, actor=SYSTEM, code="lapsed")
    record("opinion_objection.lapsed", subject=case.key, actor=SYSTEM, data={"answer_by": objection.answer_by.isoformat()})
    days = review.limits(case).limits["court_days"].value
    _tell(OpinionObjectionLapsed, case, first=objection.opinion.case, court_until=clock.today() + dt.timedelta(days=days))


def write_decision(*, case: Case) -> None:
    """Issue the sealed decision of an objection. Idempotent; raises what `documents.issue` raises."""

    def new(objection: OpinionObjection) -> Document:
        return documents.draft(
            kind=ObjectionDecisionFacts.kind,
            number=next_number(f"ZOD-{case.branch_id}-{clock.today().year}"),
            subject=case.key,
            holder_key=case.applicant.key,
            facts=facts_of(queries.objection_of(case)).dump(),
            public_facts={"branch": [case.branch.name_ar, case.branch.name_en]},
        )

    def link(objection: OpinionObjection, document: Document) -> None:
        OpinionObjection.objects.filter(pk=objection.pk).update(decision=document)

    S = OpinionObjectionState
    decided = OpinionObjection.objects.filter(case=case.pk, decision=None, case__state__in=(S.DECIDED, S.REPLACED, S.SENT_BACK, S.REFUSED))
    documents.issue(ObjectionDecisionFacts, waiting=decided, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)
