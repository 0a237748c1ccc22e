"""Staff of the demo at their door. Password and present code are read off the page, where only the demo shows them."""

from __future__ import annotations

from functools import partial

from tests.journeys.visitor import Visitor
from tools.stack.running import wait_until

CODE_SECONDS = 30


def _shown(visitor: Visitor, login: str, column: int) -> str:
    row = visitor.page.locator("main tbody tr", has=visitor.page.locator(f"bdi:text-is('{login}')"))
    return row.locator("td").nth(column).locator("bdi").inner_text().strip()


def password(visitor: Visitor, login: str) -> str:
    """On the page of the staff door."""
    return _shown(visitor, login, 1)


def to_the_code(visitor: Visitor, login: str) -> None:
    """Past the password, to the page that asks for the second factor."""
    visitor.go("/staff/sign-in/")
    visitor.page.fill("#id_login", login)
    visitor.page.fill("#id_password", password(visitor, login))
    visitor.page.click("#form button.kp-btn--fill")
    visitor.arrive("^/staff/sign-in/code/$")


def enter(visitor: Visitor, login: str) -> None:
    """Through both factors, to the admin's first page."""
    to_the_code(visitor, login)
    page, used = visitor.page, ""
    for _ in range(3):
        # A code serves once: where another test has used the present one, the next is waited for.
        wait_until(partial(_fresh, visitor, login, used), CODE_SECONDS + 10, "the next code", pause=1)
        used = _shown(visitor, login, 2)
        page.fill("#id_code", used)
        page.click("#form button.kp-btn--fill")
        page.wait_for_load_state()
        if visitor.here() == "/admin/":
            break
    visitor.arrive("^/admin/$")


def sign_out(visitor: Visitor) -> None:
    """By the button in the menu of the person."""
    page = visitor.go("/admin/")
    page.click(".kp-bar__me")
    page.click("#logout-form button")


def _fresh(visitor: Visitor, login: str, used: str) -> bool:
    if used:
        visitor.page.goto(visitor.page.url)
    return _shown(visitor, login, 2) != used
