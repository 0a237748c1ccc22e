"""Who gets what at the pages of inspectors and of the office of violation reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

OFFICE = ("clerk", "authority", "court")
READ, FORM = "200 200 405 405 405 405", "200 200 200 405 405 405"
NO_FORM, NO_READ = "403 403 403 405 405 405", "403 403 405 405 405 405"
HIDDEN_FORM, UNSAID = "404 404 404 405 405 405", "200 200 409 405 405 405"


def rows(staff: Callable[..., Any]) -> list[Any]:
    """The rows of the matrix; `staff` makes one."""

    def field(path: str, closed: str, inspector: str) -> Any:
        """A page of inspectors: closed to whoever has no status as a judicial officer today."""
        return staff(f"/admin/field/{path}", closed, closed, inspector=inspector, **dict.fromkeys(OFFICE, closed))

    def office(path: str, closed: str, **answers: str) -> Any:
        """A page of the office: closed to inspectors and all other staff."""
        return staff(f"/admin/office/{path}", closed, closed, **(dict.fromkeys(("inspector", *OFFICE), closed) | answers))

    def overseen(path: str, answers: Mapping[str, str]) -> Any:
        """A page about violation reports for the auditor and those named; closed to inspectors and all other staff."""
        others = dict.fromkeys(("supervisor", "inspector", *OFFICE), NO_READ)
        return staff(f"/admin/office/{path}", NO_READ, READ, **(others | dict(answers)))

    return [
        field("", "403 403 405 405 405 405", READ),
        field("new/", NO_FORM, FORM),
        field("shop/", NO_FORM, "200 200 400 405 405 405"),
        field("shop/{s.fines.shop.public_id}/", NO_FORM, UNSAID),
        field("shop/00000000000000000000000000/", NO_FORM, HIDDEN_FORM),
        field("check/", "405 405 403 405 405 405", "405 405 400 405 405 405"),
        field("sync/", "405 405 403 405 405 405", "405 405 400 405 405 405"),
        field("worker.js", "403 403 405 405 405 405", READ),
        field("{s.fines.served.public_id}/", NO_FORM, UNSAID),
        field("{s.fines.served.public_id}/notice/", NO_READ, READ),
        field("{s.fines.warned.public_id}/", NO_FORM, UNSAID),
        field("00000000000000000000000000/", NO_FORM, HIDDEN_FORM),
        field("map/", "403 403 405 405 405 405", READ),
        overseen("unserved/", {"clerk": READ, "authority": READ}),
        overseen("undefended/", {"supervisor": READ, "authority": READ}),
        overseen("map/", dict.fromkeys(("supervisor", *OFFICE), READ)),
        overseen("figures/", {"supervisor": READ, "authority": READ}),
        office("{s.fines.served.public_id}/", NO_FORM, **dict.fromkeys(OFFICE, UNSAID)),
        office("{s.fines.referred.public_id}/", NO_FORM, **dict.fromkeys(OFFICE, UNSAID)),
        office("referrals/", NO_FORM, court=UNSAID),
        office("paper/", NO_FORM, clerk=UNSAID, authority=UNSAID),
        office("paper/{s.fines.paper.public_id}/", NO_FORM, clerk=UNSAID, authority=UNSAID),
        office("paper/{s.fines.paper.public_id}/problems.csv", "403 403 405 405 405 405", clerk=READ, authority=READ),
        office("paper/00000000000000000000000000/", NO_FORM, clerk=HIDDEN_FORM, authority=HIDDEN_FORM),
        office("referrals/{s.fines.batch.public_id}/", "403 403 405 405 405 405", court=READ),
        office("referrals/{s.fines.batch.public_id}/file.csv", "403 403 405 405 405 405", court=READ),
    ]
