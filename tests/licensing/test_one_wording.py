"""One act has one name, and one day one meaning, on the home page, in My shops and on the page of the request."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from licensing.models import HealthLicence
from licensing.signage.states import BOARDS
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.review.services import desk
from municipality.review.services.desk import CorrectionRequest
from municipality.ui.templatetags.portal import day
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories import boards
from tests.factories.licensing import RenewalCaseFactory
from tests.factories.review import OfficerFactory

pytestmark = pytest.mark.django_db


def main(user: User, page: str) -> str:
    return str(signed_in(user).get(page).content.decode().split("<main")[1])


def words(on: dt.date) -> str:
    """A day as an English page writes it."""
    with translation.override("en"):
        return str(day(on))


def test_a_licence_that_ended_while_its_renewal_waits_for_an_answer_says_all_three(
    make_shop: Any, owner: User, store: Path, frozen_clock: Clock
) -> None:
    shop = make_shop(ends_in=5)
    RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    assignment = desk_acts.checked(desk_acts.assigned(OfficerFactory()))
    desk.ask_corrections(assignment=assignment, items=[CorrectionRequest("area_differs", "area_m2")])
    assert "Ended" not in main(owner, "/en/my-shops/"), "the control"
    frozen_clock.move(days=6)
    shown = main(owner, "/en/my-shops/")
    last = words(HealthLicence.objects.get(shop=shop).last_day)
    assert "Ended · Renewal under way" in shown and "Answer the corrections" in shown
    assert "Last day of the licence:" in shown and last in shown
    assert "Continue the request" not in shown, "it is sent"


def test_my_shops_calls_the_step_of_a_sent_request_as_the_home_page_does(make_shop: Any, owner: User, store: Path) -> None:
    shop = make_shop(ends_in=200)
    officer = OfficerFactory(login="officer", branch_id=shop.branch_id, skills=["boards"])
    boards.approved(shop, owner, officer)
    shown = main(owner, "/en/my-shops/")
    assert "Pay the fee" in shown and "Continue the request" not in shown


def test_a_sent_request_is_never_to_be_continued(make_shop: Any, owner: User) -> None:
    shop = make_shop()
    RenewalCaseFactory(shop=shop, applicant=owner, changed=["area_m2"])
    assert "Continue the request" not in main(owner, f"/en/health-licence/{shop.public_id}/cancel/")
    assert "See the state of the request" in main(owner, f"/en/health-licence/{shop.public_id}/cancel/")


def test_every_request_says_its_promised_day_and_what_is_counted_before_it(make_shop: Any, owner: User, store: Path) -> None:
    shop = make_shop(ends_in=200)
    boards.sent(shop, owner)
    case = Case.objects.get(service=BOARDS)
    assert case.due_on is not None
    shown, home = main(owner, f"/en/cases/{case.public_id}/"), main(owner, "/en/")
    assert words(case.due_on) in home and "Decision by" in shown and words(case.due_on) in shown
    assert "of the same kind, in the same branch" in shown and "Expected to reach an officer" in shown


def test_a_change_asks_for_what_changes_and_does_not_call_it_optional(make_shop: Any, owner: User) -> None:
    shop = make_shop(ends_in=200)
    folder = f"/en/health-licence/{shop.public_id}/change/"
    signed_in(owner).post(folder)
    shown = main(owner, f"{folder}what/")
    assert "What is to change in the licence?" in shown and "(optional)" not in shown
    assert "Select at least one thing that is to change." in signed_in(owner).post(f"{folder}what/", {"version": 1}).content.decode()


@pytest.mark.parametrize(
    ("language", "words"), [("en", ("commercial licence", "No inspection", "boards")), ("ar", ("تراخيص اللوحات", "لا يُحدَّد له كشف"))]
)
def test_a_new_address_says_what_comes_first_and_what_follows(make_shop: Any, owner: User, language: str, words: tuple[str, ...]) -> None:
    shop = make_shop(ends_in=200)
    client, folder = signed_in(owner), f"/{language}/health-licence/{shop.public_id}/change/"
    client.post(folder)
    client.post(f"{folder}what/", {"version": 1, "changed": ["address", "area_m2"]})
    shown, other = (main(owner, f"{folder}{page}/") for page in ("address", "area_m2"))
    assert all(word in shown for word in words) and words[1] not in other


def test_a_cancelled_licence_ends_today_whatever_day_the_shop_closes(make_shop: Any, owner: User) -> None:
    shown = main(owner, f"/en/health-licence/{make_shop(ends_in=200).public_id}/cancel/")
    assert "The licence ends today all the same" in shown and "A deposit comes back" in shown


def test_the_page_of_boards_leads_to_their_renewal(rules: None) -> None:
    shown = Client().get("/en/boards/").content.decode()
    assert 'href="/en/boards/renew/"' in shown and "60 days are renewed as they are" in " ".join(shown.split())
    assert "Light box: hollow" in Client().get("/en/boards/costs/").content.decode()
