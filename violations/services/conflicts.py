"""Staff with a conflict of interest with the party of a violation do nothing about it; the attempt is recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from municipality.accounts import civil_ids
from municipality.accounts.models import User
from shops.register import conflicts
from violations import queries
from violations.models import Annulment, AppealRuling, Judgment, Relief, StopLift, Violation
from violations.services.assessments import Findings

P = ParamSpec("P")
R = TypeVar("R")


def parties_of_row(about: Violation | Annulment | Relief | StopLift | Judgment | AppealRuling) -> tuple[str, Callable[[], Sequence[str]]]:
    """The key of a violation, or of that of a proposal or a ruling, and the keys of its parties."""
    row = about if isinstance(about, Violation) else about.violation
    return row.key, lambda: _keys(row)


def _keys(row: Violation) -> list[str]:
    of_shop = conflicts.parties_of(row.shop) if row.shop is not None else []
    return [*of_shop, *(person.key for person in queries.people_of(row))]


def refuse_row(user: User, row: Violation) -> None:
    """Raises NotPermitted("tied") as `conflicts.refuse_tied`, for a violation."""
    conflicts.refuse_tied(user, *parties_of_row(row))


def refuse_findings(inspector: User, findings: Findings) -> None:
    """Raises NotPermitted("tied") as `conflicts.refuse_tied`, for what an inspector found."""
    shop = findings.shop
    conflicts.refuse_tied(inspector, shop.key if shop is not None else inspector.key, lambda: _keys_of_findings(findings))


def _keys_of_findings(findings: Findings) -> list[str]:
    keys = conflicts.parties_of(findings.shop) if findings.shop is not None else []
    if findings.civil_id:
        digest = civil_ids.digest(findings.civil_id)
        keys += [person.key for person in User.objects.people().filter(civil_id_digest=digest)]
    return keys


def unless_tied(user: str, thing: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`conflicts.unless_tied` for a service about a violation or a proposal."""
    return conflicts.unless_tied(user, thing, parties_of_row)
