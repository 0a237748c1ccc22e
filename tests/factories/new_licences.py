"""Requests for new health licences, as far as they have come."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction

from licensing.health.new_licence import queries
from licensing.health.new_licence.places import place_of_answers
from licensing.health.new_licence.services import approval, issue, requests
from licensing.health.new_licence.states import NEW_LICENCE
from licensing.inspections import questions
from licensing.inspections.registry import INSPECTED
from licensing.models import Inspection, InspectionVisit, NewLicence
from municipality.accounts import civil_ids
from municipality.accounts.models import User, actor_of
from municipality.cases.models import Case
from municipality.drafts.models import Draft
from municipality.fieldwork.models import Visit
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.places.models import Area
from payments import queries as payments
from tests import desk_acts
from tests.factories import inspections
from tests.factories.licensing import MANAGER
from tests.factories.uploads import UploadFactory

FEE = 15_000
NUMBER = "2027/55001"


def answers(**facts: Any) -> dict[str, Any]:
    """What a person enters for a barber shop on the ground floor of plot 12 in Hawalli; each keyword changes one answer."""
    given = {
        "holder": "me",
        "name_ar": "صالون الواحة",
        "name_en": "Al Waha Salon",
        "activity": "BARB",
        "area_m2": 60,
        "area": Area.objects.filter(governorate="HA").order_by("pk")[0].pk,
        "block": "3",
        "street": "20",
        "building": "",
        "plot": "12",
        "floor": "0",
        "unit": "",
        "paci_number": "20220222",
        "manager_name_ar": "علي الصالح",
        "manager_name_en": "Ali Al-Saleh",
        **civil_ids.fields(MANAGER),
        "term": "usual",
    }
    return given | facts


def begun(person: User, *, with_files: bool = True, **facts: Any) -> Draft:
    """A draft with the files that it needs."""
    draft = requests.keep(person=person, answers=answers(**facts))
    if with_files:
        for slot, least in queries.slots(queries.editions()[queries.FILES]).items():
            for _number in range(least):
                UploadFactory(owner=person, subject=requests.files_key(draft), slot=slot)
    return draft


def send(draft: Draft, **shown: Any) -> Case:
    """Send a draft as its page shows it; `shown` changes what the page showed."""
    given = requests.answers_of(draft)
    page = {"version": draft.version, "expected_fils": FEE, "expected_zoning": place_of_answers(given).mark if given else ""}
    return requests.submit(draft=draft, person=draft.person, **(page | shown))


def sent(person: User, **facts: Any) -> NewLicence:
    """A request in the queue of officers."""
    return fresh(send(begun(person, **facts)))


def fresh(case: Case) -> NewLicence:
    """The request of a case, read again."""
    return queries.request_of(Case.objects.get(pk=case.pk))


def approved(person: User, officer: User, **facts: Any) -> NewLicence:
    """A request whose location an officer approved."""
    sent(person, **facts)
    return fresh(desk_acts.approve(officer))


def waiting_for_inspection(person: User, officer: User, number: str = NUMBER, **facts: Any) -> NewLicence:
    """A request whose commercial licence, sent as a copy, is stated; needs an inspector."""
    return with_copy(approved(person, officer, **facts), number)


def with_copy(request: NewLicence, number: str = NUMBER, years: int = 2) -> NewLicence:
    """An approved request whose commercial licence, sent as a copy, is stated; needs an inspector."""
    person = request.case.applicant
    UploadFactory(owner=person, subject=request.files_key, slot=queries.COPY)
    ends_on = clock.today() + dt.timedelta(days=365 * years - 1)
    approval.ask_inspection(case=request.case, person=person, number=number, ends_on=ends_on)
    return fresh(request.case)


def pass_inspection(request: NewLicence, outcome: str = "passed") -> NewLicence:
    """The open inspection of a request is passed, or has another outcome, and the request goes on."""
    row = Inspection.objects.select_related("inspector", "checklist").get(case=request.case, state__in=["requested", "appointed"])
    with transaction.atomic():
        finish(row, outcome)
        INSPECTED[NEW_LICENCE](row)
    return fresh(request.case)


def finish(row: Inspection, outcome: str = "passed") -> None:
    """The result of an open inspection, by hand: nobody waits for its day."""
    actor, now = actor_of(row.inspector, "inspector"), clock.now()
    if row.state == "requested":
        transition(row, "appoint", actor=system("tests"), day=clock.today(), part="first")
    musts = [rule.code for rule in questions.asked(row) if rule.is_must and rule.kind == "yes_no"]
    fails = {musts[0]: "no"} if outcome == "failed" else {}
    questions.write(row, inspections.answers(row, **fails), by_owner=False)
    visit = Visit.objects.create(key=f"visit-{row.pk}", sender=row.inspector, started_at=now, received_at=now)
    InspectionVisit.objects.create(inspection=row, visit=visit, outcome=outcome)
    transition(row, {"passed": "pass", "failed": "fail"}[outcome], actor=actor, ended_at=now)


def billed(person: User, officer: User, **facts: Any) -> NewLicence:
    """A request with its bill; needs an inspector."""
    return pass_inspection(waiting_for_inspection(person, officer, **facts))


def paid(person: User, officer: User, **facts: Any) -> NewLicence:
    """A request whose payment is confirmed, as the service is told; needs an inspector."""
    return pay(billed(person, officer, **facts))


def pay(request: NewLicence) -> NewLicence:
    """The payment of the bill of a request is confirmed, as the service is told."""
    issue.paid(bill_of(request))
    return fresh(request.case)


def bill_of(request: NewLicence) -> int:
    """The primary key of the bill of a request."""
    bill = payments.bill_of(request.case.key)
    assert bill is not None
    return bill.pk


def issued(person: User, officer: User, **facts: Any) -> NewLicence:
    """A request whose licence is issued; needs a seal and an inspector."""
    request = paid(person, officer, **facts)
    issue.issue_licence(case=request.case)
    return fresh(request.case)
