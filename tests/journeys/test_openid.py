"""Signing in by an OpenID Connect provider in a real browser, and what a person reads when it does not confirm them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.journeys.measurements import axe
from tests.journeys.people import identity
from tests.journeys.visitor import PHONE, Visitor
from tests.openid.running import Provider
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]

PERSON = "Ghanima Al-Khuzama"
REFUSED = {"ar": "لم يؤكد مزوّد الهوية الشخصية", "en": "The identity provider did not confirm who you are"}
AWAY = {"ar": "تعذّر الاتصال بمزوّد الهوية", "en": "The identity provider cannot be reached"}


@pytest.fixture
def tell(stack: Stack, provider: Provider) -> Callable[..., None]:
    """Say who comes next to the provider and what goes wrong there."""

    def told(civil_id: str, **faults: Any) -> None:
        provider.tell(civil_id, back=f"{stack.base_url}/accounts/openid/callback", **faults)

    told(identity(PERSON).civil_id)
    return told


def by_the_provider(visitor: Visitor, then: str = "my-shops/") -> None:
    """From a page for people only, by the provider's button."""
    visitor.go(then)
    visitor.arrive("/sign-in/$")
    visitor.page.click("form[action*='/sign-in/provider/'] button")


def is_signed_in(visitor: Visitor) -> bool:
    visitor.go("my-shops/")
    return visitor.here().endswith("/my-shops/")


@pytest.mark.parametrize(("code", "scripts"), [("ar", True), ("en", False)], ids=["ar-scripts", "en-noscript"])
def test_a_person_comes_in_by_the_provider_into_the_same_account(
    stack: Stack, visit: Callable[..., Visitor], tell: Callable[..., None], code: str, scripts: bool
) -> None:
    visitor = visit(code, java_script_enabled=scripts, viewport=PHONE)
    by_the_provider(visitor)
    visitor.arrive(f"^/{code}/my-shops/$")
    back = next(url for url in visitor.asked if "/accounts/openid/callback" in url)
    visitor.go("profile/")
    assert identity(PERSON).civil_id[-4:] in visitor.main()
    digests = stack.sql("SELECT count(DISTINCT user_id) FROM socialaccount_socialaccount WHERE provider = %s", "openid")
    assert digests == [(1,)]
    assert visitor.wrongs() == []

    visitor.page.locator("form[action*='/sign-out/'] button").click()
    visitor.arrive(f"^/{code}/$")
    visitor.page.goto(back)  # the answer was used
    assert visitor.pages_with_status[back] == 409
    assert not is_signed_in(visitor)


@pytest.mark.parametrize("code", ["ar", "en"])
@pytest.mark.parametrize(
    ("number", "faults"),
    [
        (None, {"nonce": "another"}),
        (None, {"age": 3600}),
        (None, {"claims": {"acr": "low"}}),
        ("290010100012", {}),
        ("", {}),
    ],
    ids=["nonce", "expired", "assurance", "check digit", "no number"],
)
def test_an_answer_that_proves_nothing_opens_nothing_and_names_the_other_ways(
    visit: Callable[..., Visitor], tell: Callable[..., None], number: str | None, faults: dict[str, Any], code: str
) -> None:
    tell(identity(PERSON).civil_id if number is None else number, **faults)
    visitor = visit(code)
    by_the_provider(visitor)
    visitor.page.wait_for_selector(f"main h1:text-is('{REFUSED[code]}')")
    assert visitor.page.locator("main a[href*='/sign-in/']").count() >= 3
    assert axe(visitor.page) == []
    assert visitor.wrongs() == []
    assert not is_signed_in(visitor)


def test_an_answer_under_a_foreign_state_opens_nothing(visit: Callable[..., Visitor], tell: Callable[..., None], stack: Stack) -> None:
    begun, other = visit("en"), visit("en")
    begun.page.route("**/accounts/openid/callback**", lambda route: route.abort())
    with begun.page.expect_request(lambda request: "/accounts/openid/callback" in request.url) as asked:
        by_the_provider(begun)
    back = asked.value.url
    other.page.goto(back)
    assert other.pages_with_status[back] == 409
    assert not is_signed_in(other)


@pytest.mark.parametrize("code", ["ar", "en"])
def test_while_the_provider_is_down_the_page_says_so_and_mobile_id_leads_in(
    visit: Callable[..., Visitor], provider: Provider, tell: Callable[..., None], code: str
) -> None:
    visitor = visit(code)
    visitor.go("my-shops/")
    provider.stop()
    try:
        visitor.page.click("form[action*='/sign-in/provider/'] button")
        visitor.page.wait_for_selector(f"main h1:text-is('{AWAY[code]}')")
        assert axe(visitor.page) == []
        visitor.page.click("main a.kp-btn--fill")
        visitor.arrive("/sign-in/$")
        visitor.page.fill("#id_civil_id", identity(PERSON).civil_id)
        visitor.page.click("#form button.kp-btn--fill")
        visitor.arrive(r"/sign-in/waiting/$")
        visitor.page.click("button[name=decision][value=approve]")
        visitor.arrive(f"^/{code}/my-shops/$")
    finally:
        provider.start()
