"""Appeals: filed by the applicant, decided in a branch that did not refuse, by people who had no part in the refusal."""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from licensing.health.appeals import queries
from licensing.health.appeals.documents import AppealDecisionFacts, facts_of
from licensing.health.appeals.notifications import AppealAllowed, AppealFiled, AppealLapsed
from licensing.health.appeals.registry import APPEALABLES
from licensing.health.appeals.states import APPEAL, STUDIED, AppealState
from licensing.health.files import APPEAL_SLOT
from licensing.models import Appeal
from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.cases.services import advance, open_case
from municipality.delegation.authorization import authorize
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import LIVE
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.registry import MessageKind
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.registry import reviewable
from municipality.review.services import case_clock, queue
from municipality.review.services.other_branch import Lot, choose_branch_by_lot, keep_out
from municipality.rulebook import queries as rulebook
from municipality.uploads import services as upload_services

SYSTEM = system("licensing")
SKILL = "objections"  # of officers who decide about what another branch decided
MAX_WORDS = 4000  # characters


@transaction.atomic
def file(*, case: Case, person: User, words: str, lot: Lot = secrets.choice) -> Appeal:
    """File an appeal against a refused request; an officer of another branch, drawn by lot, decides it.

    `person` is the applicant or who acts for them. Raises NotPermitted, Refused: no_words, too_long, files_waiting, or as
    `queries.require_open`.
    """
    row = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=case.pk)
    access = authorize(person, row)
    refusal = queries.require_open(row)
    words = words.strip()
    if not words:
        raise Refused("no_words", _("Please write why the refusal is wrong."))
    if len(words) > MAX_WORDS:
        raise Refused("too_long", _("Please shorten the appeal to 4,000 characters."))
    upload_services.refuse_waiting(row.key, APPEAL_SLOT.code)
    today = clock.today()
    rules = rulebook.editions([queries.LIMITS, queries.REPLIES, queries.CHECKS], today)
    branch, candidates = choose_branch_by_lot(row.branch_id, lot, skill=SKILL)
    appeal_case = open_case(
        service=APPEAL,
        subject=row.key,  # not its shop, which may have several refusals
        held_under=row.rights_key,
        title_ar=row.title_ar,
        title_en=row.title_en,
        applicant=access.person,
        organisation=row.organisation,
        branch=branch,
        series="APL",
        editions=[*rules, rulebook.calendar_edition()],
        actor=access.actor,
        due_on=case_clock.promised_day(rules[0]),
    )
    appeal = Appeal.objects.create(
        case=appeal_case,
        refusal=refusal,
        unit=row.branch,
        words=words,
        answer_by=today + dt.timedelta(days=rules[0].limits["appeal_answer_days"].value),
        draw={"decided_in": row.branch_id, "among": candidates},
        filed_at=clock.now(),
    )
    keep_out(case=appeal_case, officers=[user for user in (refusal.made_by, refusal.signed_by) if user is not None])
    advance(appeal_case, "send", actor=access.actor)
    queue.join(case=appeal_case, actor=access.actor)
    record("appeal.filed", subject=row.key, actor=access.actor, data={"case": appeal_case.key, "branch": branch.pk})
    enqueue(
        "licensing.lapse_appeal",
        key=appeal_case.public_id,
        due_at=clock.start_of(appeal.answer_by + dt.timedelta(days=1)),
        appeal_id=appeal.pk,
    )
    _tell(AppealFiled, appeal_case, first=row, until=appeal_case.due_on)
    return appeal


def _tell(kind: type[MessageKind], case: Case, **context: object) -> None:
    send(kind, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case, **context})


def allowed(case: Case) -> None:
    """The appeal is allowed: its decision takes the place of the refusal. In the transaction of the decision.

    The request is approved, as by its own officer, unless its service finds that something else has come since the refusal.
    """
    appeal = queries.appeal_of(case)
    first = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=appeal.refusal.case_id)
    service = APPEALABLES[first.service]
    if reopens := service.goes_on(first):
        advance(first, "allow_appeal", actor=SYSTEM, data={"case": case.reference})
        reviewable(first).accepted(first)
        service.went_on(first)
    if (letter := service.letter(first)) is not None and letter.state in LIVE:
        documents.revoke(letter, reason="appeal_allowed", actor=SYSTEM)
    record("appeal.allowed", subject=first.key, actor=SYSTEM, data={"case": case.key, "reopens": reopens})
    enqueue("licensing.appeal_document", key=case.public_id, case_id=case.pk)
    _tell(AppealAllowed, case, first=first, reopens=reopens)


def refused(case: Case) -> None:
    """The appeal is refused: the refusal stands. In the transaction of the decision, whose message says until when one can sue."""
    enqueue("licensing.appeal_document", key=case.public_id, case_id=case.pk)


@transaction.atomic
def lapse(*, appeal_id: int) -> None:
    """Refuse an appeal that was not answered in the legal time. Does nothing for one that is decided. Idempotent."""
    appeal = Appeal.objects.select_related("refusal__case").get(pk=appeal_id)
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=appeal.case_id)
    if case.state not in STUDIED or clock.today() <= appeal.answer_by:
        return
    advance(case, "lapse", actor=SYSTEM)
    queue.leave(case=case, actor=SYSTEM, code="lapsed")
    record("appeal.lapsed", subject=case.key, actor=SYSTEM, data={"answer_by": appeal.answer_by.isoformat()})
    days = review.limits(case).limits["court_days"].value
    _tell(AppealLapsed, case, first=appeal.refusal.case, court_until=clock.today() + dt.timedelta(days=days))


def write_decision(*, case: Case) -> None:
    """Issue the sealed decision of an appeal. Idempotent; raises what `documents.issue` raises."""

    def new(appeal: Appeal) -> Document:
        return documents.draft(
            kind=AppealDecisionFacts.kind,
            number=next_number(f"HAD-{case.branch_id}-{clock.today().year}"),
            subject=case.key,
            holder_key=case.holder_key,
            facts=facts_of(queries.appeal_of(case)).dump(),
            public_facts={"branch": [case.branch.name_ar, case.branch.name_en]},
        )

    def link(appeal: Appeal, document: Document) -> None:
        Appeal.objects.filter(pk=appeal.pk).update(decision=document)

    decided = Appeal.objects.filter(case=case.pk, decision=None, case__state__in=(AppealState.ALLOWED, AppealState.REFUSED))
    documents.issue(AppealDecisionFacts, waiting=decided, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)
