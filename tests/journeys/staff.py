"""Staff of the demo at their door. Password and present code are read off the page, where only the demo shows them."""

from __future__ import annotations

from tests.journeys.watching import Visitor


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
    visitor.page.fill("#id_code", _shown(visitor, login, 2))
    visitor.page.click("#form button.kp-btn--fill")
    visitor.arrive("^/admin/$")
