"""The pages of a new licence in a browser, as an Arabic phone and an English desktop show them."""

from __future__ import annotations

import pytest

from licensing.health.new_licence.services import requests
from licensing.models import NewLicence
from municipality.accounts.models import User
from municipality.drafts.models import Draft
from municipality.review.services.desk import accept
from tests import desk_acts
from tests.factories import new_licences
from tests.factories.licensing import MANAGER
from tests.factories.new_licences import answers
from tests.factories.uploads import UploadFactory
from tests.licensing.signage.browsing import Open, look
from zoning.models import Plot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser, pytest.mark.usefixtures("inspectors")]
NOT_PERMITTED = "غير مسموح"


@pytest.mark.parametrize("language", ["ar", "en"])
def test_from_the_place_to_the_approved_location(plot: Plot, owner: User, officer: User, visit: Open, language: str) -> None:
    given = answers()
    page = visit(f"/{language}/health-licence/new/", owner, language=language)
    look(page, f"start-{language}")
    page.select_option("#id_activity", "BARB")
    page.select_option("#id_area", str(given["area"]))
    page.fill("#id_block", "٣")
    page.fill("#id_plot", "12")
    page.click("#ask button")
    page.wait_for_selector("#answer")
    look(page, f"answer-{language}")
    page.click(".kp-next a.kp-btn--fill")
    page.wait_for_selector("#id_name_ar")
    assert page.input_value("#id_block") == "3" and page.input_value("#id_activity") == "BARB"
    page.click("#form button[type=submit]:not([formaction])")
    page.wait_for_selector(".kp-errors")
    look(page, f"errors-{language}")
    fields = {name: given[name] for name in ("name_ar", "name_en", "street", "paci_number", "manager_name_ar", "manager_name_en")}
    for name, value in (fields | {"area_m2": "60", "civil_id": MANAGER}).items():
        page.fill(f"#id_{name}", value)
    page.click("#form button[type=submit]:not([formaction])")
    page.wait_for_url("**/send/")
    look(page, f"send-{language}")
    for slot in ("tenure", "drawing", "place"):
        UploadFactory(owner=owner, subject=requests.files_key(Draft.objects.get()), slot=slot)
    page.reload()
    page.check("#id_declared")
    page.click("#form > p > button.kp-btn--fill")
    page.wait_for_url("**/cases/**")
    look(page, f"case-{language}")
    case = NewLicence.objects.get().case
    assignment = desk_acts.assigned(officer)
    look(visit(f"/admin/desk/{case.public_id}/", officer, language=language), f"desk-{language}")
    accept(assignment=desk_acts.checked(assignment))
    page.reload()
    look(page, f"approved-{language}")
    page.click("main a.kp-btn--fill[href$='/commercial/']")
    page.wait_for_url("**/commercial/")
    look(page, f"commercial-{language}")
    new_licences.with_copy(new_licences.fresh(case))
    page.goto(page.url.partition("/health-licence/")[0] + f"/cases/{case.public_id}/")
    look(page, f"inspection-{language}")


def test_a_place_that_is_not_permitted(housing: Plot, owner: User, officer: User, visit: Open) -> None:
    given = answers()
    query = "&".join(f"{name}={given[name]}" for name in ("activity", "area", "block", "plot", "floor"))
    page = visit(f"/ar/health-licence/new/?{query}", language="ar")
    look(page, "against-ar")
    assert NOT_PERMITTED in page.inner_text("main")
    request = new_licences.sent(owner)
    desk_acts.assigned(officer)
    desk = visit(f"/admin/desk/{request.case.public_id}/", officer, language="ar")
    look(desk, "against-desk")
    assert NOT_PERMITTED in desk.inner_text("main")
