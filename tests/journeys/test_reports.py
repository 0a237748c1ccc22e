"""A report in a browser: six presses, seen by a neighbour too, a violation that its party pays, closed on the spot, told without names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from municipality.kernel import clock
from tests.factories import report_photos
from tests.journeys import changed_shop
from tests.journeys.field import Field, settle, state_of
from tests.journeys.measurements import axe, overhang
from tests.journeys.people import identity
from tests.journeys.visitor import PATIENCE, PHONE, Visitor
from tools.stack.running import Stack, wait_until

pytestmark = [pytest.mark.journey, pytest.mark.stack, pytest.mark.browser]
OFFENCE = "CLN-01"
PRESSES = 6  # of a report with a photo, beside the shutter; nothing is typed
OWNER, PHOTO = "Mahmoud Al-Nakhlawi", 890_000
CHAIN = ("وصل", "اختير مفتش بالقرعة", "محضر وأمر صلح", "تم الصلح", "أُقفل بصورة من المكان")  # on the public page
PLACE = (29.3328, 48.0283)  # in Hawalli


@dataclass
class Witness:
    """Somebody before the place, with a camera. Presses are counted."""

    visitor: Visitor
    presses: int = 0

    def press(self, selector: str) -> None:
        self.presses += 1
        self.visitor.page.click(selector)

    def fill_in(self, photo: bytes) -> None:
        """The form up to its last screen, by taps alone."""
        page = self.visitor.go("report/")
        file: Any = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo}
        with page.expect_file_chooser() as chooser:
            self.press("label[for=id_camera]")
        chooser.value.set_files(file)
        page.locator(".kp-report__pin").wait_for()
        self.press("[data-report-on]")
        self.press("[data-report-kind=waste] .kp-report__tile")
        self.press("[data-report-on]")
        page.wait_for_selector("#who:not([hidden])")
        assert axe(page) == [] and overhang(page) == 0

    def send(self) -> str:
        """Returns the id of the report."""
        self.press("[data-report-check]")
        self.press("button[name=send]")
        self.visitor.arrive("/report/sent/[^/]+/$")
        return self.visitor.here().rstrip("/").rsplit("/", 1)[-1]


class DrawnInspector:
    """Whoever was drawn for a report, on a phone before the place."""

    def __init__(self, visit: Callable[..., Visitor], stack: Stack, report: str, place: tuple[float, float]) -> None:
        self.login = wait_until(lambda: self._drawn(stack, report), PATIENCE * 2, "an inspector to be drawn")
        here = {"latitude": place[0] + 0.0001, "longitude": place[1]}  # eleven metres
        self.visitor = visit("ar", viewport=PHONE, geolocation=here, permissions=["geolocation"])
        self.stack, self.report, self.here = stack, report, here

    @staticmethod
    def _drawn(stack: Stack, report: str) -> str:
        drawn = "SELECT u.login FROM reports_report r JOIN accounts_user u ON u.id = r.inspector_id WHERE r.public_id = %s"
        return next((str(login) for (login,) in stack.sql(drawn, report)), "")

    def write(self, shop: str) -> str:
        """Turn the report into a minute about a shop by the one button. Returns the id of the violation."""
        field = Field(self.visitor, shop, self.login)
        page = self.visitor.go(f"/admin/eye/{self.report}/")
        assert axe(page) == [] and overhang(page) == 0
        page.click(f"a[href*='origin=report:{self.report}']")
        field.write(OFFENCE)
        page.locator("dialog[open]").wait_for()
        page.click("[data-field-issue]")
        self.visitor.arrive("^/admin/field/[a-z0-9]{26}/$")
        return self.visitor.here().rstrip("/").rsplit("/", 1)[-1]

    def close(self) -> None:
        """With a photo that was taken here and now: time and place stand in its file."""
        page = self.visitor.go(f"/admin/eye/{self.report}/")
        page.click("details:has(#close_photo) > summary")
        taken = clock.now().astimezone(clock.KUWAIT).strftime("%Y:%m:%d %H:%M:%S")
        photo = report_photos.camera(len(self.login), time=taken, place=(self.here["latitude"], self.here["longitude"]))
        page.set_input_files("#close_photo", {"name": "after.jpg", "mimeType": "image/jpeg", "buffer": photo})
        page.check("details[open] [name=code][value=fixed]")
        assert axe(page) == [] and overhang(page) == 0
        page.click("details[open] button.kp-desk-main")
        closed = "SELECT c.is_on_the_spot FROM reports_closure c JOIN reports_report r ON r.id = c.report_id JOIN accounts_user u"
        closed += " ON u.id = c.closed_by_id WHERE r.public_id = %s AND r.state = 'closed' AND u.login = %s"
        wait_until(lambda: self._seen(closed) == [(True,)], PATIENCE, "the result to be taken")

    def _seen(self, query: str) -> list[Any]:
        self.visitor.page.wait_for_timeout(100)  # the browser's own events are handled while something of it is awaited
        return [(bool(on_the_spot),) for (on_the_spot,) in self.stack.sql(query, self.report, self.login)]


def test_a_report_becomes_a_paid_violation_and_its_public_page_says_so(
    stack: Stack, visit: Callable[..., Visitor], signed_in: Callable[[str], Any]
) -> None:
    here = {"latitude": PLACE[0], "longitude": PLACE[1], "accuracy": 8}
    device: dict[str, Any] = {"viewport": PHONE, "geolocation": here, "permissions": ["geolocation"]}
    citizen, neighbour = (Witness(visit("ar", **device)) for _ in range(2))
    citizen.fill_in(report_photos.camera(PHOTO, place=None))
    report = citizen.send()
    assert citizen.presses <= PRESSES

    neighbour.fill_in(report_photos.camera(PHOTO + 1, place=None))
    neighbour.visitor.page.locator(f"form[action*='/{report}/me-too/'] button").click()
    neighbour.visitor.arrive(f"/{report}/me-too/$")
    assert stack.sql("SELECT me_too_count FROM reports_report WHERE public_id = %s", report) == [(1,)]

    shops = [shop["id"] for shop in changed_shop.shops_of(stack, {OWNER: 12})[OWNER]]
    fitting = "SELECT s.public_id FROM shops_shop s JOIN rulebook_activity a ON a.code = s.activity_id"
    fitting += " WHERE s.branch_id = 'HA' AND NOT a.is_womens"
    of_branch = {str(found) for (found,) in stack.sql(fitting)}
    inspector = DrawnInspector(visit, stack, report, PLACE)
    violation = inspector.write(next(found for found in shops if found in of_branch))
    inspector.close()

    party = visit("ar", viewport=PHONE, storage_state=signed_in(OWNER))
    settle(party, violation)
    assert state_of(stack, violation) == "paid"

    page = neighbour.visitor.go(f"reports/{report}/")
    told = [" ".join(title.split()) for title in page.locator(".kp-chain h3").all_inner_texts()]
    assert [title for title in CHAIN if title not in told] == [], told
    ((number, *names),) = stack.sql(
        "SELECT v.number, s.name_ar, s.name_en, u.name_ar, u.name_en FROM violations_violation v JOIN shops_shop s ON s.id = v.shop_id"
        " JOIN accounts_user u ON u.login = %s WHERE v.public_id = %s",
        inspector.login,
        violation,
    )
    person = identity(OWNER).person
    hidden = [str(number), *map(str, names), person.name_ar, person.name_en]
    assert [name for name in hidden if name and name in page.content()] == [], "neither party nor inspector is named"
    assert axe(page) == [] and overhang(page) == 0
