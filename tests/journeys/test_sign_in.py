"""The door: what happens when the phone says no, says nothing, or somebody else looks on; sessions; the language of a form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import WALKING
from tests.journeys.people import identity
from tests.journeys.simulators import Phone
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]

DECLINES, SLEEPS, WATCHED, ROAMS = "Nasser Al-Bandar", "Maryam Al-Wasm", "Meshal Al-Talh", "Haya Al-Sidra"


def _ask_to_sign_in(visitor: Visitor, name_en: str) -> str:
    """The number to compare, on the waiting page."""
    visitor.go("my-shops/")
    visitor.page.fill("#id_civil_id", identity(name_en).civil_id)
    visitor.page.click("#form button.kp-btn--fill")
    visitor.arrive("/sign-in/waiting/$")
    return visitor.page.locator(".kp-code b").inner_text().strip()


def _is_signed_in(visitor: Visitor) -> bool:
    visitor.go("my-shops/")
    return visitor.here().endswith("/my-shops/")


@pytest.mark.parametrize(
    ("code", "scripts", "heading"),
    [("ar", True, "رُفض الطلب من الهاتف"), ("en", False, "The request was declined on the phone")],
    ids=["ar-scripts", "en-noscript"],
)
def test_a_declined_request_opens_nothing_and_says_so(
    visit: Callable[..., Visitor], phone_of: Callable[..., Phone], code: str, scripts: bool, heading: str
) -> None:
    visitor = visit(code, java_script_enabled=scripts, viewport=PHONE)
    number = _ask_to_sign_in(visitor, DECLINES)
    phone_of(DECLINES, code).answer("decline", number)
    visitor.page.wait_for_selector(f"main h1:text-is('{heading}')")
    again = visitor.page.locator("main a.kp-btn--fill").get_attribute("href") or ""
    assert again.endswith(f"/sign-in/?next=%2F{code}%2Fmy-shops%2F")
    assert not _is_signed_in(visitor)
    assert visitor.wrongs() == []


def test_a_phone_that_does_not_answer_is_told_after_the_time(
    stack: Stack, visit: Callable[..., Visitor], phone_of: Callable[..., Phone]
) -> None:
    visitor = visit("en")
    _ask_to_sign_in(visitor, SLEEPS)
    request_id = phone_of(SLEEPS, "en").look().locator("[data-request]").get_attribute("data-request")
    stack.sql(f"UPDATE accounts_signinrequest SET expires_at = created_at WHERE request_id = '{request_id}'")
    visitor.page.wait_for_selector("main h1:text-is('The phone did not answer in time')")
    assert not _is_signed_in(visitor)


def test_only_the_browser_that_asked_gets_the_session_and_only_once(
    stack: Stack, visit: Callable[..., Visitor], phone_of: Callable[..., Phone]
) -> None:
    asking, looking = visit("ar"), visit("ar")
    asking.page.route("**/sign-in/status/", lambda route: route.abort())  # so that it does not go on before the other has tried
    number = _ask_to_sign_in(asking, WATCHED)
    phone_of(WATCHED).answer("approve", number)
    for step in ("waiting", "finish"):
        looking.go(f"sign-in/{step}/")
        assert looking.here().endswith("/sign-in/")
    assert not _is_signed_in(looking)
    asking.go("sign-in/waiting/")
    asking.arrive("/my-shops/$")
    asking.go("sign-in/finish/")  # the answer was used
    left = asking.context.request.get(f"{stack.base_url}/ar/sign-out/")
    assert left.status == 405, "no link and no picture signs anybody out"
    assert _is_signed_in(asking)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "noscript"])
def test_the_other_language_keeps_answers_errors_and_focus(
    renewable: dict[str, list[dict[str, str]]], visit: Callable[..., Visitor], signed_in: Callable[[str], Any], scripts: bool
) -> None:
    shop = renewable[WALKING][0]
    visitor = visit("ar", java_script_enabled=scripts, storage_state=signed_in(WALKING), viewport=PHONE)
    page = visitor.go(f"health-licence/{shop['id']}/renew/")
    page.click("#form button.kp-btn--fill")
    page.wait_for_selector(".kp-errors")
    assert page.title().startswith("خطأ:")
    page.focus("#id_declared")
    page.click("button.kp-lang")
    visitor.arrive(f"^/en/health-licence/{shop['id']}/renew/$")
    assert page.title().startswith("Error:")
    assert page.locator(".kp-errors li").all_inner_texts() == ["Tick the box to make the declaration. The renewal cannot go on without it."]
    if scripts:
        expect(page.locator("#id_declared:focus")).to_have_count(1)
    else:
        expect(page.locator(".kp-errors:focus")).to_have_count(1)
    page.check("#id_declared")
    page.click("button.kp-lang")
    visitor.arrive("^/ar/health-licence/.+/renew/$")
    assert page.locator("#id_declared").is_checked()
    assert visitor.wrongs() == []


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "noscript"])
def test_the_sign_in_form_keeps_a_wrong_number_in_the_other_language(visit: Callable[..., Visitor], scripts: bool) -> None:
    visitor = visit("en", java_script_enabled=scripts)
    page = visitor.go("sign-in/")
    page.fill("#id_civil_id", "٢٩٠٠١٠١٠٠٠١٤")  # Arabic digits, the last of them wrong
    page.click("#form button.kp-btn--fill")
    page.wait_for_selector(".kp-errors:focus")
    page.locator(".kp-errors a").click()
    expect(page.locator("#id_civil_id:focus")).to_have_count(1)
    page.click("button.kp-lang")
    visitor.arrive("^/ar/sign-in/$")
    assert page.input_value("#id_civil_id") == "٢٩٠٠١٠١٠٠٠١٤"
    expect(page.locator(".kp-errors li")).to_have_count(1)
    assert visitor.wrongs() == []


def test_sessions_are_listed_and_ended_by_their_owner(visit: Callable[..., Visitor]) -> None:
    here = visit("en")
    elsewhere = visit("ar", viewport=PHONE, user_agent="Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36")
    here.sign_in(identity(ROAMS).civil_id)
    elsewhere.sign_in(identity(ROAMS).civil_id)
    page = here.go("profile/sessions/")
    expect(page.locator("main ul.kp-list > li")).to_have_count(2)
    page.locator("main ul.kp-list > li:not(:has(.kp-tag)) button").click()
    here.arrive("/profile/sessions/$")
    expect(page.locator("main ul.kp-list > li")).to_have_count(1, timeout=PATIENCE * 1000)
    assert not _is_signed_in(elsewhere)
    assert _is_signed_in(here)
    here.go("profile/").locator("form[action*='/sign-out/'] button").click()
    here.arrive("^/en/$")
    assert not _is_signed_in(here)
    here.page.go_back()
    assert identity(ROAMS).person.name_en not in here.page.content(), "what was signed out of is not in the browser's memory"
