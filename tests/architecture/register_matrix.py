"""Who gets what at the pages of the register: its clerk and its keeper, and nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

NO_FORM = "403 403 403 405 405 405"
NO_READ = "403 403 405 405 405 405"
UNSAID = "200 200 409 405 405 405"
READ = "200 200 405 405 405 405"
HIDDEN_FORM = "404 404 404 405 405 405"
UNKNOWN = "0" * 26


def rows(staff: Callable[..., Any]) -> list[Any]:
    """The rows of the matrix; `staff` makes one."""

    def of(path: str, answers: str, closed: str = NO_FORM) -> Any:
        both = {"registrar": answers, "keeper": answers}
        return staff(f"/admin/register/{path}", closed, closed, supervisor=closed, clerk=closed, **both)

    return [
        of("sheets/", UNSAID),
        *(of(f"sheets/{{s.sheets.{name}.public_id}}/", UNSAID) for name in ("taken", "waiting")),
        of("sheets/{s.sheets.taken.public_id}/problems.csv", READ, NO_READ),
        of("sheets/{s.sheets.taken.public_id}/absent.csv", READ, NO_READ),
        of(f"sheets/{UNKNOWN}/", HIDDEN_FORM),
        of("merges/", UNSAID),
        *(of(f"merges/{{s.sheets.{name}.public_id}}/", UNSAID) for name in ("merged", "asked")),
        of(f"merges/{UNKNOWN}/", HIDDEN_FORM),
        of("corrections/", UNSAID),
        of("shops/", READ, NO_READ),
        of("shops/{s.sheets.proposal.shop.public_id}/", UNSAID),
        of(f"shops/{UNKNOWN}/", HIDDEN_FORM),
    ]
