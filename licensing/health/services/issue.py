"""Issuing the licence after payment, and suspending it when the payment is reversed."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from licensing.health import queries
from licensing.health.documents import HealthLicenceFacts
from licensing.health.notifications import LicenceHeld, PaymentTakenBack, RefusedAfterPayment, RenewalIssued
from licensing.health.states import RenewalState
from licensing.models import HealthLicence, Lane, Renewal
from municipality.cases import queries as cases
from municipality.cases.models import Case, Effect
from municipality.cases.services import advance
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import LIVE, DocumentState
from municipality.jobs.services import enqueue
from municipality.kernel import clock, subjects
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from payments import queries as payments
from payments.models import Bill
from payments.services import owe_back, void_bill
from shops.models import Shop
from shops.register import services as shops

SYSTEM = system("licensing")
VOIDED = "payment_voided"


@transaction.atomic
def take_payment(*, case: Case) -> None:
    """The payment is confirmed: approve the case and enqueue the licence. Raises Refused when the case is closed."""
    if case.state in (RenewalState.PAID, RenewalState.APPROVED):
        return
    if case.state == RenewalState.ISSUED:
        _resume_licence(case)
        return
    if case.state != RenewalState.AWAITING_PAYMENT:
        raise Refused("case_closed")
    advance(case, "pay", actor=SYSTEM)
    if code := _lost_condition(case):
        _refuse_after_payment(case, code)
        return
    renewal = queries.renewal_of(case)
    by_officer = renewal is not None and renewal.lane == Lane.OFFICER
    advance(case, "approve", actor=SYSTEM, reason="officer_accepted" if by_officer else "clean_lane")
    enqueue("licensing.issue_renewal", key=case.public_id, case_id=case.pk)


def _lost_condition(case: Case) -> str:
    """The code of what forbids a licence since the approval ("shop_closed", "blocked"), or ""."""
    shop = Shop.objects.get(public_id=subjects.parse(case.subject).id)
    if shop.closed_on is not None and shop.closed_on <= clock.today():
        return "shop_closed"
    if any(block.effect == Effect.STOP for block in cases.active_blocks(case.subject, case.service)):
        return "blocked"
    return ""


def _refuse_after_payment(case: Case, code: str) -> None:
    """Refuse a paid case and owe the amount back in the same transaction."""
    advance(case, "refuse", actor=SYSTEM, reason=code)
    bill = payments.bill_of(case.key)
    if bill is not None:
        owe_back(bill=bill, reason=code, actor=SYSTEM)
    send(RefusedAfterPayment, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})


def issue_renewal(*, case: Case) -> None:
    """Issue the licence of an approved renewal, put it in force and notify its applicant. Idempotent.

    Raises what `documents.issue` raises; nothing is issued unsigned.
    """

    def new(locked: Case) -> Document:
        renewal = queries.get_renewal(locked)
        rows = Shop.objects.select_related("activity", "area__governorate", "branch", "owner", "organisation")
        shop = rows.get(pk=renewal.licence.shop_id)
        return documents.draft(
            kind=HealthLicenceFacts.kind,
            number=next_number(f"HLT-{shop.branch_id}-{clock.today().year}"),
            subject=locked.key,
            holder_key=locked.applicant.key,
            valid_from=renewal.first_day,
            valid_to=renewal.last_day,
            facts=HealthLicenceFacts.of(locked, renewal, shop).dump(),
            public_facts=shop.public_facts(),
        )

    def link(locked: Case, document: Document) -> None:
        licence = _put_in_force(queries.get_renewal(locked), document)
        advance(locked, "issue", actor=SYSTEM, data={"licence": document.number})
        context = {"case": locked, "licence": licence, "document": document}
        send(RenewalIssued, person=locked.applicant, key=locked.public_id, subject_key=locked.key, context=context)

    waiting = Case.objects.filter(pk=case.pk, state=RenewalState.APPROVED).select_related("applicant", "branch")
    documents.issue(HealthLicenceFacts, waiting=waiting, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def _put_in_force(renewal: Renewal, document: Document) -> HealthLicence:
    old = HealthLicence.objects.select_for_update().select_related("document").get(pk=renewal.licence_id)
    HealthLicence.objects.filter(pk=old.pk).update(is_current=False)
    licence = HealthLicence.objects.create(
        shop_id=old.shop_id,
        document=document,
        first_day=renewal.first_day,
        last_day=renewal.last_day,
        previous=old,
        registered_facts=renewal.accepted_facts or renewal.registered_facts,
    )
    Renewal.objects.filter(pk=renewal.pk).update(new_licence=licence)
    shops.refresh_search([old.shop_id])
    # The old licence is superseded on the first day of the new one, not before.
    midnight = dt.datetime.combine(renewal.first_day, dt.time.min, tzinfo=clock.KUWAIT)
    if midnight <= clock.now():
        documents.supersede(old.document, by=document, actor=SYSTEM)
    else:
        enqueue("licensing.supersede", key=f"licence:{licence.pk}", due_at=midnight, licence_id=licence.pk)
    return licence


@transaction.atomic
def supersede_previous(*, licence_id: int) -> None:
    """Supersede the licence before this one; runs on the first day of the renewed licence."""
    licence = HealthLicence.objects.select_related("document", "previous__document").get(pk=licence_id)
    if licence.previous is not None and licence.document.state in LIVE:
        documents.supersede(licence.previous.document, by=licence.document, actor=SYSTEM)


def _event_key(case: Case, document: Document) -> str:
    """The key of a message about the last event of a licence: a second reversal is told as the first one was."""
    return f"{case.public_id}:{document.last_event.pk if document.last_event is not None else 0}"


def _resume_licence(case: Case) -> None:
    """The fee is paid again after a reversal: resume the licence that was suspended for it."""
    renewal = queries.renewal_of(case)
    if renewal is None or renewal.new_licence is None:
        raise Refused("case_closed")
    document = renewal.new_licence.document
    if document.state == DocumentState.SUSPENDED and document.last_event is not None and document.last_event.reason == VOIDED:
        documents.resume(document, reason="paid_again", actor=SYSTEM)
        shops.refresh_search([renewal.new_licence.shop_id])


@transaction.atomic
def hold_licence(*, case: Case) -> None:
    """The payment is reversed: suspend an issued licence or refuse the case, and notify the applicant. Idempotent."""
    locked = Case.objects.select_for_update().select_related("applicant").get(pk=case.pk)
    if locked.state in (RenewalState.PAID, RenewalState.APPROVED):
        advance(locked, "refuse", actor=SYSTEM, reason=VOIDED)
        bill = payments.bill_of(locked.key)
        if bill is not None:
            void_bill(bill=bill, actor=SYSTEM)
        send(PaymentTakenBack, person=locked.applicant, key=locked.public_id, subject_key=locked.key, context={"case": locked})
        return
    renewal = queries.renewal_of(locked)
    if renewal is not None and renewal.new_licence is not None and renewal.new_licence.document.state in LIVE:
        document = renewal.new_licence.document
        documents.suspend(document, reason=VOIDED, actor=SYSTEM)
        shops.refresh_search([renewal.new_licence.shop_id])
        send(
            LicenceHeld,
            person=locked.applicant,
            key=_event_key(locked, document),
            subject_key=locked.key,
            context={"case": locked, "document": document},
        )


def case_of_bill(bill_id: int) -> Case:
    """The case that a bill of this app is for."""
    subject = Bill.objects.values_list("subject", flat=True).get(pk=bill_id)
    return Case.objects.select_related("applicant", "branch").get(public_id=subjects.parse(subject).id)
