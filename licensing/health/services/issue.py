"""From payment to the signed licence; and what happens when the bank takes the money back."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from licensing.health import queries
from licensing.health.documents import HealthLicenceFacts, public_facts
from licensing.health.notifications import LicenceHeld, PaymentTakenBack, RefusedAfterPayment, RenewalIssued, RenewalPaid
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
    """The bank's money is certain: move the case and promise the licence. Raises Refused when the case no longer takes it."""
    if case.state in (RenewalState.PAID, RenewalState.APPROVED):
        return
    if case.state == RenewalState.ISSUED:
        _resume(case)
        return
    if case.state != RenewalState.AWAITING_PAYMENT:
        raise Refused("case_closed")
    advance(case, "pay", actor=SYSTEM)
    if fallen := _fallen_away(case):
        _refuse_paid(case, fallen)
        return
    # In the clean lane the published rule decided at submission, on facts that are kept, and no officer is involved; in the
    # other one an officer decided before anything was paid.
    renewal = queries.renewal_of(case)
    by_officer = renewal is not None and renewal.lane == Lane.OFFICER
    advance(case, "approve", actor=SYSTEM, reason="officer_accepted" if by_officer else "clean_lane")
    enqueue("licensing.issue_renewal", key=case.public_id, case_id=case.pk)
    send(RenewalPaid, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})


def _fallen_away(case: Case) -> str:
    """What came up between the approval and the money that forbids a licence: the shop was closed, or a block was placed."""
    shop = Shop.objects.get(public_id=subjects.parse(case.subject).id)
    if shop.closed_on is not None and shop.closed_on <= clock.today():
        return "shop_closed"
    if any(block.effect == Effect.STOP for block in cases.active_blocks(case.subject, case.service)):
        return "blocked"
    return ""


def _refuse_paid(case: Case, code: str) -> None:
    """A paid case is refused: the amount is owed back in the same transaction, and both sides see it."""
    advance(case, "refuse", actor=SYSTEM, reason=code)
    bill = payments.bill_of(case.key)
    if bill is not None:
        owe_back(bill=bill, reason=code, actor=SYSTEM)
    send(RefusedAfterPayment, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})


def issue_renewal(*, case: Case) -> None:
    """Issue the licence of an approved renewal, put it in force and tell its person. Safe to run any number of times.

    Raises what `documents.issue` raises; nothing is issued unsigned.
    """

    def new(locked: Case) -> Document:
        renewal = _renewal(locked)
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
            public_facts=public_facts(shop),
        )

    def link(locked: Case, document: Document) -> None:
        licence = _put_in_force(_renewal(locked), document)
        advance(locked, "issue", actor=SYSTEM, data={"licence": document.number})
        context = {"case": locked, "licence": licence, "document": document}
        send(RenewalIssued, person=locked.applicant, key=locked.public_id, subject_key=locked.key, context=context)

    waiting = Case.objects.filter(pk=case.pk, state=RenewalState.APPROVED).select_related("applicant", "branch")
    documents.issue(HealthLicenceFacts, waiting=waiting, earlier={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def _renewal(case: Case) -> Renewal:
    renewal = queries.renewal_of(case)
    if renewal is None:
        raise LookupError(f"case {case.pk} has no renewal")
    return renewal


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
    # The old paper stays valid to its last day; from the first day of the new one it reads "superseded".
    midnight = dt.datetime.combine(renewal.first_day, dt.time.min, tzinfo=clock.KUWAIT)
    if midnight <= clock.now():
        documents.supersede(old.document, by=document, actor=SYSTEM)
    else:
        enqueue("licensing.supersede", key=f"licence:{licence.pk}", due_at=midnight, licence_id=licence.pk)
    return licence


@transaction.atomic
def supersede_previous(*, licence_id: int) -> None:
    """On the first day of a renewed licence: the one before it is superseded."""
    licence = HealthLicence.objects.select_related("document", "previous__document").get(pk=licence_id)
    if licence.previous is not None and licence.document.state in LIVE:
        documents.supersede(licence.previous.document, by=licence.document, actor=SYSTEM)


def _resume(case: Case) -> None:
    """The fee was paid again after the bank had taken it back: the licence that was suspended for it is in force again."""
    renewal = queries.renewal_of(case)
    if renewal is None or renewal.new_licence is None:
        raise Refused("case_closed")
    document = renewal.new_licence.document
    if document.state == DocumentState.SUSPENDED and document.last_event is not None and document.last_event.reason == VOIDED:
        documents.resume(document, reason="paid_again", actor=SYSTEM)
        shops.refresh_search([renewal.new_licence.shop_id])
        send(RenewalPaid, person=case.applicant, key=f"{case.public_id}:again", subject_key=case.key, context={"case": case})


@transaction.atomic
def hold_licence(*, case: Case) -> None:
    """The bank took the payment back: a licence that is out is suspended, one that is not is not issued; the owner is told.

    Safe to run again.
    """
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
            key=locked.public_id,
            subject_key=locked.key,
            context={"case": locked, "document": document},
        )


def case_of_bill(bill_id: int) -> Case:
    """The case that a bill of this app is for."""
    subject = Bill.objects.values_list("subject", flat=True).get(pk=bill_id)
    return Case.objects.select_related("applicant", "branch").get(public_id=subjects.parse(subject).id)
