"""Who gets what of the photos of reports and of the app on the phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.architecture.access_matrix import Row
    from tests.architecture.page_responses import Visit

ADMIN, UNSURE = "/admin/reports/photos/", "{s.reports.unsure.public_id}"


def rows() -> list[Row]:
    """The addresses in the matrix of access."""
    from tests.architecture.access_matrix import HIDDEN, HIDDEN_BUTTON, NO_READ, READ, WAY_OUT, everybody, staff

    refused, form, photos = "405 405 403 405 405 405", "/{lang}/report/", "/{lang}/reports/photos/"
    return [
        everybody(f"{form}photos/", "405 405 400 405 405 405"),
        everybody(f"{form}send/", "200 200 400 405 405 405"),
        everybody(f"{form}share/", "303 303 303 405 405 405", why="the service worker takes what is shared"),
        everybody(f"{form}worker.js", READ),
        everybody(f"{form}app.webmanifest", READ),
        everybody(f"{photos}{{s.reports.photo.public_id}}.jpg", READ),
        everybody(f"{photos}{UNSURE}.jpg", HIDDEN),
        staff(ADMIN, NO_READ, NO_READ, supervisor=NO_READ, inspector=NO_READ, intake=READ),
        staff(f"{ADMIN}{UNSURE}/", NO_READ, NO_READ, inspector=NO_READ, intake=READ),
        staff(f"{ADMIN}nothing/", NO_READ, NO_READ, intake=HIDDEN),
        staff(f"{ADMIN}{UNSURE}/judge/", refused, refused, inspector=refused, intake=WAY_OUT),
        staff(f"{ADMIN}nothing/judge/", refused, refused, intake=HIDDEN_BUTTON),
        staff(f"{ADMIN}{UNSURE}/copy.jpg", NO_READ, NO_READ, inspector=NO_READ, intake=READ),
        staff(f"{ADMIN}{UNSURE}/original.jpg", NO_READ, NO_READ, inspector=NO_READ, intake=HIDDEN, why="no purpose was chosen"),
    ]


def visits() -> list[Visit]:
    """The pages of intake about photos."""
    from tests.architecture.page_responses import Visit

    return [Visit(ADMIN, "intake"), Visit(f"{ADMIN}{UNSURE}/", "intake", note="why?")]
