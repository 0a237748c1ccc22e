"""The list of delegations at any length, and the form that gives one."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext

from municipality.accounts.models import Organisation, User
from municipality.delegation.models import Delegation
from tests.browsers import signed_in
from tests.municipality.delegation.delegates import DELEGATE, UNTIL, let, main

pytestmark = pytest.mark.django_db


def test_nothing_that_gives_a_right_is_chosen_beforehand_unless_there_is_but_one(make_shop: Any, owner: User) -> None:
    client = signed_in(owner)

    def options(name: str, path: str = "/en/delegations/give/") -> list[tuple[str, bool]]:
        choice = BeautifulSoup(client.get(path).content, "html.parser").select_one(f"select[name={name}]")
        assert choice is not None
        return [(str(option["value"]), option.has_attr("selected")) for option in choice.select("option")]

    only = make_shop(name_en="Zahra Roastery")
    assert [value for value, _chosen in options("subject")] == [only.key], "a browser shows the first: here there is no other"
    second = make_shop(name_en="Amber Bakery")
    third = make_shop(name_en="Marina Grill")
    assert [value for value, _chosen in options("subject")] == ["", second.key, third.key, only.key], "by name"
    assert options("service")[0][0] == "" and not any(chosen for value, chosen in options("service") if value)
    asked = options("subject", f"/en/delegations/give/?for={third.key}")
    assert [value for value, chosen in asked if chosen] == [third.key]
    sent = client.post("/en/delegations/give/", {"subject": "", "service": "", "civil_id": DELEGATE, "last_day": UNTIL.isoformat()})
    assert sent.status_code == 400 and "Choose a shop." in main(sent) and not Delegation.objects.exists()


def test_many_delegations_cost_no_more_statements_than_one(make_shop: Any, owner: User, delegate: User, company: Organisation) -> None:
    def cost(person: User) -> int:
        client = signed_in(person)
        client.get("/en/delegations/")
        with CaptureQueriesContext(connection) as asked:
            page = client.get("/en/delegations/")
        assert page.status_code == 200 and page.content.decode().count("In force") == Delegation.objects.count()
        return len(asked)

    for _turn in range(2):  # one of each kind
        let(owner, delegate, make_shop().key)
        let(owner, delegate, make_shop(owner=None, organisation=company).key)
    before = [cost(person) for person in (owner, delegate)]
    let(owner, delegate, f"organisation:{company.public_id}")
    with_organisation = [cost(person) for person in (owner, delegate)]
    for _turn in range(6):
        let(owner, delegate, make_shop().key)
        let(owner, delegate, make_shop(owner=None, organisation=company).key)
    assert [cost(person) for person in (owner, delegate)] == with_organisation
    assert max(with_organisation) <= 12 and all(few <= many for few, many in zip(before, with_organisation, strict=True))
