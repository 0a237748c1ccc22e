"""After the inspection: the bill, the entry in the register, the licence, and what follows a reversed payment."""

from __future__ import annotations

from django.db import transaction

from licensing.health import changes
from licensing.health.documents import HealthLicenceFacts
from licensing.health.names import LEFT_UNPAID
from licensing.health.new_licence import places, queries
from licensing.health.new_licence.models import ADDRESS
from licensing.health.new_licence.notifications import (
    NewLicenceIssued,
    NewLicenceNotIssued,
    NewLicencePayment,
    NewLicenceUnpaid,
)
from licensing.health.new_licence.services.approval import SYSTEM, close_after
from licensing.health.new_licence.states import NEW_LICENCE, NewLicenceState
from licensing.health.services.issue import resume, suspend
from licensing.inspections import services as inspections
from licensing.models import HealthLicence, Inspection, NewLicence
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.documents.states import DocumentState
from municipality.incidents.requests import keep_open
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.errors import Refused
from municipality.kernel.periods import Period
from municipality.notifications.services import send
from payments import queries as payments
from payments.services import issue_bill, owe_back, paid_by_delegate, void_bill_of
from shops.models import Shop
from shops.register import queries as registered
from shops.register import services as register

S = NewLicenceState


def inspected(inspection: Inspection) -> None:
    """After the result of an inspection, in its transaction: a passed one leads to the bill, another one is repeated."""
    if not inspection.passed or inspection.case_id is None:
        return
    case = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=inspection.case_id)
    if case.state == S.INSPECTION:
        _bill(case)


def _bill(case: Case) -> None:
    """Issue the bill of a request whose inspection is passed, and tell the applicant; refuse where no licence may be issued any more.

    A block of the shop refuses nothing yet: it can be lifted until the payment, and the page of the case says so.
    """
    request = queries.request_of(case)
    if (code := queries.lost(request)) and code != "blocked":
        _refuse(case, code)
        return
    advance(case, "inspected", actor=SYSTEM)
    issue_bill(
        kind=NEW_LICENCE,
        subject=case.key,
        payer=case.applicant,
        title_ar=f"ترخيص صحي جديد: {request.name_ar}"[:160],
        title_en=f"New health licence: {request.name_en}"[:160],
        lines=queries.fee_lines(request, clock.today()),
        actor=SYSTEM,
    )
    context = {"case": case, "until": close_after(case, S.AWAITING_PAYMENT, "unpaid_days")}
    send(NewLicencePayment, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)


@transaction.atomic
def paid(bill_id: int) -> None:
    """The payment is confirmed: enqueue the licence, or put one that was suspended for it back in force.

    Where no licence may be issued any more, the request is refused and the amount owed back. Raises Refused("case_closed").
    """
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=payments.case_of_bill(bill_id).pk)
    request = queries.request_of(locked)
    if locked.state == S.AWAITING_PAYMENT:
        advance(locked, "pay", actor=SYSTEM, data=paid_by_delegate(locked.key))
        if code := queries.lost(request):
            _refuse(locked, code)
        else:
            enqueue("licensing.issue_new", key=locked.public_id, case_id=locked.pk)
    elif request.licence is not None:
        resume(request.licence)
    elif locked.state != S.PAID:
        raise Refused("case_closed")


def _refuse(case: Case, code: str) -> None:
    advance(case, "refuse", actor=SYSTEM, reason=code)
    if (bill := payments.bill_of(case.key)) is not None:
        owe_back(bill=bill, reason=code, actor=SYSTEM)
    context = {"case": case, "is_paid": bill is not None}
    send(NewLicenceNotIssued, person=case.applicant, key=case.public_id, subject_key=case.key, context=context)


@transaction.atomic
def voided(bill_id: int) -> None:
    """The payment is reversed: close the request, or suspend the issued licence, and tell the applicant. Idempotent."""
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=payments.case_of_bill(bill_id).pk)
    if locked.state == S.PAID:
        advance(locked, "reverse", actor=SYSTEM)
        void_bill_of(locked, SYSTEM)
        send(NewLicenceUnpaid, person=locked.applicant, key=locked.public_id, subject_key=locked.key, context={"case": locked})
    elif (licence := queries.request_of(locked).licence) is not None:
        suspend(locked, licence)


def freed(bill_id: int) -> None:
    """A payment under review of the bill ended unpaid: the whole time to pay it runs again."""
    case = payments.case_of_bill(bill_id)
    keep_open(case, queries.limit(case, "unpaid_days"), SYSTEM)


def issue_licence(*, case: Case) -> None:
    """Enter the shop, issue its licence from the day of its document, and tell the applicant. Idempotent.

    Where no licence may be issued any more, the request is refused and the amount owed back. Raises what `documents.issue` raises;
    nothing is issued unsigned.
    """
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).select_related("applicant").get(pk=case.pk)
        if locked.state == S.PAID and (code := queries.lost(queries.request_of(locked))):
            _refuse(locked, code)
            return

    def new(request: NewLicence) -> Document:
        bill = payments.bill_of(request.case.key)
        shop, period = _shop(request), queries.paid_period(request, clock.today(), bill.total_fils if bill is not None else 0)
        return documents.draft(
            kind=HealthLicenceFacts.kind,
            number=next_number(f"HLT-{case.branch_id}-{clock.today().year}"),
            subject=case.key,
            holder_key=case.holder_key,
            valid_from=period.first,
            valid_to=period.last,
            facts=HealthLicenceFacts.of(request.case, shop, period).dump(),
            public_facts=shop.public_facts(),
        )

    def link(request: NewLicence, document: Document) -> None:
        if request.shop_id is not None:  # a licence of it may be paid again just now
            Shop.objects.select_for_update(of=("self",)).get(pk=request.shop_id)
        if code := queries.lost(request):  # since the document was drawn; the next try refuses
            raise Refused(code)
        shop, period = _shop(request), Period(document.valid_from or clock.today(), document.valid_to or clock.today())
        if shop._state.adding:
            shop = register.enter(holder=request.holder, facts=_facts(request), source=request.case.key, actor=SYSTEM)
        elif approved := _approved(request, shop):
            shop = register.change_register(shop=shop, changes=approved, source=request.case.key, actor=SYSTEM)
        _end_last(shop)
        licence = HealthLicence.objects.create(
            shop=shop, document=document, first_day=period.first, last_day=period.last, registered_facts=shop.registered_facts()
        )
        NewLicence.objects.filter(pk=request.pk).update(shop=shop, licence=licence)
        inspections.attach(case=request.case, shop=shop)
        register.refresh_search([shop.pk])
        advance(request.case, "issue", actor=SYSTEM, data={"licence": document.number})
        context = {"case": request.case, "document": document, "shop": shop}
        send(NewLicenceIssued, person=request.case.applicant, key=case.public_id, subject_key=case.key, context=context)

    related = ("case__applicant", "case__branch", "organisation", "activity", "area__governorate")
    waiting = NewLicence.objects.filter(case=case, case__state=S.PAID, licence=None).select_related(*related)
    documents.issue(HealthLicenceFacts, waiting=waiting, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def _end_last(shop: Shop) -> None:
    """The licence before, cancelled or revoked, is past; one that a former holder left unpaid is over for good, also if they pay later."""
    for last in HealthLicence.objects.filter(shop=shop, is_current=True).select_related("document"):
        if last.document.state == DocumentState.SUSPENDED:
            documents.revoke(last.document, reason=LEFT_UNPAID, actor=SYSTEM)
            register.refresh_search([shop.pk])  # its boards end with it, while it is the current one
        HealthLicence.objects.filter(pk=last.pk).update(is_current=False)


def _shop(request: NewLicence) -> Shop:
    """The shop of the commercial licence in the register, or the one that is to be entered, not saved."""
    number = request.commercial_license_no
    found = registered.by_licence([number], "activity", "area__governorate", "branch", "owner", "organisation").get(number)
    owner, organisation = (None, request.organisation) if request.organisation is not None else (request.case.applicant, None)
    return found or Shop(**_facts(request), owner=owner, organisation=organisation)


def _approved(request: NewLicence, shop: Shop) -> list[register.FactChange]:
    """The size and the manager that were approved, where the register knew the shop with others."""
    manager = {name: getattr(request, f"manager_{name}") for name in ("name_ar", "name_en", "civil_id_masked")}
    secret = {name: getattr(request, f"manager_{name}") for name in changes.SECRET}
    given: list[tuple[str, changes.Values]] = [("area_m2", {"area_m2": request.area_m2}), ("manager", manager)]
    differing = [(name, before, after) for name, after in given if (before := changes.FACTS[name].read(shop)) != after]
    return [changes.register_change(name, before, after, secret) for name, before, after in differing]


def _facts(request: NewLicence) -> dict[str, object]:
    """The columns of a new shop."""
    latitude, longitude = places.place_of_request(request).answer.point(clock.today())
    same = ("name_ar", "name_en", "activity", "area", "area_m2", *ADDRESS, "commercial_license_no")
    manager = ("name_ar", "name_en", "civil_id_digest", "civil_id_cipher", "civil_id_masked")
    return {
        **{name: getattr(request, name) for name in (*same, *(f"manager_{name}" for name in manager))},
        "commercial_license_end": queries.commercial_end(request),
        "branch": request.case.branch,
        "latitude": latitude,
        "longitude": longitude,
    }
