"""Requests for new licences of the sample, their pages, and attacks on their guards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from licensing.health.new_licence.states import NEW_LICENCE
from licensing.inspections import services as inspections
from licensing.models import HealthLicence, Inspection, NewLicence
from municipality.cases.models import Case
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.kernel.transitions import transition
from municipality.places.models import Area, Branch
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from tests import desk_acts
from tests.factories import new_licences
from tests.factories.inspections import inspector
from tests.factories.review import OfficerFactory

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit
    from tests.architecture.sample_data import Sample

BY = system("tests")
HOME = "AH"  # a branch whose queue and inspectors no other row of the sample uses


@dataclass
class NewLicenceRows:
    """Requests of the asker: one in each state that its pages show differently, and a draft."""

    issued: NewLicence
    unpaid: NewLicence
    inspected: NewLicence  # an inspection is under way
    approved: NewLicence
    corrected: NewLicence
    studied: NewLicence
    draft: Draft


def fill(sample: Sample) -> NewLicenceRows:
    """An officer and inspectors of a branch, and one request in each state, of a floor each."""
    asker = sample.opinions.asker
    area = Area.objects.filter(governorate__branch=HOME).order_by("pk")[0].pk
    officer = OfficerFactory(login="location-officer", branch_id=HOME, skills=["health"])
    for login in ("inspector-ah", "colleague-ah"):
        inspector(login, HOME)

    def stated(number: int) -> NewLicence:
        return new_licences.waiting_for_inspection(asker, officer, f"2027/9000{number}", area=area, floor=str(number))

    issued = new_licences.pay(new_licences.pass_inspection(stated(1)))
    _issue(sample, issued)
    unpaid, inspected = new_licences.pass_inspection(stated(2)), stated(3)
    approved = new_licences.approved(asker, officer, area=area, floor="4")
    corrected = new_licences.sent(asker, area=area, floor="5")
    asked = [CorrectionRequest("drawing_incomplete", "drawing")]
    desk.ask_corrections(assignment=desk_acts.checked(desk_acts.assigned(officer)), items=asked)
    studied = new_licences.sent(asker, area=area, floor="6")
    draft = new_licences.begun(asker, area=area, floor="7")
    return NewLicenceRows(*(new_licences.fresh(row.case) for row in (issued, unpaid, inspected, approved, corrected, studied)), draft)


def _issue(sample: Sample, request: NewLicence) -> None:
    _licence(sample, request, "HLT-AH-2026-999999-X")
    transition(Case.objects.get(pk=request.case_id), "issue", actor=BY, is_open=False, closed_at=clock.now())


def _licence(sample: Sample, request: NewLicence, number: str) -> None:
    """A shop with a licence, by hand."""
    from tests.architecture import sample_data, state_changes

    document = state_changes.fresh_document(sample, number)
    document.kind, document.holder_key = "health_licence", request.case.applicant.key
    document.valid_from = document.valid_to = clock.today()
    document.save()
    document = state_changes.walk(document, "active", sample)
    shop = sample_data.shop_of(request.case.applicant, 8700 + HealthLicence.objects.count(), ends_in=None)
    licence = HealthLicence.objects.create(shop=shop, document=document, first_day=clock.today(), last_day=clock.today())
    NewLicence.objects.filter(pk=request.pk).update(shop=shop, licence=licence)


def fresh(sample: Sample) -> Case:
    """A case of a new licence in its first state."""
    like = Case.objects.get(pk=sample.new.studied.case_id)
    like.pk = like.last_event = None
    number = Case.objects.count()
    like.public_id, like.reference, like.subject = f"n{number:025d}", f"HN-2026-9{number:05d}-X", f"new_shop:walked{number}"
    like.state = "draft"
    like._state.adding = True
    like.save()
    return like


def grounds(row: Case, target: str, sample: Sample) -> None:
    """The facts before a request is sent, its commercial licence, its inspection, and its licence."""
    if row.service != NEW_LICENCE:
        return
    if (row.state, target) == ("draft", "in_review"):
        _request(sample, row)
    found = NewLicence.objects.filter(case=row)
    if target == "inspection":
        found.update(commercial_license_no="1", commercial_license_end=clock.today(), commercial_source="copy")
    if (row.state, target) == ("inspection", "awaiting_payment"):
        new_licences.finish(_inspection(found.get()))
    if target == "issued":
        _licence(sample, found.get(), "HLT-AH-2026-999998-X")


def _request(sample: Sample, case: Case, **other: Any) -> NewLicence:
    """The facts of a case, by hand."""
    like = NewLicence.objects.get(pk=sample.new.studied.pk)
    like.pk, like.case, like.files_key = None, case, f"new_licence:{case.public_id}"
    for name, value in other.items():
        setattr(like, name, value)
    like._state.adding = True
    like.save()
    return like


def _inspection(request: NewLicence) -> Inspection:
    facts = {"name_ar": "x", "name_en": "x", "address_ar": "x", "address_en": "x", "activity": request.activity}
    branch = Branch.objects.get(pk=HOME)
    return inspections.order(case=request.case, shop=None, branch=branch, contact=request.case.applicant, actor=BY, **facts)


# --- Attacks on their guards -------------------------------------------------------------------------------------------------


def _walked(sample: Sample, state: str) -> Case:
    from tests.architecture import state_changes

    case: Case = state_changes.walk(fresh(sample), state, sample)
    return case


def _event(case: Case, move: str, source: str, target: str) -> None:
    from tests.architecture import state_changes

    state_changes.event(case, move, source, target)


def _approved_against_zoning(sample: Sample) -> None:
    case = fresh(sample)
    _request(sample, case, against_zoning=True)
    _event(case, "sign_acceptance", "countersign", "location_approved")


def _licensed_unpaid(sample: Sample) -> None:
    licence = HealthLicence.objects.exclude(pk=sample.new.issued.licence_id).order_by("pk")[0]
    rows = NewLicence.objects.filter(pk=sample.new.unpaid.pk)
    rows.update(shop=licence.shop_id, licence=licence)


def _number_of_another(sample: Sample) -> None:
    """A request names the commercial licence that another open one named."""
    names = ("commercial_license_no", "commercial_license_end", "commercial_source")
    named = NewLicence.objects.filter(pk=sample.new.unpaid.pk).values(*names).get()
    NewLicence.objects.filter(pk=sample.new.studied.pk).update(**named)


def _twice(column: str, *values: Callable[[Sample], Any]) -> Callable[[Sample], None]:
    def attack(sample: Sample) -> None:
        for value in values:
            NewLicence.objects.filter(pk=sample.new.studied.pk).update(**{column: value(sample)})

    return attack


def _document(number: int) -> Callable[[Sample], Any]:
    def make(sample: Sample) -> Any:
        from tests.architecture import state_changes

        return state_changes.fresh_document(sample, f"TST-2026-99998{number}-X")

    return make


BY_HAND: dict[str, Callable[[Sample], Any]] = {
    "cases_caseevent_new_sent": lambda sample: _event(fresh(sample), "send_to_officer", "draft", "in_review"),
    "cases_caseevent_new_signed": _approved_against_zoning,
    "cases_caseevent_new_commercial": lambda sample: _event(sample.new.approved.case, "inspect", "location_approved", "inspection"),
    "cases_caseevent_new_inspected": lambda sample: _event(sample.new.inspected.case, "inspected", "inspection", "awaiting_payment"),
    "cases_caseevent_new_issued": lambda sample: _event(sample.new.unpaid.case, "issue", "paid", "issued"),
    "licensing_newlicence_licensed_when_paid": _licensed_unpaid,
    "licensing_newlicence_number_once": _number_of_another,
    "licensing_newlicence_approval_id_once": _twice("approval", _document(1), _document(2)),
    "licensing_newlicence_refusal_id_once": _twice("refusal", _document(3), _document(4)),
    "licensing_newlicence_licence_id_once": lambda sample: NewLicence.objects.filter(pk=sample.new.issued.pk).update(licence=None),
    "licensing_newlicence_shop_id_once": lambda sample: NewLicence.objects.filter(pk=sample.new.issued.pk).update(shop=sample.owner.shop),
    "licensing_newlicence_commercial_once": lambda sample: NewLicence.objects.filter(pk=sample.new.unpaid.pk).update(
        commercial_license_no="2027/1"
    ),
}


# --- Who may open what -------------------------------------------------------------------------------------------------------


def rows() -> list[Row]:
    """The addresses of new licences in the matrix of access."""
    from tests.architecture.access_matrix import ASKS, ELSEWHERE, HIDDEN, HIDDEN_FORM, READ, everybody, own

    new, form = "/{lang}/health-licence/new/", "200 200 400 405 405 405"
    draft, mine = f"{new}{{s.new.draft.public_id}}/", f"{new}requests/{{s.new."
    return [
        everybody(new, READ),
        own(f"{new}request/", form, form),
        own(draft, HIDDEN_FORM, HIDDEN_FORM, asker=form),
        own(f"{draft}send/", HIDDEN_FORM, HIDDEN_FORM, asker=form),
        own(f"{draft}discard/", HIDDEN_FORM, HIDDEN_FORM, asker=ASKS),
        own(f"{mine}approved.case.public_id}}/commercial/", HIDDEN_FORM, HIDDEN_FORM, asker=form),
        own(f"{mine}studied.case.public_id}}/commercial/", HIDDEN_FORM, HIDDEN_FORM, asker=ELSEWHERE, why="not approved"),
        own(f"{mine}corrected.case.public_id}}/corrections/", HIDDEN_FORM, HIDDEN_FORM, asker="200 200 409 405 405 405"),
        own(f"{mine}unpaid.case.public_id}}/withdraw/", HIDDEN_FORM, HIDDEN_FORM, asker=ASKS),
        own("/{lang}/cases/{s.new.issued.case.public_id}/", HIDDEN, HIDDEN, asker=READ),
    ]


def visits() -> list[Visit]:
    """The pages of new licences, for everybody and of the person who asked."""
    from tests.architecture.page_responses import Visit

    new = "/{lang}/health-licence/new/"
    draft, mine = f"{new}{{s.new.draft.public_id}}/", f"{new}requests/{{s.new."
    question = "?activity={activity}&area={s.new.studied.area_id}&block=3&plot=12&paci_number=&floor=0"
    states = ("issued", "unpaid", "inspected", "approved", "corrected", "studied")
    return [
        Visit(new),
        Visit(new + question.replace("{activity}", "BARB"), note="no plot is known"),
        Visit(new + question.replace("{activity}", "REST"), note="another authority"),
        Visit(f"{new}?activity=&area=", status=400, note="nothing chosen"),
        Visit(f"{new}request/", "asker"),
        Visit(f"{new}request/", "asker", post={}, status=400, note="empty"),
        Visit(draft, "asker"),
        Visit(f"{draft}send/", "asker"),
        Visit(f"{draft}send/", "asker", post={}, status=400, note="nothing declared"),
        Visit(
            f"{draft}send/", "asker", post={"version": "1", "total": "1", "zoning": "x", "declared": "on"}, status=409, note="another fee"
        ),
        Visit(f"{draft}discard/", "asker"),
        *(Visit(f"/{{lang}}/cases/{{s.new.{name}.case.public_id}}/", "asker", note=f"a new licence, {name}") for name in states),
        Visit(f"{mine}approved.case.public_id}}/commercial/", "asker"),
        Visit(f"{mine}approved.case.public_id}}/commercial/", "asker", post={"number": ""}, status=400, note="without a number"),
        Visit(f"{mine}approved.case.public_id}}/commercial/", "asker", post={"number": "2027/8"}, status=409, note="known nowhere"),
        Visit(f"{mine}corrected.case.public_id}}/corrections/", "asker"),
        Visit(f"{mine}unpaid.case.public_id}}/withdraw/", "asker"),
    ]
