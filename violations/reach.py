"""Which violations a member of staff may open, by their roles. See docs/security/staff-authority.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from municipality.accounts.models import User
from violations.models import Annulment, Relief, StopLift, Violation

# Roles that see all branches, and those that see their own. An authority of the headquarters sees all; one of a branch sees its own and
# proposals (`within_reach`).
ALL_BRANCHES = ("auditor", "court_clerk")
AUTHORITY = "violation_authority"
OWN_BRANCH = ("violation_clerk", "supervisor")
OFFICE = ("violation_clerk", AUTHORITY, "court_clerk")  # whoever has steps on the office's page
PROPOSALS = (Annulment, Relief, StopLift)

Holds = Callable[[str], bool]  # whether the member of staff has a role


def role_of(holds: Holds) -> str:
    """The role by which a member of staff sees violations; empty for none."""
    return next((role for role in (*ALL_BRANCHES, AUTHORITY, *OWN_BRANCH) if holds(role)), "")


def branch_of(holds: Holds, branch: str | None) -> str | None:
    """The branch whose violations somebody of this branch sees: None for all, "-" for none."""
    role = role_of(holds)
    if role in ALL_BRANCHES or (role == AUTHORITY and not branch):
        return None
    return branch if role and branch else "-"


def within_reach(user: User, holds: Holds, rows: QuerySet[Violation]) -> QuerySet[Violation]:
    """Violations that a member of staff may open: all, those of their branch, or none; for an authority also those of any branch with a
    proposal that waits or that they allowed, and legacy fines that they released."""
    branch = branch_of(holds, user.branch_id)
    if branch is None:
        return rows
    if role_of(holds) != AUTHORITY:
        return rows.filter(branch=branch)
    waits_or_own = Q(allowed_at__isnull=True, refused_at__isnull=True) | Q(allowed_by=user)
    proposed = [Q(pk__in=model.objects.filter(waits_or_own).values("violation")) for model in PROPOSALS]
    return rows.filter(reduce(or_, proposed, Q(branch=branch) | Q(paper__file__released_by=user)))


def has_steps(user: User, row: Violation) -> bool:
    """Whether a member of staff may open the office's page of a violation: its evidence is shown there."""
    roles = set(user.groups.values_list("name", flat=True))
    return bool(roles.intersection(OFFICE)) and within_reach(user, roles.__contains__, Violation.objects.filter(pk=row.pk)).exists()
