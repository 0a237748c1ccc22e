"""Officer and supervisor at their desks, as a journey drives them, and what reaches the applicant."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from playwright.sync_api import Page

from tests.journeys.measurements import axe
from tests.journeys.staff import enter
from tests.journeys.visitor import PATIENCE, Visitor
from tools.stack.running import Stack


class Desk:
    """A member of staff at a desktop, who finds one case by the button."""

    def __init__(self, visitor: Visitor, stack: Stack, case: str, role: str = "officer") -> None:
        ((self.branch, self.reference),) = stack.sql("SELECT branch_id, reference FROM cases_case WHERE public_id = %s", case)
        self.visitor, self.page, self.case, self.stack = visitor, visitor.page, case, stack
        supervisor = "supervisor" if self.branch == "HA" else f"supervisor.{self.branch.lower()}"
        self.login = {"officer": f"officer.{self.branch.lower()}", "supervisor": supervisor}.get(role, role)
        enter(visitor, self.login)

    def next(self) -> Page:
        """By the one button, to this case."""
        self.visitor.go("/admin/")
        self.page.keyboard.press("1")
        assert self.page.evaluate("document.activeElement.matches('form[action$=\"/desk/next/\"] button')"), "the digit leads to the button"
        self.page.keyboard.press("Enter")
        self.visitor.arrive(f"^/admin/desk/{self.case}/$")
        return self.page

    def check_all(self) -> None:
        """Every question of the checklist with yes: each answer is saved as it is given."""
        for radio in self.page.locator("#desk-checks input[value=yes]").all():
            if radio.is_checked():
                continue
            with self.page.expect_response("**/checks/") as saved:
                radio.check(force=True)  # the box lies under its word
            assert saved.value.status == 204
        self.visitor.go(f"/admin/desk/{self.case}/")
        assert self.page.locator("#desk-checks input[value=yes]:checked").count() == self.page.locator("#desk-checks fieldset").count()

    def preview(self, move: str) -> dict[str, str]:
        """The words that go out by the move that was chosen, by language: they stand beside it before it can be sent."""
        sheet = self.page.locator(f".kp-sheet[data-move={move}]")
        self.page.locator(f".kp-send[data-move={move}] [data-send]").wait_for()
        assert axe(self.page) == []
        return {code: plain(sheet.locator(f".kp-desk-letter[lang={code}] .kp-desk-body").inner_text()) for code in ("ar", "en")}

    def send(self) -> None:
        """What was chosen and shown; the next case of the officer opens, or the first page where there is none."""
        self.page.locator("[data-send]:visible").click()
        self.page.wait_for_selector(".messagelist .success")
        self.visitor.arrive(f"^/admin/(desk/(?!{self.case})[^/]+/)?$")


def plain(text: str) -> str:
    """The words alone: neither breaks of lines nor marks that turn the direction."""
    return " ".join(re.sub("[\u2066-\u2069\u200e\u200f]", "", text).split())


def message(visitor: Visitor, title: str) -> str:
    """The body of the newest message whose title has these words."""
    visitor.go("messages/")
    visitor.look_until(lambda: visitor.page.locator("main li a", has_text=title).count() > 0, PATIENCE, f"a message: {title}")
    visitor.page.locator("main li a", has_text=title).first.click()
    visitor.arrive("/messages/[^/]+/$")
    return plain(visitor.page.locator("main .kp-prose").inner_text())


def download(visitor: Visitor, link: str, folder: Path) -> Path:
    with visitor.page.expect_download() as coming:
        visitor.page.locator(link).first.click()
    path = folder / coming.value.suggested_filename
    coming.value.save_as(path)
    return path


def text_of(pdf: Path) -> str:
    return subprocess.run(["pdftotext", "-layout", str(pdf), "-"], capture_output=True, text=True, timeout=60, check=True).stdout


def propose(officer: Desk, code: str, note_ar: str, note_en: str) -> dict[str, str]:
    """Refuse for a coded reason with an addition; what the applicant would receive."""
    page = officer.page
    officer.check_all()
    page.keyboard.press("3")
    page.check(f"#desk-refuse input[name=code][value={code}]")
    page.click("#desk-refuse summary")
    page.fill("#desk-refuse textarea[name=note_ar]", note_ar)
    page.fill("#desk-refuse textarea[name=note_en]", note_en)
    officer.page.locator(".kp-sheet[data-move=refuse] .kp-desk-letter[lang=en]", has_text=note_en).wait_for()
    shown = officer.preview("refuse")
    officer.send()
    return shown


def until_this(supervisor: Desk) -> None:
    """Older proposals of the demo go back to their officers first: whoever signs is handed the oldest."""
    page = supervisor.page
    for _ in range(30):
        if page.locator("main, #content").locator(f"a[href$='/desk/{supervisor.case}/']").count():
            return
        page.keyboard.press("2")
        page.locator(".kp-why[data-move=back] input[name=code]").first.check()
        with page.expect_navigation():  # the page before may still show the message of the round before
            page.click("button[name=step][value=back]")
        page.wait_for_selector(".messagelist .success")
    raise LookupError(supervisor.case)


def answer_yes(signing: Page) -> None:
    """The four questions of the second signature."""
    for answer in signing.locator("[name^='answer.'][value=yes]").all():
        answer.check(force=True)  # the box lies under its word
