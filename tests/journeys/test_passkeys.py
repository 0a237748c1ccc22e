"""Passkeys in a real browser, with an authenticator that the browser itself plays."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.measurements import axe
from tests.journeys.people import identity
from tests.journeys.staff import enter, sign_out, to_the_code
from tests.journeys.visitor import PHONE, Visitor
from tools.stack.running import Stack

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]

HOLDERS = {"ar": "Aisha Al-Nada", "en": "Dawood Al-Rimth"}
DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """The virtual authenticator of one browser window."""

    def __init__(self, visitor: Visitor) -> None:
        self._session = visitor.context.new_cdp_session(visitor.page)
        self._session.send("WebAuthn.enable")
        self._id = self._session.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})["authenticatorId"]

    def keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"]
        return found

    def take(self, key: dict[str, Any]) -> None:
        """Put a key of another device in."""
        self._session.send("WebAuthn.addCredential", {"authenticatorId": self._id, "credential": key})

    def recognises(self, yes: bool) -> None:
        """Whether the finger is the owner's."""
        self._session.send("WebAuthn.setUserVerified", {"authenticatorId": self._id, "isUserVerified": yes})


@pytest.fixture
def local(browser: Browser, stack: Stack) -> Any:
    """Makes visitors who call the portal by a host name: browsers keep no passkeys for bare addresses."""
    named, made = copy.copy(stack), []
    named.base_url = f"http://localhost:{stack.port}"

    def make(code: str = "ar", **options: Any) -> Visitor:
        made.append(Visitor(browser, named, code, **options))
        return made[-1]

    yield make
    for visitor in made:
        visitor.close()


def press(visitor: Visitor) -> None:
    visitor.page.locator("form[data-passkey] button[type=submit]").click()


@pytest.mark.parametrize("code", ["ar", "en"])
def test_a_person_adds_a_passkey_signs_in_with_it_and_removes_it(local: Callable[..., Visitor], code: str) -> None:
    visitor = local(code, viewport=PHONE)
    device = Device(visitor)
    visitor.sign_in(identity(HOLDERS[code]).civil_id, then="profile/")
    page = visitor.page
    page.click("a[href$='/profile/passkeys/']")
    visitor.arrive("/profile/passkeys/$")
    page.click("a[href$='/profile/passkeys/add/']")
    visitor.arrive("/profile/passkeys/add/$")
    assert axe(page) == []
    page.fill("#id_name", "هاتفي" if code == "ar" else "My phone")
    press(visitor)
    visitor.arrive("/profile/passkeys/$")
    expect(page.locator("main ul.kp-list > li")).to_have_count(1)
    assert len(device.keys()) == 1
    assert axe(page) == []

    visitor.go("profile/").locator("form[action*='/sign-out/'] button").click()
    visitor.arrive(f"^/{code}/$")
    visitor.go("my-shops/")
    visitor.arrive("/sign-in/$")
    page.click("a[href*='/sign-in/passkey/']")
    visitor.arrive("/sign-in/passkey/$")
    assert not page.locator("[data-passkey-without]").is_visible()
    assert axe(page) == []
    device.recognises(False)
    press(visitor)
    page.wait_for_selector("[data-passkey-failed]:not([hidden])")
    assert visitor.here().endswith("/sign-in/passkey/")
    device.recognises(True)
    press(visitor)
    visitor.arrive(f"^/{code}/my-shops/$")

    visitor.go("messages/")
    assert page.locator("main li").count() >= 1
    visitor.go("profile/passkeys/")
    page.click("a[href$='/name/']")
    visitor.arrive("/name/$")
    page.fill("#id_name", "الجديد" if code == "ar" else "The new one")
    page.click("#form button.kp-btn--fill")
    visitor.arrive("/profile/passkeys/$")
    assert ("الجديد" if code == "ar" else "The new one") in visitor.main()
    page.click("a[href$='/remove/']")
    visitor.arrive("/remove/$")
    assert axe(page) == []
    page.click("main form button.kp-btn--fill")
    visitor.arrive("/profile/passkeys/$")
    expect(page.locator("main ul.kp-list > li")).to_have_count(0)

    visitor.go("profile/").locator("form[action*='/sign-out/'] button").click()
    visitor.arrive(f"^/{code}/$")
    visitor.go("sign-in/passkey/")
    press(visitor)
    page.wait_for_selector("main [role=alert]:not([hidden])")
    assert visitor.here().endswith("/sign-in/passkey/")
    assert visitor.wrongs() == []


@pytest.mark.parametrize("code", ["ar", "en"])
def test_without_javascript_the_page_names_the_other_way_in(local: Callable[..., Visitor], code: str) -> None:
    visitor = local(code, java_script_enabled=False)
    page = visitor.go("sign-in/passkey/")
    assert page.locator("[data-passkey-without]").is_visible()
    assert not page.locator("form[data-passkey]").is_visible()
    page.click("main a[href$='/sign-in/']")
    visitor.arrive(f"^/{code}/sign-in/$")


def test_an_officer_enters_with_a_passkey_after_the_password_or_alone(local: Callable[..., Visitor]) -> None:
    officer = local("ar")
    device = Device(officer)
    enter(officer, "auditor")
    page = officer.page
    page.click(".kp-bar__me")
    page.click("#me a[href$='/profile/passkeys/']")
    officer.arrive("/profile/passkeys/$")
    page.click("a[href$='/profile/passkeys/add/']")
    officer.arrive("/profile/passkeys/add/$")
    page.fill("#id_name", "مفتاح المكتب")
    press(officer)
    officer.arrive("/profile/passkeys/$")
    sign_out(officer)
    officer.arrive("^/staff/sign-in/$")

    to_the_code(officer, "auditor")
    assert axe(page) == []
    officer.go("/admin/")
    assert officer.here() == "/staff/sign-in/code/", "a password alone opens nothing"
    press(officer)
    officer.arrive("^/admin/$")
    officer.go("/admin/audit/auditevent/")
    assert officer.pages_with_status[page.url] == 200
    sign_out(officer)
    officer.arrive("^/staff/sign-in/$")
    page.click("main a[href*='/staff/sign-in/passkey/']")
    officer.arrive("^/staff/sign-in/passkey/$")
    assert axe(page) == []
    press(officer)
    officer.arrive("^/admin/$")
    key = device.keys()[0]
    assert officer.wrongs() == []

    stranger = local("ar")
    Device(stranger).take(key | {"isResidentCredential": False})
    stranger.go("sign-in/passkey/")
    press(stranger)
    stranger.page.wait_for_selector("main [role=alert]:not([hidden])")
    stranger.go("/admin/")
    assert stranger.here() == "/staff/sign-in/"


def test_a_signer_who_came_by_a_code_is_led_to_a_first_passkey_and_on_to_the_work(local: Callable[..., Visitor]) -> None:
    """From a browser that is not on this machine, for which the printed codes of the demo are no passkey."""
    operator = local("ar")
    device = Device(operator)
    enter(operator, "operator")
    operator.context.set_extra_http_headers({"X-Forwarded-For": "10.20.30.40"})
    page = operator.go("/admin/jobs/job/")
    operator.arrive("^/staff/key/")
    assert axe(page) == []
    page.click("main a[href*='/profile/passkeys/add/']")
    operator.arrive("/profile/passkeys/add/")
    page.fill("#id_name", "مفتاح المشغّل")
    press(operator)
    operator.arrive("^/admin/jobs/job/$")
    assert len(device.keys()) == 1
    operator.go("profile/passkeys/")
    expect(page.locator("main ul.kp-list > li")).to_have_count(1)
    assert operator.wrongs() == []
