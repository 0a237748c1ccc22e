"""Issuing the sealed opinion, and what follows when the bank takes the payment back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import LIVE, DocumentState
from municipality.incidents.requests import keep_open
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review.services import queue
from payments import queries as payments
from payments.services import void_bill_of
from payments.states import BillState
from zoning.models import Opinion
from zoning.opinion import queries
from zoning.opinion.documents import OpinionFacts, facts_of
from zoning.opinion.notifications import OpinionHeld, OpinionIssued, OpinionPaidAgain
from zoning.opinion.services.requests import take_payment
from zoning.opinion.states import OpinionState

SYSTEM = system("zoning")
VOIDED = "payment_voided"
STUDIED = (OpinionState.IN_REVIEW, OpinionState.CORRECTIONS, OpinionState.COUNTERSIGN)


def issue_opinion(*, case: Case) -> None:
    """Issue the opinion of a decided case, put it in force and tell its applicant. Idempotent; raises what `documents.issue` raises."""

    def new(opinion: Opinion) -> Document:
        draft = queries.draft_of(opinion)
        if draft is None:
            raise LookupError(f"{case.reference} has no draft")
        first = clock.today()
        last = first + dt.timedelta(days=queries.limits_of(case).limits["valid_days"].value - 1)
        bodies = list(opinion.consultations.order_by("pk"))
        return documents.draft(
            kind=OpinionFacts.kind,
            number=next_number(f"ZOP-{case.branch_id}-{first.year}"),
            subject=case.key,
            holder_key=case.applicant.key,
            valid_from=first,
            valid_to=last,
            facts=facts_of(opinion, draft, bodies, first, last).dump(),
            public_facts=_public(opinion),
        )

    def link(opinion: Opinion, document: Document) -> None:
        Opinion.objects.filter(pk=opinion.pk).update(document=document)
        old = opinion.first.document if opinion.first is not None else None
        if old is not None:
            was_held = old.state == DocumentState.SUSPENDED  # the bank took the fee back meanwhile
            if was_held:
                documents.resume(old, reason="replaced", actor=SYSTEM)
            documents.supersede(old, by=document, actor=SYSTEM)
        else:
            was_held = opinion.first is not None and _is_owed(opinion.first.case)  # a refused request, whose new study is this one
        if was_held:
            documents.suspend(document, reason=VOIDED, actor=SYSTEM)
        advance(opinion.case, "issue", actor=SYSTEM, data={"opinion": document.number})
        context = {"case": opinion.case, "document": document, "replaced": old}
        send(OpinionIssued, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)

    related = ("case__applicant", "case__branch", "plot__area", "activity", "first__document", "first__case")
    waiting = Opinion.objects.filter(case=case, case__state=OpinionState.DECIDED, document=None).select_related(*related)
    documents.issue(OpinionFacts, waiting=waiting, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def _public(opinion: Opinion) -> dict[str, list[str]]:
    """What the check page shows: plot and activity."""
    plot, activity = opinion.plot, opinion.activity
    ar, en = f"قطعة {plot.block}، القسيمة {plot.number}", f"block {plot.block}, plot {plot.number}"
    place = [f"{plot.area.name_ar}، {ar}", f"{plot.area.name_en}, {en}"]
    return {"area": place} | ({"activity": [activity.name_ar, activity.name_en]} if activity is not None else {})


def paid(bill_id: int) -> None:
    """The payment of a bill is confirmed: the study begins, or an opinion that was suspended for it is in force again until its last day.

    Of a study that has ended without an opinion it is taken, and nothing follows. Raises Refused("case_closed").
    """
    case = payments.case_of_bill(bill_id)
    document = queries.newest_document(case)
    if document is not None and document.state == DocumentState.SUSPENDED and document.last_event and document.last_event.reason == VOIDED:
        documents.resume(document, reason="paid_again", actor=SYSTEM)
        key = f"{case.public_id}:{document.last_event.pk}"
        context = {"case": case, "is_over": document.is_expired}
        send(OpinionPaidAgain, person=case.applicant, key=key, subject_key=case.key, context=context)
    elif _owes_its_study(case):
        return
    elif document is None:
        take_payment(case=case)
    else:
        raise Refused("case_closed")


def _owes_its_study(case: Case) -> bool:
    """Whether the study of a request, which was paid for, ended without an opinion: its fee stays owed where the bank takes it back."""
    return case.state in (OpinionState.REFUSED, OpinionState.EXPIRED) and case.events.filter(move="pay").exists()


def _is_owed(case: Case) -> bool:
    """Whether the fee of a study that has ended is due again."""
    bill = payments.bill_of(case.key)
    return bill is not None and bill.state == BillState.DUE and _owes_its_study(case)


@transaction.atomic
def voided(bill_id: int) -> None:
    """The payment of a bill is reversed: close the study, or suspend the issued opinion, and tell the applicant. Idempotent.

    The fee of a study that has ended without an opinion is due again.
    """
    case = payments.case_of_bill(bill_id)
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
    document, key = queries.newest_document(locked), locked.public_id
    if locked.state in STUDIED or locked.state == OpinionState.DECIDED:
        if locked.state in STUDIED:
            queue.leave(case=locked, actor=SYSTEM, code="unpaid")
        advance(locked, "reverse", actor=SYSTEM)
        void_bill_of(locked, SYSTEM)
    elif document is not None and document.state in LIVE:
        documents.suspend(document, reason=VOIDED, actor=SYSTEM)
        key = f"{key}:{document.last_event.pk if document.last_event is not None else 0}"  # a second reversal is told as the first one was
    elif document is None and _owes_its_study(locked) and (bill := payments.bill_of(locked.key)) is not None:
        key = f"{key}:{bill.last_event_id}"
    else:
        return
    context = {"case": locked, "is_over": document.is_expired if document is not None else _owes_its_study(locked)}
    send(OpinionHeld, person=locked.applicant, key=key, subject_key=locked.key, context=context)


def freed(bill_id: int) -> None:
    """A payment under review of the bill ended unpaid: the whole time to pay it runs again."""
    case = payments.case_of_bill(bill_id)
    keep_open(case, queries.limits_of(case).limits["unpaid_days"].value, SYSTEM)
