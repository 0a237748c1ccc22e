"""The page of a refused renewal offers the appeal, the form takes it, home and timeline show it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.utils.translation import get_language

from licensing.health.appeals import services
from licensing.health.appeals.obligations import obligations
from licensing.models import Appeal
from municipality.accounts.models import User
from municipality.cases.models import Case
from municipality.cases.obligations import Duty
from municipality.uploads.registry import PREFIXES
from tests import desk_acts
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def branch_of_appeals(decider: Callable[..., User]) -> None:
    decider()


def read(user: Any, path: str) -> str:
    return signed_in(user).get(path).content.decode()


def test_the_page_of_a_refusal_has_the_button_and_home_the_offer(refused: Case, owner: Any) -> None:
    url = f"/en/cases/{refused.public_id}/appeal/"
    page = read(owner, f"/en/cases/{refused.public_id}/")
    assert f'href="{url}">Appeal</a>' in page and "You may appeal online until" in page and "AH)</span>" in page
    (offer,) = obligations(owner)
    assert (offer.duty, offer.code, offer.url) == (Duty.OFFER, "appeal", f"/{get_language()}{url[3:]}")
    assert url in read(owner, "/en/")
    form = read(owner, url)
    for words in ("The health conditions set", "60 days", "Another branch decides"):
        assert words in form
    assert "يمكن التظلم حتى" in read(owner, url.replace("/en/", "/ar/"))


def test_an_appeal_is_filed_by_its_page_and_stands_on_both_pages(refused: Case, owner: Any) -> None:
    client, url = signed_in(owner), f"/en/cases/{refused.public_id}/appeal/"
    empty = client.post(url, {"words": ""})
    assert (empty.status_code, "Please write why the refusal is wrong." in empty.content.decode()) == (200, True)
    answer = client.post(url, {"words": "The drain was fitted."})
    appeal = Appeal.objects.select_related("case").get()
    assert answer.url == f"/en/cases/{appeal.case.public_id}/"
    page = client.get(answer.url).content.decode()
    for words in (
        "Appeal against a refused request for a licence",
        "The drain was fitted.",
        refused.reference,
        "In the queue",
        "Jahra",
    ):
        assert words in page
    first = client.get(f"/en/cases/{refused.public_id}/").content.decode()
    assert "Appealed; another branch decides" in first and f"/en/cases/{appeal.case.public_id}/" in first
    assert obligations(owner) == []
    assert client.get(url).url == f"/en/cases/{refused.public_id}/"  # once


def test_an_allowed_appeal_asks_for_the_fee_on_the_page_of_the_renewal(refused: Case, owner: Any) -> None:
    services.file(case=refused, person=owner, words="x")
    desk_acts.approve(User.objects.get(login="decider-JA"))
    page = read(owner, f"/en/cases/{refused.public_id}/")
    assert "The appeal is allowed: approved, waiting for payment" in page and "Pay by KNET" in page


def test_it_is_withdrawn_by_its_page(refused: Case, owner: Any) -> None:
    appeal = services.file(case=refused, person=owner, words="x")
    client, url = signed_in(owner), f"/en/cases/{appeal.case.public_id}/appeal/withdraw/"
    assert "A second appeal is not possible." in client.get(url).content.decode()
    assert client.post(url).url == f"/en/cases/{appeal.case.public_id}/"
    assert Case.objects.get(pk=appeal.case_id).state == "withdrawn"
    assert client.get(url).status_code == 302


def test_another_person_finds_neither_page(refused: Case, owner: Any) -> None:
    client = signed_in(UserFactory())
    assert client.get(f"/en/cases/{refused.public_id}/appeal/").status_code == 404
    assert client.post(f"/en/cases/{refused.public_id}/appeal/", {"words": "x"}).status_code == 404
    assert not Appeal.objects.exists()


def test_files_are_taken_until_the_appeal_is_filed(refused: Case, owner: Any, frozen_clock: Clock) -> None:
    rules = PREFIXES["case"]
    assert "appeal" in rules.slots(refused.key) and "appeal" not in rules.locked(refused.key)
    appeal = services.file(case=refused, person=owner, words="x")
    assert "appeal" in rules.locked(refused.key)
    decider = User.objects.get(login="decider-JA")
    assert not rules.may_read(decider, refused.key)
    desk_acts.assigned(decider)
    assert rules.may_read(decider, refused.key)
    assert not rules.may_read(User.objects.get(login="refuser"), appeal.case.key)


def test_after_the_last_day_nothing_is_offered(refused: Case, owner: Any, frozen_clock: Clock) -> None:
    frozen_clock.move(days=61)
    assert "/appeal/" not in read(owner, f"/en/cases/{refused.public_id}/") and obligations(owner) == []
    assert "appeal" in PREFIXES["case"].locked(refused.key)
