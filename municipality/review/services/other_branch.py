"""Decisions that are studied again by people who had no part in them: another branch, drawn by lot, without those who decided."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.cases.models import Case
from municipality.kernel import clock
from municipality.kernel.actors import system
from municipality.places.models import Branch
from municipality.review.boards import able_skills
from municipality.review.models import ConflictOfInterest
from municipality.review.models.staff import ConflictKind

SYSTEM = system("review")
Lot = Callable[[Sequence[Branch]], Branch]


def choose_branch_by_lot(decided_in: str, lot: Lot = secrets.choice, *, skill: str) -> tuple[Branch, list[str]]:
    """Choose by lot a branch other than the deciding one, among those with an officer of a skill, else among all.

    Returns the branch and the codes of the candidates.
    """
    others = Branch.objects.exclude(pk=decided_in).order_by("pk")
    skilled = able_skills().filter(code=skill, officer__branch__isnull=False).values("officer__branch")
    candidates = list(others.filter(pk__in=skilled)) or list(others)
    return lot(candidates), [branch.pk for branch in candidates]


def keep_out(*, case: Case, officers: Iterable[User]) -> None:
    """Give those who decided before a conflict of interest with this case, which nobody can end. In the caller's transaction."""
    for officer in officers:
        ConflictOfInterest.objects.create(
            officer=officer, party_key=case.key, kind=ConflictKind.DECIDED, declared_by=officer, declared_at=clock.now()
        )
        record("staff.tie_declared", subject=officer.key, actor=SYSTEM, data={"kind": ConflictKind.DECIDED, "party": case.key})
