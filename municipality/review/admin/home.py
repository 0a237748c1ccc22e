"""The first page of an officer: one button, what lies on the desk, and what is in their own hands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from municipality.accounts.requests import AuthenticatedHttpRequest
from municipality.kernel.errors import Refused
from municipality.review import queries
from municipality.review.admin import clocks
from municipality.review.models import Assignment
from municipality.review.services import queue
from municipality.review.states import QueueEntryState
from municipality.rulebook import queries as rulebook
from municipality.ui.admin_base import in_group, require_role

# State of the place → how its officer reads it: tag and word.
STATES = {
    QueueEntryState.HELD: ("warn", gettext_lazy("On the desk")),
    QueueEntryState.ANSWERED: ("ok", gettext_lazy("Answer arrived")),
    QueueEntryState.AWAY: ("wait", gettext_lazy("With the applicant")),
    QueueEntryState.COUNTERSIGN: ("wait", gettext_lazy("Waits for a signature")),
}


@dataclass(frozen=True)
class CaseLine:
    """One case in the officer's hands."""

    assignment: Assignment
    clock: clocks.ClockLine | None
    kind: str
    word: Any


def context(request: AuthenticatedHttpRequest) -> dict[str, Any]:
    """What the desk adds to the admin's first page, by the roles held. Nothing of it tells what waits in the queue."""
    user = request.user
    found: dict[str, Any] = {}
    if in_group(request, "officer"):
        desk = queries.desk_of(user)
        calendar = rulebook.calendar() if desk.held else None
        lines = [_line(row, calendar) for row in desk.held]
        order = (QueueEntryState.HELD, QueueEntryState.ANSWERED, QueueEntryState.COUNTERSIGN, QueueEntryState.AWAY)
        lines.sort(key=lambda line: order.index(line.assignment.place.state))
        found |= {"desk": desk, "desk_cases": lines, "desk_total": len(lines)}
    if in_group(request, "supervisor") and user.branch_id:
        found["desk_to_sign"] = queries.decisions_to_sign(user).count()
        found["desk_supervises"] = True
    found["desk_audits"] = in_group(request, "auditor")
    return found


def _line(row: Assignment, calendar: Any) -> CaseLine:
    kind, word = STATES[QueueEntryState(row.place.state)]
    return CaseLine(row, clocks.line(getattr(row.place.case, "clock", None), calendar), kind, word)


@require_POST
def next_case(request: AuthenticatedHttpRequest) -> HttpResponse:
    """The one way to a case: to the page of the one that is handed out, or back with the reason why there is none."""
    require_role(request, "officer")
    try:
        assignment = queue.next_case(officer=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal.sentence))
        return redirect("admin:index")
    if assignment is None:
        messages.info(request, _("Nothing waits that you may decide."))
        return redirect("admin:index")
    return redirect("admin:desk_case", assignment.place.case.public_id)
