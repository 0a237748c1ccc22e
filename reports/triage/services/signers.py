"""The branch that signs a result where nobody of the branch of the report may: another one, drawn by lot."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Sequence

from municipality.accounts.models import User
from municipality.audit.services import record
from municipality.jobs import sweeps
from municipality.review.models import ConflictOfInterest
from reports import queries
from reports.models import Closure, Report
from reports.states import ReportState
from reports.triage import draws
from reports.triage.services import rows
from reports.triage.services.rows import SYSTEM

Lot = Callable[[Sequence[str]], str]


def able(row: Report, made: Closure) -> dict[str, list[User]]:
    """Who may sign a result, by the code of their branch: supervisors who did not write it and have no conflict of interest."""
    found: dict[str, list[User]] = defaultdict(list)
    for person in _supervisors():
        if person.pk != made.closed_by_id and person.branch_id is not None and not draws.is_tied(person, row):
            found[person.branch_id].append(person)
    return found


def draw_signing_branches() -> int:
    """Draw the branch that signs each result which nobody of its branch may sign, as it would wait for good. Returns how many."""
    return sweeps.for_each("reports.signers", _doubtful(), draw_signing_branch)


def _supervisors() -> list[User]:
    return list(User.objects.filter(groups__name="supervisor", is_active=True, is_staff=True, branch__isnull=False).order_by("pk"))


def _doubtful() -> list[int]:
    """Reports whose result has no supervisor in its branch, or none without a conflict of interest, perhaps with another shop."""
    at: dict[str | None, set[int]] = defaultdict(set)
    for person in _supervisors():
        at[person.branch_id].add(person.pk)
    tied = set(ConflictOfInterest.objects.filter(ended_at__isnull=True).values_list("officer", flat=True))
    waiting = Closure.objects.filter(report__state=ReportState.COUNTERSIGN, signed_by__isnull=True, sent_back_at__isnull=True)
    facts = ("report", "signing_branch", "report__branch", "report__inspector__branch", "closed_by", "report__shop")
    found = waiting.filter(is_on_the_spot=False).order_by("pk").values_list(*facts)
    return [pk for pk, drawn, own, other, writer, shop in found if not at[drawn or own or other] - {writer} - (tied if shop else set())]


def draw_signing_branch(pk: int, lot: Lot = secrets.choice) -> bool:
    """Draw the branch that signs the result of a report, in the caller's transaction. Returns whether one was drawn.

    It is one where somebody may sign who signed nothing before that did not solve it (`rows.may_sign`), if there is such a one. Its
    supervisors are warned of the promise, though those of the branch before were.
    """
    row = rows.locked(Report(pk=pk))
    made = rows.proposed(row)
    if made is None:
        return False
    own, people = rows.branch_of(row), able(row, made)
    signing = made.signing_branch_id or own
    others = sorted(set(people) - {own})
    if signing in people or not others:
        return False  # it waits for these, or until there is somebody
    signers = set(queries.unsolved(row).values_list("signed_by", flat=True))
    among = [branch for branch in others if any(person.pk not in signers for person in people[branch])] or others
    made.signing_branch_id = lot(among)
    made.save(update_fields=["signing_branch"])
    Report.objects.filter(pk=row.pk).update(warned_of=None)
    data = {"branch": made.signing_branch_id, "before": signing or "", "among": among}
    record("report.signing_branch_drawn", subject=row.subject_key, actor=SYSTEM, data=data)
    return True
