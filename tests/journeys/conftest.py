"""One portal, as real processes, for all journeys; everyone walks with people and shops of their own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.journeys.changed_shop import shops_of
from tests.journeys.people import identity
from tests.journeys.simulators import Bank, Phone
from tests.journeys.visitor import Visitor
from tests.openid.running import Provider
from tools.stack.running import Stack, Template

# Who gets shops that can be renewed, beside what the demo gives them.
RENEWING = ("Muneera Al-Rayhan", "Jassem Al-Heer", "Anil Kurmuri", "Lakshmi Nambala")
PAYING = "Hamad Al-Sawari"
LATE = "Ali Al-Ghous"
WALKING = "Fatima Al-Zabad"
# Questions to the bank follow each other faster than in life: after the acknowledgement, and again ten minutes later.
MORE = {"KNET_INQUIRY_DELAY_SECONDS": "1", "KNET_CONFIRM_DELAY_SECONDS": "12"}


@pytest.fixture(scope="package")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """An OpenID Connect provider beside Mobile ID."""
    running = Provider(tmp_path_factory.mktemp("provider"))
    try:
        yield running.start()
    finally:
        running.stop()


@pytest.fixture(scope="package")
def stack(stack_template: Template, provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The portal of this folder; its books agree after all that was done to it."""
    own, folder = stack_template.copy(tmp_path_factory.mktemp("journeys"))
    running = Stack(own, folder, more=MORE | provider.environment)
    try:
        yield running.start()
        told = running.manage("invariants", check=False)
        assert told.returncode == 0, told.stdout + told.stderr
    finally:
        running.stop()


@pytest.fixture(autouse=True)
def from_another_address(request: pytest.FixtureRequest) -> None:
    """Every journey comes from an address of its own: what one client may ask for in ten minutes is not shared by all of them."""
    if "stack" in request.fixturenames:
        request.getfixturevalue("stack").sql("DELETE FROM accounts_throttle")


@pytest.fixture(scope="package")
def renewable(stack: Stack) -> dict[str, list[dict[str, str]]]:
    """Shops whose licence can be renewed, by their owner's English name; each test takes (pops) those it uses up."""
    owners = dict.fromkeys(RENEWING, 1) | {PAYING: 10, LATE: 1, WALKING: 3}
    return shops_of(stack, owners)


@pytest.fixture
def visit(browser: Browser, stack: Stack) -> Iterator[Callable[..., Visitor]]:
    """Makes visitors, and shows their last page when the test fails."""
    made: list[Visitor] = []

    def make(code: str = "ar", **options: Any) -> Visitor:
        made.append(Visitor(browser, stack, code, **options))
        return made[-1]

    yield make
    for visitor in made:
        visitor.close()


@pytest.fixture
def phone_of(browser: Browser, stack: Stack) -> Iterator[Callable[..., Phone]]:
    """Phones of the demo's people by their English name."""
    made: list[Phone] = []

    def make(name_en: str, code: str = "ar") -> Phone:
        made.append(Phone(browser, stack, identity(name_en).civil_id, code))
        return made[-1]

    yield make
    for phone in made:
        phone.close()


@pytest.fixture(scope="package")
def bank(stack: Stack) -> Bank:
    return Bank(stack)


@pytest.fixture(scope="package")
def signed_in(browser: Browser, stack: Stack) -> Callable[[str], Any]:
    """Cookies of a person of the demo, who signs in anew after four minutes: acts that need a recent proof accept it for five."""
    kept: dict[str, tuple[float, Any]] = {}

    def state(name_en: str) -> Any:
        if name_en not in kept or time.monotonic() - kept[name_en][0] > 240:
            visitor = Visitor(browser, stack, "en")
            visitor.sign_in(identity(name_en).civil_id)
            kept[name_en] = time.monotonic(), visitor.context.storage_state()
            visitor.close()
        return kept[name_en][1]

    return state
