"""The page of a renewal that an unpaid violation blocks: why, on what ground, what lifts it, and the way through payment and back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from licensing.health.states import RENEWAL
from municipality.cases.models import Block
from municipality.delegation.services import delegations
from municipality.kernel import clock
from payments.models import Attempt, Bill
from shops.models import Shop
from shops.registry import FOLLOWING
from tests.browsers import signed_in
from tests.conftest import Clock
from tests.factories.accounts import NOURA, PersonFactory, StaffFactory
from tests.violations.conftest import settle
from violations import block_causes, shop_merges
from violations.models import Violation
from violations.services import court
from violations.states import SERVICE

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop(make_licensed_shop: Callable[..., Shop], owner: Any) -> Shop:
    return make_licensed_shop(owner=owner, ends_in=60)


@pytest.fixture
def judged(overdue: Violation) -> Violation:
    clerk, second = (StaffFactory(groups=["court_clerk"], login=login) for login in ("court1", "court2"))
    court.refer(clerk=clerk)
    ruling = court.enter_judgment(
        violation=Violation.objects.get(pk=overdue.pk), ruling_no="77/2027", ruled_on=clock.today(), fils=120_000, clerk=clerk
    )
    court.confirm_judgment(judgment=ruling, ruled_on=ruling.ruled_on, clerk=second, ruling_no="77/2027", fils=120_000)
    return Violation.objects.get(pk=overdue.pk)


def renewal(shop: Shop) -> str:
    return f"/en/health-licence/{shop.public_id}/renew/"


def main_of(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode().split("<main")[1].split("</main>")[0]


def test_what_cannot_be_paid_now_says_what_happens_and_offers_no_payment(overdue: Violation, owner: Any, shop: Shop) -> None:
    main = main_of(signed_in(owner), renewal(shop))
    assert "The settlement period of a violation is over" in main and overdue.reference in main
    assert "Decree-Law 75 of 2025" in main and "The court sets the amount." in main
    assert f'kp-btn--fill" href="/en/violations/{overdue.public_id}/"' in main and "/pay/" not in main


def test_the_amount_of_the_court_is_paid_from_the_renewal_and_leads_back_to_it_with_the_condition_met(
    judged: Violation, owner: Any, shop: Shop, frozen_clock: Clock
) -> None:
    client = signed_in(owner)
    main = main_of(client, renewal(shop))
    way = f"/en/violations/{judged.public_id}/pay/?from=renewal%3A{shop.public_id}"
    assert "120.000" in main and judged.reference in main and "77/2027" in main and main.count("kp-btn--fill") == 1
    assert f'class="kp-btn kp-btn--fill" href="{way}"' in main
    assert client.post(way, {"fils": "120000"}).status_code == 303
    attempt = Attempt.objects.get()
    assert f'href="{renewal(shop)}"' not in main_of(client, f"/pay/r/{attempt.token}"), "not paid yet"
    settle(Bill.objects.get())
    assert f'href="{renewal(shop)}"' in main_of(client, f"/pay/r/{attempt.token}")
    main = main_of(client, renewal(shop))
    assert "Nothing prevents the renewal" in main and 'id="form"' in main and judged.reference not in main


@pytest.mark.parametrize("origin", ["https://evil.test/", "renewal:nothing", "//evil", "other:x", "renewal:", "renewal:" + "x" * 500])
def test_only_a_known_page_that_the_person_may_open_is_returned_to(judged: Violation, owner: Any, origin: str) -> None:
    client = signed_in(owner)
    client.get(f"/en/violations/{judged.public_id}/pay/", {"from": origin})
    assert "payments.origins" not in client.session


def test_a_shop_of_somebody_else_is_not_returned_to(judged: Violation, owner: Any, make_licensed_shop: Callable[..., Shop]) -> None:
    strange = make_licensed_shop(owner=PersonFactory(noura=True))
    client = signed_in(owner)
    client.get(f"/en/violations/{judged.public_id}/pay/", {"from": f"renewal:{strange.public_id}"})
    assert "payments.origins" not in client.session
    client.get(f"/en/violations/{judged.public_id}/pay/", {"from": f"renewal:{judged.shop.public_id}"})  # type: ignore[union-attr]
    assert client.session["payments.origins"] == {judged.key: f"renewal:{judged.shop.public_id}"}  # type: ignore[union-attr]


def test_somebody_who_may_renew_but_not_see_the_violation_reads_the_sentence_of_the_block_only(judged: Violation, owner: Any) -> None:
    block = Block.objects.get(source=judged.key)
    assert block.pk in block_causes.explain(owner, [block], "")
    assert block_causes.explain(PersonFactory(noura=True), [block], "") == {}


@pytest.mark.parametrize("state", ["overdue", "judged"])
def test_a_list_names_a_block_as_the_page_of_the_renewal_does(state: str, request: pytest.FixtureRequest, owner: Any, shop: Shop) -> None:
    row: Violation = request.getfixturevalue(state)
    block = Block.objects.get(source=row.key)
    cause, short = block_causes.explain(owner, [block], "")[block.pk], block_causes.titles(owner, [block], [shop])[block.pk]
    assert (short.title, short.reference, short.fils) == (cause.title, cause.reference, cause.fils)


def test_a_list_names_no_violation_that_its_reader_may_not_see(judged: Violation, owner: Any, shop: Shop) -> None:
    block, noura = Block.objects.get(source=judged.key), PersonFactory(noura=True)
    assert block_causes.titles(owner, [block], [])  # of another shop of theirs
    assert block_causes.titles(noura, [block], []) == {}
    given = {"number": NOURA, "subject": shop.key, "last_day": clock.today() + dt.timedelta(days=60)}
    delegations.accept(delegation=delegations.give(giver=owner, service=RENEWAL, **given), person=noura)
    assert block_causes.titles(noura, [block], [shop]) == {}, "a delegation for renewals alone"
    delegations.accept(delegation=delegations.give(giver=owner, service=SERVICE, **given), person=noura)
    assert block_causes.titles(noura, [block], [shop]), "the red control: only the service was missing"
    assert block_causes.titles(StaffFactory(login="counter"), [block], [shop]) == {}


def test_what_has_not_ended_follows_the_shop_to_whoever_decides_about_its_holder(write: Callable[..., Violation], shop: Shop) -> None:
    row = write("CLN-03", shop=shop)
    (line,) = shop_merges.following(shop)
    assert row.number in line and row.get_state_display() in line  # type: ignore[operator]
    assert FOLLOWING["violations"] is shop_merges.following
