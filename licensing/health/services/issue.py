"""Issuing the licence after payment, and suspending it when the payment is reversed."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from licensing import reversals
from licensing.bulk import issued
from licensing.bulk import queries as batches
from licensing.health import queries
from licensing.health.documents import HealthLicenceFacts
from licensing.health.names import FROM_ISSUE, VOIDED
from licensing.health.notifications import LicenceHeld, PaymentTakenBack, RefusedAfterPayment, RenewalIssued
from licensing.health.services.lost import lost_at_issue, lost_condition
from licensing.health.services.officer import accepted_by, keep_accepted, stated_facts, with_changes, write_begun
from licensing.health.states import RenewalState
from licensing.health.transfers import handover
from licensing.measures import effects
from licensing.models import Act, HealthLicence, Lane, Renewal
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import LIVE, DocumentState
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import Actor, system
from municipality.kernel.errors import Refused
from municipality.kernel.periods import Period
from municipality.notifications.services import send
from payments import queries as payments
from payments.services import owe_back, paid_by_delegate, void_bill_of
from shops.models import Shop
from shops.register import services as shops

SYSTEM = system("licensing")


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
    advance(case, "pay", actor=SYSTEM, data=paid_by_delegate(case.key))
    if code := lost_condition(case):
        _refuse_after_payment(case, code)
        return
    by_officer = queries.get_renewal(case).lane == Lane.OFFICER
    advance(case, "approve", actor=SYSTEM, reason="officer_accepted" if by_officer else "clean_lane")
    enqueue("licensing.issue_renewal", key=case.public_id, queue=batches.queue_of(case), case_id=case.pk)


def _refuse_after_payment(case: Case, code: str) -> None:
    """Refuse a paid case and owe the amount back in the same transaction."""
    advance(case, "refuse", actor=SYSTEM, reason=code)
    bill = payments.bill_of(case.key)
    if bill is not None:
        owe_back(bill=bill, reason=code, actor=SYSTEM)
    context = {"case": case, "is_free": False}
    send(RefusedAfterPayment, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)
    issued.tell_batch(case)


def issue_renewal(*, case: Case) -> None:
    """Issue the licence of an approved renewal or other act, put it in force and notify its applicant. Idempotent.

    What `lost_at_issue` finds refuses the request and owes the amount back. Raises what `documents.issue` raises; nothing is issued
    unsigned.
    """
    with transaction.atomic():
        paid = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
        if paid.state == RenewalState.APPROVED and (code := lost_at_issue(paid)):
            _refuse_after_payment(paid, code)
            return

    def new(locked: Case) -> Document:
        renewal = queries.get_renewal(locked)
        if renewal.act in FROM_ISSUE:
            renewal.first_day = min(clock.today(), renewal.last_day)
        rows = Shop.objects.select_related("activity", "area__governorate", "branch", "owner", "organisation")
        shop, period = rows.get(pk=renewal.licence.shop_id), Period(renewal.first_day, renewal.last_day)
        shop = with_changes(shop, renewal)
        if renewal.act == Act.TRANSFER:
            shop = handover.with_new_holder(shop, renewal)
        repeated = renewal.licence.document if renewal.act == Act.DUPLICATE else None
        facts = HealthLicenceFacts.of(locked, shop, period, renewal.licence.document.number)
        return documents.draft(
            kind=HealthLicenceFacts.kind,
            number=next_number(f"HLT-{shop.branch_id}-{clock.today().year}"),
            subject=locked.key,
            holder_key=locked.holder_key,
            valid_from=renewal.first_day,
            valid_to=renewal.last_day,
            facts=(facts if repeated is None else facts.repeating(repeated)).dump(),
            # The check page says what the paper says.
            public_facts=repeated.public_facts if repeated is not None and repeated.facts else shop.public_facts(),
        )

    def link(locked: Case, document: Document) -> None:
        renewal = queries.get_renewal(locked)
        if code := lost_at_issue(locked):  # since the document was drawn; the next try refuses
            raise Refused(code)
        keep_accepted(renewal, Shop.objects.get(pk=renewal.licence.shop_id))
        if renewal.act == Act.TRANSFER:
            handover.hand_over(renewal, accepted_by(locked))
        licence = _put_in_force(renewal, document)
        advance(locked, "issue", actor=SYSTEM, data={"licence": document.number})
        write_begun(licence)
        document.refresh_from_db(fields=["state", "last_event"])  # a measure may have suspended it in this transaction
        is_held = document.state == DocumentState.SUSPENDED
        issued.tell(RenewalIssued, locked, {"case": locked, "licence": licence, "document": document, "is_held": is_held})

    waiting = Case.objects.filter(pk=case.pk, state=RenewalState.APPROVED).select_related("applicant", "branch")
    documents.issue(HealthLicenceFacts, waiting=waiting, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def _put_in_force(renewal: Renewal, document: Document) -> HealthLicence:
    _lock_shop(renewal.licence)
    old = HealthLicence.objects.select_for_update().select_related("document").get(pk=renewal.licence_id)
    HealthLicence.objects.filter(pk=old.pk).update(is_current=False)
    licence = HealthLicence.objects.create(
        shop_id=old.shop_id,
        document=document,
        first_day=document.valid_from or renewal.first_day,
        last_day=renewal.last_day,
        previous=old,
        # Its holder was not told of this end: that of a renewal is another one, and a transfer has another holder.
        reminded_days=None if renewal.act in (Act.RENEWAL, Act.TRANSFER) else old.reminded_days,
        registered_facts=stated_facts(renewal),
    )
    Renewal.objects.filter(pk=renewal.pk).update(new_licence=licence)
    effects.suspend_licences(old.shop_id)
    shops.refresh_search([old.shop_id])
    # The old licence is superseded on the first day of the new one, not before.
    midnight = dt.datetime.combine(licence.first_day, dt.time.min, tzinfo=clock.KUWAIT)
    if midnight <= clock.now():
        documents.supersede(old.document, by=document, actor=SYSTEM)
    else:
        enqueue("licensing.supersede", key=f"licence:{licence.pk}", due_at=midnight, licence_id=licence.pk)
    return licence


@transaction.atomic
def supersede_previous(*, licence_id: int) -> None:
    """Supersede the licence before this one, and write what changes with it; runs on the first day of the renewed licence.

    The search and the boards follow.
    """
    licence = HealthLicence.objects.select_related("previous__document").get(pk=licence_id)
    licence.document = _lock_shop(licence)
    if licence.previous is not None and licence.document.state in LIVE:
        documents.supersede(licence.previous.document, by=licence.document, actor=SYSTEM)
    write_begun(licence)
    shops.refresh_search([licence.shop_id])


def _event_key(case: Case, document: Document) -> str:
    """The key of a message about the last event of a licence: a second reversal is told as the first one was."""
    return f"{case.public_id}:{document.last_event.pk if document.last_event is not None else 0}"


def _resume_licence(case: Case) -> None:
    """The fee is paid again after a reversal: resume the licence that was suspended for it."""
    renewal = queries.renewal_of(case)
    if renewal is None or renewal.new_licence is None:
        raise Refused("case_closed")
    resume(renewal.new_licence)


def resume(licence: HealthLicence) -> None:
    """Put a licence in force again that was suspended because its payment was reversed; does nothing with another one.

    While a measure runs it stays suspended: the end of the measure puts it in force.
    """
    document = _lock_shop(licence)
    if effects.runs(licence.shop_id):
        return
    if _is_held(document):
        put_back(licence, document, reason="paid_again", actor=SYSTEM)
        write_begun(licence)
        shops.refresh_search([licence.shop_id])


def _lock_shop(licence: HealthLicence) -> Document:
    """Lock the shop of a licence, so that no measure begins or ends meanwhile. Returns the document as it is then."""
    Shop.objects.select_for_update(of=("self",)).get(pk=licence.shop_id)
    return Document.objects.select_related("last_event").get(pk=licence.document_id)


def successor(licence: HealthLicence) -> HealthLicence | None:
    """The next licence of the shop, once it has begun."""
    return HealthLicence.objects.filter(previous=licence, first_day__lte=clock.today()).select_related("document").first()


def put_back(licence: HealthLicence, document: Document, *, reason: str, actor: Actor) -> None:
    """Resume the document of a licence, and supersede it where the next licence has begun. The caller has locked the shop."""
    documents.resume(document, reason=reason, actor=actor)
    if (after := successor(licence)) is not None:
        documents.supersede(document, by=after.document, actor=SYSTEM)


@transaction.atomic
def hold_licence(*, case: Case) -> None:
    """The payment is reversed: suspend an issued licence or refuse the case, and notify the applicant. Idempotent."""
    locked = Case.objects.select_for_update().select_related("applicant").get(pk=case.pk)
    if locked.state in (RenewalState.PAID, RenewalState.APPROVED):
        advance(locked, "refuse", actor=SYSTEM, reason=VOIDED)
        void_bill_of(locked, SYSTEM)
        send(PaymentTakenBack, person=locked.applicant, key=locked.public_id, subject_key=locked.key, context={"case": locked})
        issued.tell_batch(locked)
        return
    renewal = queries.renewal_of(locked)
    if renewal is not None and renewal.new_licence is not None:
        suspend(locked, renewal.new_licence)


def suspend(case: Case, licence: HealthLicence) -> None:
    """Suspend a licence in force because the payment of its case is reversed; its applicant and its branch are told in any case."""
    document = _lock_shop(licence)
    if document.state in LIVE:
        documents.suspend(document, reason=VOIDED, actor=SYSTEM)
        shops.refresh_search([licence.shop_id])
        until = licence.first_day - dt.timedelta(days=1) if licence.first_day > clock.today() else None
        context = {"case": case, "document": document, "until": until, "is_held": True}
        send(LicenceHeld, person=case.applicant, key=_event_key(case, document), subject_key=case.key, context=context)
    elif not _is_held(document) and (bill := payments.bill_of(case.key)) is not None:
        key, context = f"{case.public_id}:bill:{bill.last_event_id}", {"case": case, "document": document, "until": None, "is_held": False}
        send(LicenceHeld, person=case.applicant, key=key, subject_key=case.key, context=context)
    reversals.tell(case, document)


def _is_held(document: Document) -> bool:
    """Whether a licence is suspended because its payment was reversed."""
    event = document.last_event
    return document.state == DocumentState.SUSPENDED and event is not None and event.reason == VOIDED
