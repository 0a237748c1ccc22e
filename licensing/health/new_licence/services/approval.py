"""The officer's decision about the location, its letter, and the inspection that the applicant asks for afterwards."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from licensing.health.new_licence import queries
from licensing.health.new_licence.documents import LocationApprovalFacts, NewLicenceRefusalFacts, address, approval_facts
from licensing.health.new_licence.places import place_of_request
from licensing.health.new_licence.states import NewLicenceState
from licensing.health.notifications import RefusalReady
from licensing.inspections import services as inspections
from licensing.models import NewLicence
from municipality.accounts.limits import AttemptLimit
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.services import advance
from municipality.delegation.authorization import authorize
from municipality.documents import services as documents
from municipality.documents.models import Document
from municipality.documents.numbers import next_number
from municipality.jobs.services import enqueue
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.errors import Refused
from municipality.notifications.services import send
from municipality.review import queries as review
from municipality.review.registry import SecondSignature
from municipality.uploads import services as uploads
from shops.commercial_register import queries as commercial
from shops.commercial_register.services.delta import take_licence

SYSTEM = system("licensing")
AGAINST_ZONING = "against_zoning"
LOOK_UPS = AttemptLimit("commercial_look_ups", 10, 86_400)  # at the Ministry, of a person, a day


def second_signature(case: Case) -> SecondSignature | None:
    """The second signature that an approval needs where zoning did not permit the activity on the day of the request."""
    request = queries.request_of(case)
    if not request.against_zoning:
        return None
    reason = review.replies(case).reasons[AGAINST_ZONING]
    return SecondSignature(AGAINST_ZONING, reason.text_ar, reason.text_en, [request.zoning_answer])


def accepted(case: Case) -> None:
    """After the last signature: enqueue the letter of approval, and the day on which it lapses. In the decision's transaction."""
    enqueue("licensing.approve_location", key=case.public_id, case_id=case.pk)
    close_after(case, NewLicenceState.LOCATION_APPROVED, "location_days")


def close_after(case: Case, state: str, code: str) -> dt.date:
    """Close the request after the days of a limit, if it is still in a state then. Returns the last day."""
    last = clock.today() + dt.timedelta(days=queries.limit(case, code))
    enqueue("licensing.expire_new", key=f"{case.public_id}:{state}", due_at=clock.end_of(last), case_id=case.pk, state=str(state))
    return last


def refused(case: Case) -> None:
    """After a signed refusal: enqueue its document. In the decision's transaction."""
    enqueue("licensing.refuse_new", key=case.public_id, case_id=case.pk)


def write_approval(*, case: Case) -> None:
    """Issue the approval of a location. Idempotent; raises what `documents.issue` raises."""

    def new(request: NewLicence) -> Document:
        first, last = clock.today(), queries.location_until(case)
        return documents.draft(
            kind=LocationApprovalFacts.kind,
            number=next_number(f"LOC-{case.branch_id}-{first.year}"),
            subject=case.key,
            holder_key=case.holder_key,
            valid_from=first,
            valid_to=last,
            facts=approval_facts(request, first, last).dump(),
            public_facts=_public(request),
        )

    def link(request: NewLicence, document: Document) -> None:
        NewLicence.objects.filter(pk=request.pk).update(approval=document)

    open_states = (NewLicenceState.LOCATION_APPROVED, NewLicenceState.INSPECTION)
    rows = NewLicence.objects.filter(case=case, case__state__in=open_states, approval=None)
    waiting = rows.select_related("case__applicant", "case__branch", "organisation", "activity", "area")
    documents.issue(LocationApprovalFacts, waiting=waiting, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def write_refusal(*, case: Case) -> None:
    """Issue the letter of a refusal and tell the applicant. Idempotent; raises what `documents.issue` raises."""

    def new(request: NewLicence) -> Document:
        return documents.draft(
            kind=NewLicenceRefusalFacts.kind,
            number=next_number(f"HNF-{case.branch_id}-{clock.today().year}"),
            subject=case.key,
            holder_key=case.holder_key,
            facts=NewLicenceRefusalFacts.of(case, applicant=request.holder).dump(),
            public_facts=_public(request),
        )

    def link(request: NewLicence, document: Document) -> None:
        NewLicence.objects.filter(pk=request.pk).update(refusal=document)
        send(RefusalReady, person=case.applicant, key=case.public_id, subject_key=case.key, context={"case": case})

    rows = NewLicence.objects.filter(case=case, case__state=NewLicenceState.REFUSED, refusal=None)
    waiting = rows.select_related("case__applicant", "case__branch", "organisation", "activity", "area")
    documents.issue(NewLicenceRefusalFacts, waiting=waiting, draft_lookup={"subject": case.key}, new=new, link=link, actor=SYSTEM)


def _public(request: NewLicence) -> dict[str, list[str]]:
    """What the check page of a letter shows; nobody is named."""
    named: dict[str, Any] = {"trade_name": request, "activity": request.activity, "area": request.area, "branch": request.case.branch}
    return {name: [row.name_ar, row.name_en] for name, row in named.items()}


def ask_inspection(*, case: Case, person: User, number: str, ends_on: dt.date | None) -> None:
    """State the commercial licence behind an approved location, and begin the inspection. The Ministry's register is asked before.

    Raises Refused: "not_approved" in another state, "number_taken" where another open request has it, "files_waiting", what
    `queries.commercial_of` finds, what `inspections.services.order` does; NotPermitted.
    """
    if commercial.is_connected() and commercial.stated(number) is None and LOOK_UPS.take(person.key):
        take_licence(number=number)  # its silence is no refusal: then the copy of the licence is needed
    _ask_inspection(case, person, number, ends_on)


@transaction.atomic
def _ask_inspection(case: Case, person: User, number: str, ends_on: dt.date | None) -> None:
    locked = Case.objects.select_for_update(of=("self",)).select_related("applicant", "branch").get(pk=case.pk)
    actor = authorize(person, locked).actor
    if locked.state != NewLicenceState.LOCATION_APPROVED:
        raise Refused("not_approved", _("The location is not approved, or the inspection was asked for already."))
    request = queries.request_of(locked)
    uploads.refuse_waiting(request.files_key)
    found = queries.commercial_of(request, number, ends_on)
    request.commercial_license_no, request.commercial_license_end, request.commercial_source = number, found.end, found.source
    request.shop = found.shop
    try:
        with transaction.atomic():
            request.save(update_fields=["commercial_license_no", "commercial_license_end", "commercial_source", "shop"])
    except IntegrityError as error:
        if "guard:number_taken" not in str(error):
            raise
        raise Refused("number_taken", _("Another open request names this commercial licence.")) from error
    advance(locked, "inspect", actor=actor, data={"source": found.source})
    address_ar, address_en = address(request)
    latitude, longitude = place_of_request(request).answer.point(clock.today())
    inspections.order(
        case=locked,
        shop=request.shop,
        name_ar=request.name_ar,
        name_en=request.name_en,
        activity=request.activity,
        branch=locked.branch,
        address_ar=address_ar[:300],
        address_en=address_en[:300],
        contact=locked.applicant,
        latitude=latitude,
        longitude=longitude,
        actor=actor,
    )
    close_after(locked, NewLicenceState.INSPECTION, "inspection_days")
