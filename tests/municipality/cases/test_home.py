"""The home page of a portal whose rulebook is still empty, or not."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from municipality.cases.catalogue import CATALOGUE, terms
from municipality.kernel import clock
from municipality.kernel.errors import Refused

pytestmark = pytest.mark.django_db
WORDS = {"en": "No rules in force yet", "ar": "لا قواعد سارية بعد"}


def card(client: Client, language: str) -> str:
    """The card of the health licence on the home page."""
    answer = client.get(f"/{language}/")
    assert answer.status_code == 200
    return re.findall(r'<li class="kp-card kp-service.*?</li>', answer.content.decode(), re.S)[0]


@pytest.mark.parametrize("language", ["ar", "en"])
def test_an_empty_portal_has_a_home_that_says_which_service_waits_for_its_rules(client: Client, language: str) -> None:
    shown = card(client, language)
    assert WORDS[language] in shown
    assert "<a " not in shown


@pytest.mark.parametrize("language", ["ar", "en"])
def test_a_published_edition_opens_the_service(rules: None, client: Client, language: str) -> None:
    shown = card(client, language)
    assert WORDS[language] not in shown
    assert f'href="/{language}/health-licence/"' in shown


def test_the_page_of_a_service_without_rules_says_so(client: Client) -> None:
    answer = client.get("/en/health-licence/")
    assert answer.status_code == 409
    assert "This service has no rules in force yet" in answer.content.decode()


def test_the_interface_tells_programs_the_same(client: Client) -> None:
    answer = client.get("/api/v1/services/")
    assert answer.status_code == 200
    health = next(one for one in answer.json() if one["code"] == "health")
    assert (health["is_open"], health["fees"], health["promised_working_days"]) == (False, [], None)


def test_any_other_refusal_is_not_swallowed() -> None:
    def broken(today: Any) -> Any:
        raise Refused("something_else")

    with pytest.raises(Refused, match="something_else"):
        terms(replace(CATALOGUE["health"], fees=broken), clock.today())


def test_links_to_public_pages_have_a_preview(rules: None) -> None:
    """Title and description of the page itself, in its language, and no image from elsewhere."""
    for path, title, description in (
        ("/en/", "Kuwait Municipality e-services", "Municipal services of Kuwait"),
        ("/en/health-licence/", "Health licence", "Renewal for non-food shops"),
        ("/ar/health-licence/", "الترخيص الصحي", "تجديد للمحلات غير الغذائية"),
    ):
        head = Client().get(path).content.decode().partition("</head>")[0]
        assert f'<meta property="og:title" content="{title}">' in head, path
        assert f'<meta name="description" content="{description}' in head, path
        assert "og:image" not in head


def test_reports_are_open_once_their_categories_are_in_force(client: Client, rules: None) -> None:
    assert CATALOGUE["reports"].is_open and 'href="/en/report/"' in client.get("/en/").content.decode()
    assert not terms(CATALOGUE["reports"], dt.date(2000, 1, 1)).are_known
