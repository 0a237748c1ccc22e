"""The pages of a new licence: the instant answer, the request, its files and sending, the commercial licence."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from licensing.health.new_licence.review import items
from licensing.health.new_licence.services import requests
from licensing.health.new_licence.states import NEW_LICENCE
from licensing.models import NewLicence
from municipality.accounts.models import User
from municipality.drafts.models import Draft
from municipality.kernel import clock
from municipality.review.admin.page import facts_context
from tests.browsers import signed_in
from tests.factories import new_licences
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.licensing import MANAGER, food_activity
from tests.factories.new_licences import FEE, NUMBER, answers, begun, sent
from tests.factories.uploads import UploadFactory
from zoning.models import Plot, PlotAddress

pytestmark = pytest.mark.django_db
START, REQUEST = "/en/health-licence/new/", "/en/health-licence/new/request/"


def typed(**facts: Any) -> dict[str, str]:
    """The fields of the page of the facts."""
    given = {name: value for name, value in answers().items() if not name.startswith("civil_id_")}
    return {name: str(value) for name, value in (given | {"civil_id": MANAGER, "version": 0} | facts).items()}


def asked(**facts: Any) -> dict[str, Any]:
    given = answers()
    return {name: given[name] for name in ("activity", "area", "block", "plot", "floor")} | {"paci_number": ""} | facts


def test_the_card_is_on_the_home_page_and_beside_the_renewal(client: Client, rules: None) -> None:
    assert START in client.get("/en/").content.decode()
    assert START in client.get("/en/health-licence/").content.decode()
    page = client.get(START).content.decode()
    assert "Stamped drawing" in page and "15.000" in page and "180" in page and "assumption" not in page


def test_the_answer_comes_at_once_for_everybody(client: Client, plot: Plot) -> None:
    page = client.get(START, asked()).content.decode()
    assert "Permitted" in page and "Article" not in page[:200] and f"{REQUEST}?activity=BARB" in page
    begin = client.get(f"{REQUEST}?activity=BARB")
    assert begin.status_code == 302 and "BARB" in begin["Location"]


def test_what_is_not_permitted_is_said_with_what_follows(client: Client, housing: Plot) -> None:
    page = client.get(START, asked()).content.decode()
    assert "Not permitted" in page and "signatures of two people" in page


def test_food_is_sent_to_its_authority(client: Client, plot: Plot) -> None:
    page = client.get(START, asked(activity=food_activity())).content.decode()
    assert "Public Authority for Food and Nutrition" in page and REQUEST not in page
    assert "What is needed" not in page and "KD" not in page, "steps and fee of a licence that the Municipality does not issue"


def test_an_unknown_place_has_no_data(client: Client, plot: Plot) -> None:
    page = client.get(START, asked(plot="999")).content.decode()
    assert "No data" in page and REQUEST in page


def test_a_paci_number_of_another_place_is_a_warning_before_the_files(plot: Plot, owner: User) -> None:
    client = signed_in(owner)
    PlotAddress.objects.create(plot=plot, paci_number=answers()["paci_number"])
    client.post(REQUEST, typed(plot="13"))
    draft = Draft.objects.get(service=NEW_LICENCE)
    page = client.get(f"/en/health-licence/new/{draft.public_id}/send/").content.decode()
    assert "The PACI number does not match the address" in page and "neither a yes nor a no" not in page
    assert page.index("does not match the address") < page.index('type="file"') and f"/en/health-licence/new/{draft.public_id}/" in page


@pytest.mark.parametrize("facts", [{"plot": ""}, {"activity": "NONE"}, {"area": "x"}, {"paci_number": "12"}, {"block": ""}])
def test_a_wrong_question_is_said(client: Client, plot: Plot, facts: dict[str, str]) -> None:
    answer = client.get(START, asked(**facts))
    assert answer.status_code == 400 and "Error:" in answer.content.decode()


def test_what_was_typed_is_kept_over_the_sign_in(plot: Plot, owner: User) -> None:
    page = signed_in(owner).get(REQUEST, asked()).context["form"]
    assert (page["activity"].value(), page["block"].value(), page["plot"].value()) == ("BARB", "3", "12")


def test_the_request_is_kept_and_sent(plot: Plot, owner: User) -> None:
    client = signed_in(owner)
    answer = client.post(REQUEST, typed())
    draft = Draft.objects.get(service=NEW_LICENCE)
    here = f"/en/health-licence/new/{draft.public_id}/send/"
    assert answer["Location"] == here and MANAGER not in str(draft.answers)
    page = client.get(here)
    assert page.status_code == 200 and "Permitted" in page.content.decode() and page.context["total"] == FEE
    for slot in ("tenure", "drawing", "place"):
        UploadFactory(owner=owner, subject=requests.files_key(draft), slot=slot)
    shown = {"version": draft.version, "total": FEE, "zoning": page.context["place"].mark}
    assert client.post(here, shown).status_code == 400
    assert client.post(here, shown | {"declared": "on", "total": 1}).status_code == 409
    done = client.post(here, shown | {"declared": "on"})
    case = NewLicence.objects.get().case
    assert done["Location"] == f"/en/cases/{case.public_id}/"
    case_page = client.get(done["Location"]).content.decode()
    assert "Zoning answer" in case_page and "1 year" in case_page and "Inspector" in case_page and "automatically" in case_page
    inspected = case_page.index("Inspection of the shop")
    assert case_page.index("Inspector", inspected) < case_page.index("automatically", inspected), "nobody else comes to the shop"
    assert client.get(here).status_code == 404


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"name_ar": "Latin"}, "Arabic letters"),
        ({"area_m2": "0"}, "square metres"),
        ({"civil_id": "1"}, "12 digits"),
        ({"plot": ""}, "Enter the building"),
        ({"term": "ever"}, "valid choice"),
        ({"holder": "x" * 26}, "valid choice"),
        ({"manager_name_en": "علي"}, "Latin letters"),
    ],
)
def test_a_wrong_fact_is_said_and_what_was_typed_stays(plot: Plot, owner: User, facts: dict[str, str], said: str) -> None:
    answer = signed_in(owner).post(REQUEST, typed(**facts))
    page = answer.content.decode()
    assert answer.status_code == 400 and said in page and 'value="Al Waha Salon"' in page
    assert not Draft.objects.exists()


def test_a_kept_civil_number_need_not_be_typed_again(plot: Plot, owner: User) -> None:
    draft = begun(owner)
    client, page = signed_in(owner), f"/en/health-licence/new/{draft.public_id}/"
    assert "0038" in client.get(page).content.decode()
    assert client.post(page, typed(civil_id="", version=draft.version, area_m2="75")).status_code == 302
    draft.refresh_from_db()
    assert requests.answers_of(draft)["area_m2"] == 75 and requests.answers_of(draft)["civil_id_digest"]


def test_a_conflict_shows_what_was_typed(plot: Plot, owner: User) -> None:
    draft = begun(owner)
    requests.keep(person=owner, answers=answers(area_m2=61), draft=draft)
    answer = signed_in(owner).post(f"/en/health-licence/new/{draft.public_id}/", typed(area_m2="62", version=1))
    assert answer.status_code == 409 and 'value="62"' in answer.content.decode()


def test_a_signatory_chooses_who_holds_it(plot: Plot, owner: User) -> None:
    from municipality.accounts.models import Signatory

    organisation = OrganisationFactory(name_ar="شركة", name_en="Company", commercial_register_no="77009")
    Signatory.objects.create(organisation=organisation, person=owner, first_day=clock.today())
    client = signed_in(owner)
    assert "Company" in client.get(REQUEST).content.decode()
    assert client.post(REQUEST, typed(holder=organisation.public_id)).status_code == 302
    assert "Company" in client.get(f"/en/health-licence/new/{Draft.objects.get().public_id}/send/").content.decode()


def test_a_draft_is_deleted_after_a_question(plot: Plot, owner: User) -> None:
    draft = begun(owner)
    client, page = signed_in(owner), f"/en/health-licence/new/{draft.public_id}/discard/"
    assert client.get(page).status_code == 200 and client.post(page)["Location"] == START
    assert not Draft.objects.filter(closed_at=None).exists()


def test_a_stranger_sees_neither_draft_nor_request(plot: Plot, owner: User) -> None:
    client, draft = signed_in(PersonFactory(noura=True)), begun(owner)
    for path in ("", "send/", "discard/"):
        assert client.get(f"/en/health-licence/new/{draft.public_id}/{path}").status_code == 404
    case = sent(owner, floor="1").case
    for path in ("commercial", "corrections", "withdraw"):
        assert client.get(f"/en/health-licence/new/requests/{case.public_id}/{path}/").status_code == 404


@pytest.mark.usefixtures("inspectors")
def test_the_commercial_licence_is_entered(plot: Plot, owner: User, officer: User) -> None:
    request = new_licences.approved(owner, officer)
    client = signed_in(owner)
    page = f"/en/health-licence/new/requests/{request.case.public_id}/commercial/"
    assert page in client.get(f"/en/cases/{request.case.public_id}/").content.decode()
    assert "Enter the commercial licence" in client.get("/en/").content.decode()
    assert client.post(page, {"number": ""}).status_code == 400
    assert client.post(page, {"number": "رقم"}).status_code == 400
    assert client.post(page, {"number": NUMBER, "ends_on": "2020-01-01"}).status_code == 400
    refused = client.post(page, {"number": NUMBER, "ends_on": "2028-01-01"})
    assert refused.status_code == 409 and "add a copy" in refused.content.decode() and f'value="{NUMBER}"' in refused.content.decode()
    UploadFactory(owner=owner, subject=request.files_key, slot="license_copy")
    assert client.post(page, {"number": "٢٠٢٧/٥٥٠٠١", "ends_on": "2028-01-01"}).status_code == 302
    assert NewLicence.objects.get().commercial_license_no == NUMBER
    assert client.get(page).status_code == 302


def test_the_desk_names_each_source_once(plot: Plot, owner: User) -> None:
    sources = facts_context(items(sent(owner).case), compares=False)["sources"]
    assert [str(source.text) for source in sources] == ["أقرّ به مقدم الطلب"]


@pytest.mark.usefixtures("inspectors")
def test_the_promised_day_is_not_named_after_the_decision(plot: Plot, owner: User, officer: User) -> None:
    promise, client = "The Municipality decides by", signed_in(owner)
    waiting = new_licences.sent(owner)
    assert promise in client.get(f"/en/cases/{waiting.case.public_id}/").content.decode()
    request = new_licences.with_copy(new_licences.fresh(new_licences.desk_acts.approve(officer)))
    page = client.get(f"/en/cases/{request.case.public_id}/").content.decode()
    assert promise not in page and "To the inspection" in page
